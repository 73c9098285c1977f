/** Runs tasks, so many at once at most; those that wait start in the order in which they came. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** A limit of its own. A task that waits for another task of the same limit may wait for ever. */
export function limitOf(most: number): Limit {
  let free = most;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return async (task) => {
    if (free > 0) free -= 1;
    else
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    try {
      return await task();
    } finally {
      leave();
    }
  };
}
