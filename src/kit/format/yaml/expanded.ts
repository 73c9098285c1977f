import type { Fault } from './fault.ts';
import type { YamlNode } from './node.ts';

/** How many values a text may hold through aliases; one without aliases is bounded by its length alone. */
export const MAX_EXPANDED = 1_000_000;

/** Said of a text whose aliases multiply. */
export const BOMB: Fault = {
  message: 'its aliases expand to millions of values',
  hint: 'write the lists and maps out, or use fewer aliases of them',
  start: 0,
  end: 0,
  about: 'too-big',
};

/**
 * Whether the aliases of a tree multiply its values beyond use. Shared nodes are counted once and their sum reused, so
 * that an exponential text is found in linear time.
 */
export function isBomb(root: YamlNode): boolean {
  const sums = new Map<YamlNode, number>();
  let distinct = 0;
  const expanded = count(root);
  return expanded > MAX_EXPANDED && expanded > 10 * distinct;

  function count(node: YamlNode): number {
    const known = sums.get(node);
    if (known !== undefined) return known;
    distinct++;
    if (node.kind === 'scalar') return 1;
    let sum = 1;
    if (node.kind === 'seq') for (const item of node.items) sum += count(item);
    else for (const entry of node.entries) sum += count(entry.value);
    sums.set(node, sum);
    return sum;
  }
}
