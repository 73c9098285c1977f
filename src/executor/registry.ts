import { PipeError } from '../problem/problem.ts';
import type { Executor } from './executor.ts';

const EXECUTORS = new Map<string, () => Promise<Executor>>([
  ['local', async () => (await import('./local.ts')).localExecutor],
]);

/**
 * The executor of a name; loaded when it is first used.
 * @throws {PipeError} PIPE_EXECUTOR_UNKNOWN
 */
export async function findExecutor(name: string): Promise<Executor> {
  const load = EXECUTORS.get(name);
  if (load !== undefined) return load();
  throw new PipeError({
    code: 'PIPE_EXECUTOR_UNKNOWN',
    message: `there is no executor called "${name}"`,
    hint: `known: ${[...EXECUTORS.keys()].join(', ')}`,
  });
}
