import type { Picture } from './picture.ts';
import { predecessors, successors } from './picture.ts';

/** How many columns lie between two boxes side by side. */
export const GAP = 3;

/**
 * Puts each node of an acyclic picture into a layer (row), every edge leading downwards: the longest path from above,
 * but no layer wider than `width` as long as boxes of `widthOf` columns fit; then nodes move down next to what needs
 * them where that shortens more edges than it stretches. Nodes that a cycle keeps from being placed are left out.
 *
 * After E. G. Coffman and R. L. Graham, "Optimal scheduling for two-processor systems" (1972): layers of bounded width.
 */
export function assignLayers(picture: Picture, width: number, widthOf: (node: string) => number): Map<string, number> {
  const above = predecessors(picture);
  const below = successors(picture);
  const layerOf = new Map<string, number>();
  const used: number[] = [];
  // A layer's own boxes, and one line for all that passes them on its way down.
  const fits = (layer: number, node: string): boolean =>
    (used[layer] ?? 0) === 0 || (used[layer] ?? 0) + GAP + widthOf(node) + GAP <= width;
  const put = (layer: number, node: string): void => {
    used[layer] = (used[layer] ?? 0) + widthOf(node) + GAP;
    layerOf.set(node, layer);
  };
  for (const node of inOrder(picture, above, below)) {
    let layer = Math.max(-1, ...(above.get(node) ?? []).map((each) => layerOf.get(each) ?? -1)) + 1;
    while (!fits(layer, node)) layer += 1;
    put(layer, node);
  }
  for (const node of [...layerOf.keys()].reverse()) {
    const from = layerOf.get(node) ?? 0;
    const next = below.get(node) ?? [];
    const to = Math.min(...next.map((each) => layerOf.get(each) ?? 0)) - 1;
    if (next.length <= (above.get(node) ?? []).length || to <= from || !fits(to, node)) continue;
    used[from] = (used[from] ?? 0) - widthOf(node) - GAP;
    put(to, node);
  }
  return compact(layerOf);
}

/** What is needed first, first; otherwise in the order given. */
function inOrder(
  picture: Picture,
  above: ReadonlyMap<string, readonly string[]>,
  below: ReadonlyMap<string, readonly string[]>,
): string[] {
  const waits = new Map([...above].map(([node, needs]) => [node, needs.length]));
  const ready = picture.nodes.filter((node) => waits.get(node) === 0);
  for (const node of ready) {
    for (const each of below.get(node) ?? []) {
      const left = (waits.get(each) ?? 0) - 1;
      waits.set(each, left);
      if (left === 0) ready.push(each);
    }
  }
  return ready;
}

/** Closes the rows that nobody is in any more. */
function compact(layerOf: ReadonlyMap<string, number>): Map<string, number> {
  const rows = [...new Set(layerOf.values())].sort((a, b) => a - b);
  const rank = new Map(rows.map((row, index) => [row, index]));
  return new Map([...layerOf].map(([node, layer]) => [node, rank.get(layer) ?? 0]));
}
