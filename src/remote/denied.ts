import { PipeError } from '../problem/problem.ts';

/** Whether an error only says that a remote does not allow something. */
export function isDenied(error: unknown): error is PipeError {
  return error instanceof PipeError && error.problems.every(({ code }) => code === 'PIPE_REMOTE_DENIED');
}

/** For what may be left undone: who has not the right to do it leaves it to others. */
export function ifDenied(error: unknown): void {
  if (!isDenied(error)) throw error;
}

/** The same error, with a hint of what is needed for what was meant. */
export function withNeeds(error: unknown, hint: string): unknown {
  if (!isDenied(error)) return error;
  return new PipeError(
    error.problems.map((problem) => ({ ...problem, hint })),
    { cause: error },
  );
}
