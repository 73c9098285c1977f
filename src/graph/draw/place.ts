import type { Item, Link } from './chain.ts';
import { GAP } from './layer.ts';

const SWEEPS = 16;
/** Bends pull harder than boxes: a long edge should run straight. */
const BEND_WEIGHT = 8;

/** Rows whose order is fixed, and the room they have. */
export interface Placing {
  readonly rows: readonly (readonly Item[])[];
  readonly links: readonly Link[];
  readonly widthOf: (item: Item) => number;
  /** Columns that no row exceeds, as long as its items fit side by side. */
  readonly width: number;
}

/** The column of each item's centre; the leftmost item begins at column 0. */
export function placeItems(placing: Placing): Map<Item, number> {
  const { rows, links, widthOf } = placing;
  const at = new Map<Item, number>();
  for (const row of rows) settle(row, () => 0, { ...placing, at });
  const [above, below] = [sideOf(links, true), sideOf(links, false)];
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const downwards = sweep % 2 === 0;
    const indexes = [...rows.keys()];
    for (const index of downwards ? indexes : indexes.reverse()) {
      settle(rows[index] ?? [], pullOf(downwards ? above : below, at), { ...placing, at });
    }
  }
  const left = Math.min(...[...at].map(([item, centre]) => centre - half(widthOf(item))));
  return new Map([...at].map(([item, centre]) => [item, centre - left]));
}

function sideOf(links: readonly Link[], above: boolean): Map<Item, Item[]> {
  const others = new Map<Item, Item[]>();
  for (const { from, to } of links) {
    const [item, other] = above ? [to, from] : [from, to];
    const known = others.get(item);
    if (known === undefined) others.set(item, [other]);
    else known.push(other);
  }
  return others;
}

/** Where an item wants its centre: at the mean of its neighbours in the row that was placed before. */
function pullOf(near: ReadonlyMap<Item, readonly Item[]>, at: ReadonlyMap<Item, number>): (item: Item) => number {
  return (item) => {
    let [sum, weight] = [0, 0];
    for (const other of near.get(item) ?? []) {
      const pull = item.node === undefined && other.node === undefined ? BEND_WEIGHT : 1;
      sum += pull * (at.get(other) ?? 0);
      weight += pull;
    }
    return weight === 0 ? (at.get(item) ?? 0) : sum / weight;
  };
}

interface Settling extends Placing {
  readonly at: Map<Item, number>;
}

interface Block {
  readonly items: readonly { readonly item: Item; readonly offset: number }[];
  readonly weight: number;
  readonly sum: number;
}

/**
 * Puts a row's items as near as possible (least squares) to where they want to be, keeping their order, their distance
 * and the width: isotonic regression by pooling neighbours that violate it, cut off at both ends.
 */
function settle(row: readonly Item[], wish: (item: Item) => number, { widthOf, width, at }: Settling): void {
  const blocks: Block[] = [];
  let [offset, before] = [0, 0];
  for (const [index, item] of row.entries()) {
    const own = widthOf(item);
    offset += index === 0 ? half(own) : before - half(before) + GAP + half(own);
    before = own;
    const weight = item.node === undefined ? BEND_WEIGHT : 1;
    let block: Block = { items: [{ item, offset }], weight, sum: weight * (wish(item) - offset) };
    for (let last = blocks.at(-1); last !== undefined && mean(last) > mean(block); last = blocks.at(-1)) {
      blocks.pop();
      const items = [...last.items, ...block.items];
      block = { items, weight: last.weight + block.weight, sum: last.sum + block.sum };
    }
    blocks.push(block);
  }
  const room = Math.max(0, width - (offset + before - half(before)));
  for (const block of blocks) {
    const start = Math.round(Math.min(room, Math.max(0, mean(block))));
    for (const { item, offset: shift } of block.items) at.set(item, start + shift);
  }
}

function mean(block: Block): number {
  return block.sum / block.weight;
}

/** Columns left of an item's centre. */
export function half(width: number): number {
  return Math.floor((width - 1) / 2);
}
