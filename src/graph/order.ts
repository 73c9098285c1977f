/**
 * The addresses so that what is needed comes before what needs it; among those that are free, in the order given.
 * The graph must be free of cycles. (Depth first, iterative: chains may be long.)
 */
export function topologicalOrder(
  addresses: readonly string[],
  needs: ReadonlyMap<string, readonly string[]>,
): string[] {
  const done = new Set<string>();
  const order: string[] = [];
  for (const start of addresses) {
    const stack = [start];
    while (stack.length > 0) {
      const address = stack.at(-1) ?? '';
      const open = done.has(address) ? [] : (needs.get(address) ?? []).filter((each) => !done.has(each));
      if (open.length > 0) {
        for (const each of open.reverse()) stack.push(each);
        continue;
      }
      stack.pop();
      if (!done.has(address)) {
        done.add(address);
        order.push(address);
      }
    }
  }
  return order;
}
