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

/** An amount that is shared out, such as memory: who takes some waits until there is enough, and gives it back. */
export interface Budget {
  readonly take: (amount: number) => Promise<void>;
  readonly give: (amount: number) => void;
}

/** A budget of its own. More than all of it may be taken when nothing else is. */
export function budgetOf(most: number): Budget {
  let taken = 0;
  const waiting: { amount: number; resolve: () => void }[] = [];
  const fits = (amount: number): boolean => taken === 0 || taken + amount <= most;
  return {
    async take(amount) {
      if (waiting.length === 0 && fits(amount)) taken += amount;
      else
        await new Promise<void>((resolve) => {
          waiting.push({ amount, resolve });
        });
    },
    give(amount) {
      taken -= amount;
      for (let next = waiting[0]; next !== undefined && fits(next.amount); next = waiting[0]) {
        waiting.shift();
        taken += next.amount;
        next.resolve();
      }
    },
  };
}
