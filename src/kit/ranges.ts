/**
 * A set of whole numbers as runs `[from, to)`: neighbours cost no more than one number. Runs may overlap and stand in
 * any order; whoever reads them gets each number once.
 */
export type Ranges = [from: number, to: number][];

/** Adds the numbers from `from` up to, but without, `to`. Cheap when they follow those that were added last. */
export function addRange(ranges: Ranges, from: number, to = from + 1): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[0] <= from && from <= last[1]) last[1] = Math.max(last[1], to);
  else ranges.push([from, to]);
}

/** The numbers of a set, ascending, each once. */
export function numbersIn(ranges: Ranges): number[] {
  const numbers: number[] = [];
  let next = -Infinity;
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    for (let number = Math.max(from, next); number < to; number += 1) numbers.push(number);
    next = Math.max(next, to);
  }
  return numbers;
}
