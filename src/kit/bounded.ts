import { PipeError } from '../problem/problem.ts';

/** Nobody reads a longer list; but few tree objects of a stranger can make an endless one. */
const MOST = 4_000_000;

/**
 * Items as a list.
 * @param hint how to ask for fewer of them
 * @throws {PipeError} PIPE_FILE_TOO_BIG for more than four million
 */
export function bounded<T>(items: Iterable<T>, hint: string): T[] {
  const list: T[] = [];
  for (const item of items) {
    if (list.length === MOST) {
      const message = `there are more than ${MOST.toString()} differences`;
      throw new PipeError({ code: 'PIPE_FILE_TOO_BIG', message, hint });
    }
    list.push(item);
  }
  return list;
}
