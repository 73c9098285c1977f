import type { Item, Link, Rows } from './chain.ts';

const SWEEPS = 12;

/**
 * Orders each row so that few links cross: barycentre sweeps down and up, each followed by swaps of neighbours, keeping
 * the best order seen (K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system
 * structures", 1981). The same input always gives the same order.
 */
export function orderRows({ rows, links }: Rows): Item[][] {
  const up = neighbours(links, (link) => [link.to, link.from]);
  const down = neighbours(links, (link) => [link.from, link.to]);
  let order = rows.map((row) => [...row]);
  let best = order;
  let fewest = crossings(order, down);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    order = sweep % 2 === 0 ? sweepOnce(order, up, false) : sweepOnce(order, down, true);
    order = swapNeighbours(order, up, down);
    const count = crossings(order, down);
    if (count < fewest) [best, fewest] = [order, count];
  }
  return best;
}

type Neighbours = ReadonlyMap<Item, readonly Item[]>;

function neighbours(links: readonly Link[], ends: (link: Link) => readonly [Item, Item]): Neighbours {
  const map = new Map<Item, Item[]>();
  for (const link of links) {
    const [item, other] = ends(link);
    const known = map.get(item);
    if (known === undefined) map.set(item, [other]);
    else known.push(other);
  }
  return map;
}

function sweepOnce(rows: readonly (readonly Item[])[], fixed: Neighbours, upwards: boolean): Item[][] {
  const order = rows.map((row) => [...row]);
  const at = positions(order);
  const indexes = [...order.keys()];
  for (const index of upwards ? indexes.reverse() : indexes) {
    const row = order[index] ?? [];
    const weight = new Map(
      row.map((item, place) => {
        const others = fixed.get(item) ?? [];
        const sum = others.reduce((total, other) => total + (at.get(other) ?? 0), 0);
        return [item, others.length === 0 ? place : sum / others.length];
      }),
    );
    row.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
    for (const [place, item] of row.entries()) at.set(item, place);
  }
  return order;
}

function swapNeighbours(rows: readonly (readonly Item[])[], up: Neighbours, down: Neighbours): Item[][] {
  const order = rows.map((row) => [...row]);
  const at = positions(order);
  for (let round = 0, better = true; better && round < SWEEPS; round += 1) {
    better = false;
    for (const row of order) {
      for (let place = 0; place + 1 < row.length; place += 1) {
        const [left, right] = [row[place], row[place + 1]];
        if (left === undefined || right === undefined) continue;
        const cost = (a: Item, b: Item): number => pairCrossings([a, b], up, at) + pairCrossings([a, b], down, at);
        if (cost(right, left) >= cost(left, right)) continue;
        row[place] = right;
        row[place + 1] = left;
        at.set(right, place).set(left, place + 1);
        better = true;
      }
    }
  }
  return order;
}

/** Crossings between the links of two items that stand in this order. */
function pairCrossings(
  [left, right]: readonly [Item, Item],
  others: Neighbours,
  at: ReadonlyMap<Item, number>,
): number {
  let count = 0;
  for (const a of others.get(left) ?? []) {
    for (const b of others.get(right) ?? []) if ((at.get(a) ?? 0) > (at.get(b) ?? 0)) count += 1;
  }
  return count;
}

function crossings(order: readonly (readonly Item[])[], down: Neighbours): number {
  const at = positions(order);
  let count = 0;
  for (const row of order) {
    for (const [place, left] of row.entries()) {
      for (const right of row.slice(place + 1)) count += pairCrossings([left, right], down, at);
    }
  }
  return count;
}

function positions(order: readonly (readonly Item[])[]): Map<Item, number> {
  return new Map(order.flatMap((row) => row.map((item, place) => [item, place] as const)));
}
