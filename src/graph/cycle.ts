import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';

/** One problem for each group of stages that need each other, naming a shortest way round. */
export function findCycles(
  stages: ReadonlyMap<string, Stage>,
  needs: ReadonlyMap<string, readonly string[]>,
): Problem[] {
  const problems: Problem[] = [];
  for (const component of stronglyConnected([...stages.keys()], needs)) {
    const start = component[0] ?? '';
    if (component.length === 1 && needs.get(start)?.includes(start) !== true) continue;
    problems.push(describe(shortestCycle(start, new Set(component), needs), stages));
  }
  return problems;
}

function describe(cycle: readonly string[], stages: ReadonlyMap<string, Stage>): Problem {
  const first = stages.get(cycle[0] ?? '');
  const message =
    cycle.length === 1
      ? `"${cycle[0] ?? ''}" needs its own out`
      : `these stages need each other: ${[...cycle, cycle[0] ?? ''].join(' → ')}`;
  return {
    code: 'PIPE_CYCLE',
    message,
    hint:
      cycle.length === 1
        ? 'remove the path from deps or from outs; to keep an out between runs, use `persist: true`'
        : 'remove one of the deps that close the circle',
    ...(first === undefined ? {} : { at: first.at }),
    related: cycle.slice(1).flatMap((address) => {
      const stage = stages.get(address);
      return stage === undefined ? [] : [{ message: `"${address}" is here`, at: stage.at }];
    }),
  };
}

/** A shortest cycle through `start`, along `needs`: breadth first inside its component. */
function shortestCycle(
  start: string,
  component: ReadonlySet<string>,
  needs: ReadonlyMap<string, readonly string[]>,
): string[] {
  const from = new Map<string, string>();
  const queue = [start];
  for (const address of queue) {
    for (const next of needs.get(address) ?? []) {
      if (next === start) {
        const way = [address];
        for (let at = address; at !== start;) {
          at = from.get(at) ?? start;
          way.push(at);
        }
        return way.reverse();
      }
      if (component.has(next) && !from.has(next)) {
        from.set(next, address);
        queue.push(next);
      }
    }
  }
  return [start];
}

/** Tarjan's strongly connected components, iterative so that long chains do not exhaust the stack. */
function stronglyConnected(addresses: readonly string[], needs: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const components: string[][] = [];
  for (const root of addresses) {
    if (index.has(root)) continue;
    const work: { address: string; next: number }[] = [{ address: root, next: 0 }];
    while (work.length > 0) {
      const frame = work.at(-1);
      if (frame === undefined) break;
      const { address } = frame;
      if (frame.next === 0) {
        index.set(address, index.size);
        low.set(address, index.get(address) ?? 0);
        stack.push(address);
        onStack.add(address);
      }
      const child = (needs.get(address) ?? [])[frame.next];
      frame.next += 1;
      if (child !== undefined) {
        if (!index.has(child)) work.push({ address: child, next: 0 });
        else if (onStack.has(child)) low.set(address, Math.min(low.get(address) ?? 0, index.get(child) ?? 0));
        continue;
      }
      work.pop();
      const parent = work.at(-1)?.address;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(address) ?? 0));
      if (low.get(address) === index.get(address)) {
        const component: string[] = [];
        for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
          onStack.delete(each);
          component.push(each);
          if (each === address) break;
        }
        components.push(component.reverse());
      }
    }
  }
  return components;
}
