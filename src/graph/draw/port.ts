import type { Item } from './chain.ts';
import type { Net } from './net.ts';

/** Where a line touches a box: a column of its lower border (`tops`: the top of the gap) or of its upper one. */
export interface Wire {
  readonly net: Net;
  readonly tops: readonly Pin[];
  readonly bottoms: readonly Pin[];
}

export interface Pin {
  readonly item: Item;
  readonly column: number;
}

/** The columns of an item's borders that a line may touch. */
export interface Span {
  readonly low: number;
  readonly high: number;
  readonly centre: number;
}

/**
 * Gives every line of one gap its columns. No column is the top pin of one line and the bottom pin of another, so
 * vertical pieces never meet, whatever rows the horizontal ones get.
 */
export function assignPorts(nets: readonly Net[], spanOf: (item: Item) => Span): Wire[] {
  const tops = new Map<Net, Pin[]>(nets.map((net) => [net, []]));
  for (const [item, own] of byItem(nets, 'sources')) {
    const span = spanOf(item);
    const wishes = own.map((net) => ({ net, wish: wishBelow(net, own.length === 1 ? span : undefined, spanOf) }));
    const columns = range(span.low, item.node === undefined ? span.low : span.high);
    for (const [net, column] of choose(wishes, columns)) tops.get(net)?.push({ item, column });
  }
  const ownerOf = new Map<number, Net>();
  for (const [net, pins] of tops) for (const { column } of pins) ownerOf.set(column, net);
  const bottoms = new Map<Net, Pin[]>(nets.map((net) => [net, []]));
  for (const [item, own] of byItem(nets, 'targets')) {
    const span = spanOf(item);
    const wishes = own.map((net) => ({ net, wish: wishAbove(tops.get(net) ?? [], span, net) }));
    const free = (column: number, net: Net): boolean => (ownerOf.get(column) ?? net) === net;
    const columns = range(span.low, span.high);
    for (const [net, column] of choose(wishes, columns, free)) bottoms.get(net)?.push({ item, column });
  }
  return nets.map((net) => ({ net, tops: tops.get(net) ?? [], bottoms: bottoms.get(net) ?? [] }));
}

function byItem(nets: readonly Net[], side: 'sources' | 'targets'): Map<Item, Net[]> {
  const map = new Map<Item, Net[]>();
  for (const net of nets) {
    for (const item of net[side]) map.set(item, [...(map.get(item) ?? []), net]);
  }
  return map;
}

/** A lone line leaves at the middle, or straight above its target; several lean towards where they go. */
function wishBelow(net: Net, lone: Span | undefined, spanOf: (item: Item) => Span): number {
  const goals = net.targets.map((target) => spanOf(target).centre);
  const goal = goals.reduce((sum, each) => sum + each, 0) / goals.length;
  if (lone !== undefined && (goals.length > 1 || goal < lone.low || goal > lone.high)) return lone.centre;
  return goal;
}

function wishAbove(pins: readonly Pin[], span: Span, net: Net): number {
  const [first] = pins;
  if (first !== undefined && net.sources.length === 1 && net.targets.length === 1) return first.column;
  const straight = pins.find((pin) => pin.column === span.centre);
  if (straight !== undefined) return span.centre;
  return pins.reduce((sum, pin) => sum + pin.column, 0) / Math.max(1, pins.length) < span.centre
    ? span.centre - 0.1
    : span.centre + 0.1;
}

interface Wish {
  readonly net: Net;
  readonly wish: number;
}

/**
 * Picks columns from left to right in the order of the wishes, with the least sum of distances; columns side by side
 * cost extra. There is always a solution: a box has at least twice as many columns as lines.
 */
function choose(
  wishes: readonly Wish[],
  columns: readonly number[],
  free: (column: number, net: Net) => boolean = () => true,
): [Net, number][] {
  const sorted = [...wishes].sort((a, b) => a.wish - b.wish);
  interface Step {
    readonly cost: number;
    readonly picked: readonly number[];
  }
  let steps = new Map<number, Step>([[-2, { cost: 0, picked: [] }]]);
  for (const { net, wish } of sorted) {
    const next = new Map<number, Step>();
    for (const [last, step] of steps) {
      for (const [index, column] of columns.entries()) {
        if (index <= last || !free(column, net)) continue;
        const cost = step.cost + Math.abs(column - wish) + (index === last + 1 && last >= 0 ? 5 : 0);
        if (cost < (next.get(index)?.cost ?? Infinity)) next.set(index, { cost, picked: [...step.picked, column] });
      }
    }
    steps = next;
  }
  const best = [...steps.values()].reduce<Step | undefined>(
    (a, b) => (a === undefined || b.cost < a.cost ? b : a),
    undefined,
  );
  return sorted.flatMap(({ net }, index): [Net, number][] => {
    const column = best?.picked[index];
    return column === undefined ? [] : [[net, column]];
  });
}

function range(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}
