import type { Wire } from './port.ts';

/** A line with the row of its horizontal piece, from 0 at the top of the gap; absent for a straight one. */
export interface RoutedWire extends Wire {
  readonly track?: number;
}

interface Lane {
  readonly wire: Wire;
  readonly low: number;
  readonly high: number;
}

const ROUNDS = 8;

/** Gives the horizontal pieces of one gap their rows: few rows, few crossings. */
export function assignTracks(wires: readonly Wire[]): RoutedWire[] {
  const straight: RoutedWire[] = [];
  let lanes: Lane[] = [];
  for (const wire of wires) {
    const columns = [...wire.tops, ...wire.bottoms].map((pin) => pin.column);
    const [low, high] = [Math.min(...columns), Math.max(...columns)];
    if (low === high) straight.push(wire);
    else lanes.push({ wire, low, high });
  }
  lanes = untangle(lanes.sort((a, b) => a.low - b.low || a.high - b.high));
  const placed: (Lane & { readonly track: number })[] = [];
  for (const lane of lanes) {
    const above = placed.filter((other) => touches(lane, other));
    placed.push({ ...lane, track: Math.max(-1, ...above.map((other) => other.track)) + 1 });
  }
  return [...straight, ...placed.map(({ wire, track }) => ({ ...wire, track }))];
}

function touches(a: Lane, b: Lane): boolean {
  return a.low <= b.high + 1 && b.low <= a.high + 1;
}

/** Swaps neighbours in the order from top to bottom as long as that saves crossings. */
function untangle(lanes: readonly Lane[]): Lane[] {
  const order = [...lanes];
  for (let round = 0, better = true; better && round < ROUNDS; round += 1) {
    better = false;
    for (let at = 0; at < order.length; at += 1) {
      for (let other = at + 1; other < order.length; other += 1) {
        const [upper, lower] = [order[at], order[other]];
        if (upper === undefined || lower === undefined || saved(order, at, other) <= 0) continue;
        order[at] = lower;
        order[other] = upper;
        better = true;
      }
    }
  }
  return order;
}

/** How many crossings it saves to exchange two lanes, those between them included. */
function saved(order: readonly Lane[], at: number, other: number): number {
  const part = order.slice(at, other + 1);
  const swapped = [part.at(-1), ...part.slice(1, -1), part[0]].filter((lane) => lane !== undefined);
  return countCrossings(part) - countCrossings(swapped);
}

/** What stands above crosses the tops of what is below; what stands below crosses the bottoms of what is above. */
function countCrossings(order: readonly Lane[]): number {
  let count = 0;
  for (const [index, upper] of order.entries()) {
    for (const lower of order.slice(index + 1)) {
      count += lower.wire.tops.filter(({ column }) => column > upper.low && column < upper.high).length;
      count += upper.wire.bottoms.filter(({ column }) => column > lower.low && column < lower.high).length;
    }
  }
  return count;
}
