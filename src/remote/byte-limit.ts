/** Runs a task that holds so many bytes, when there is room for it. */
export type ByteLimit = <T>(bytes: number, task: () => Promise<T>) => Promise<T>;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * A limit for tasks that hold bytes: so many tasks at once, and so many bytes together; one that alone holds more runs
 * by itself. Tasks start in the order in which they came. A task that waits for a later one of the same limit
 * may wait for ever.
 */
export function byteLimit({ tasks, bytes: most }: { readonly tasks: number; readonly bytes: number }): ByteLimit {
  const waiting: Waiting[] = [];
  let [running, used] = [0, 0];
  const startNext = (): void => {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      if (running >= tasks || (running > 0 && used + next.bytes > most)) return;
      waiting.shift();
      running += 1;
      used += next.bytes;
      next.start();
    }
  };
  return async (bytes, task) => {
    await new Promise<void>((resolve) => {
      waiting.push({ bytes, start: resolve });
      startNext();
    });
    try {
      return await task();
    } finally {
      running -= 1;
      used -= bytes;
      startNext();
    }
  };
}

/**
 * Does some work for each item, so many at once; items are asked for when it is their turn. After a failure no further
 * one begins, and those that run are waited for.
 */
export async function eachAtOnce<T>(items: Iterable<T>, most: number, work: (item: T) => Promise<void>): Promise<void> {
  const turns = items[Symbol.iterator]();
  const state = { isFailed: false };
  const worker = async (): Promise<void> => {
    for (let turn = turns.next(); turn.done !== true && !state.isFailed; turn = turns.next()) {
      try {
        await work(turn.value);
      } catch (error) {
        state.isFailed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: most }, worker));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
