/** A box, or a bend: a place in a row that a long edge passes through. */
export interface Item {
  readonly id: number;
  readonly row: number;
  /** The node's name; absent for a bend. */
  readonly node?: string;
}

/**
 * An edge from one row to the next. `hub` names the end whose edges must share one line: bends, which have a single
 * way in or out.
 */
export interface Link {
  readonly from: Item;
  readonly to: Item;
  readonly hub?: Item;
}

/** The picture with every edge cut into links between neighbouring rows. */
export interface Rows {
  readonly rows: readonly (readonly Item[])[];
  readonly links: readonly Link[];
}

/**
 * Cuts long edges at every row they pass. Long edges that leave the same node, or arrive at the same node, share one
 * trunk of bends: a stage that thirty others read from far away costs one line, not thirty.
 */
export function cutLongEdges(
  edges: readonly (readonly [string, string])[],
  layerOf: ReadonlyMap<string, number>,
): Rows {
  const rows: Item[][] = [];
  const links: Link[] = [];
  let count = 0;
  const add = (row: number, node?: string): Item => {
    const item: Item = node === undefined ? { id: count, row } : { id: count, row, node };
    count += 1;
    (rows[row] ??= []).push(item);
    return item;
  };
  for (let row = 0; row <= Math.max(0, ...layerOf.values()); row += 1) rows[row] = [];
  const boxes = new Map([...layerOf].map(([node, row]) => [node, add(row, node)]));
  const long: Edge[] = [];
  for (const [source, target] of edges) {
    const [from, to] = [boxes.get(source), boxes.get(target)];
    if (from === undefined || to === undefined) continue;
    if (to.row - from.row === 1) links.push({ from, to });
    else if (to.row > from.row) long.push({ from, to });
  }
  for (const { hub, edges: group } of stars(long)) {
    links.push(...(group[0]?.from === hub ? trunkDown(hub, group, add) : trunkUp(hub, group, add)));
  }
  return { rows, links };
}

interface Edge {
  readonly from: Item;
  readonly to: Item;
}

/** From one box down to many: each leaves the trunk at the row above its own. */
function trunkDown(hub: Item, edges: readonly Edge[], add: (row: number) => Item): Link[] {
  const links: Link[] = [];
  const last = Math.max(...edges.map(({ to }) => to.row));
  let at = hub;
  for (let row = hub.row + 1; row < last; row += 1) {
    const bend = add(row);
    links.push(at === hub ? { from: at, to: bend } : { from: at, to: bend, hub: at });
    for (const { to } of edges) if (to.row === row + 1) links.push({ from: bend, to, hub: bend });
    at = bend;
  }
  return links;
}

/** From many boxes down to one: each joins the trunk at the row below its own. */
function trunkUp(hub: Item, edges: readonly Edge[], add: (row: number) => Item): Link[] {
  const links: Link[] = [];
  const first = Math.min(...edges.map(({ from }) => from.row));
  let at = hub;
  for (let row = hub.row - 1; row > first; row -= 1) {
    const bend = add(row);
    links.push(at === hub ? { from: bend, to: at } : { from: bend, to: at, hub: at });
    for (const { from } of edges) if (from.row === row - 1) links.push({ from, to: bend, hub: bend });
    at = bend;
  }
  return links;
}

/** A node and edges that all touch it on the same side. */
export interface Star<E> {
  readonly hub: Item;
  readonly edges: readonly E[];
}

/** Splits edges into stars, the biggest first: few lines that each mean exactly what they join. */
export function stars<E extends Edge>(edges: readonly E[]): Star<E>[] {
  const found: Star<E>[] = [];
  let left = edges;
  while (left.length > 0) {
    const groups = new Map<string, { hub: Item; edges: E[] }>();
    for (const edge of left) {
      for (const [side, hub] of [
        ['from', edge.from],
        ['to', edge.to],
      ] as const) {
        const key = `${side} ${String(hub.id)}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { hub, edges: [edge] });
        else group.edges.push(edge);
      }
    }
    const best = [...groups.values()].reduce((most, group) => (group.edges.length > most.edges.length ? group : most));
    found.push(best);
    const taken = new Set(best.edges);
    left = left.filter((edge) => !taken.has(edge));
  }
  return found;
}
