import type { Item, Link } from './chain.ts';
import { stars } from './chain.ts';

/**
 * One connected line in the gap below a row. It joins every source to every target, so a line that branches never says
 * more than the edges do.
 */
export interface Net {
  /** The row above the gap. */
  readonly row: number;
  readonly sources: readonly Item[];
  readonly targets: readonly Item[];
}

/** Groups links into as few lines as mean exactly the same edges. */
export function groupLinks(links: readonly Link[]): Net[] {
  const byRow = new Map<number, Link[]>();
  for (const link of links) {
    const row = byRow.get(link.from.row);
    if (row === undefined) byRow.set(link.from.row, [link]);
    else row.push(link);
  }
  return [...byRow].flatMap(([row, gap]) => {
    const hubs = new Map<Item, Link[]>();
    for (const link of gap) {
      if (link.hub !== undefined) hubs.set(link.hub, [...(hubs.get(link.hub) ?? []), link]);
    }
    const groups = [...hubs.values(), ...stars(gap.filter((link) => link.hub === undefined)).map((star) => star.edges)];
    const nets = groups.map((group) => ({
      row,
      sources: [...new Set(group.map((link) => link.from))],
      targets: [...new Set(group.map((link) => link.to))],
    }));
    return joinAlike(joinAlike(nets, 'targets', 'sources'), 'sources', 'targets');
  });
}

/** Joins the lines that end (or begin) at exactly the same items. */
function joinAlike(nets: readonly Net[], same: 'sources' | 'targets', other: 'sources' | 'targets'): Net[] {
  const joined = new Map<string, Net>();
  for (const net of nets) {
    const key = net[same]
      .map((item) => item.id)
      .sort((a, b) => a - b)
      .join(' ');
    const twin = joined.get(key);
    joined.set(key, twin === undefined ? net : { ...twin, [other]: [...new Set([...twin[other], ...net[other]])] });
  }
  return [...joined.values()];
}

/** How many lines leave and enter each item. */
export function portCounts(nets: readonly Net[]): Map<Item, number> {
  const [out, into] = [new Map<Item, number>(), new Map<Item, number>()];
  for (const net of nets) {
    for (const item of net.sources) out.set(item, (out.get(item) ?? 0) + 1);
    for (const item of net.targets) into.set(item, (into.get(item) ?? 0) + 1);
  }
  return new Map(
    [...out.keys(), ...into.keys()].map((item) => [item, Math.max(out.get(item) ?? 0, into.get(item) ?? 0)]),
  );
}
