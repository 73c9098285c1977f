import type { TrackedPath } from '../../lockfile/pointer.ts';
import { problemJson } from '../../problem/json.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';

/** An import that something kept from being looked at or updated; others were. */
export interface FailedImport {
  /** Relative to the project. */
  readonly path: string;
  readonly pointer: string;
  /** Each message begins with the pointer. */
  readonly problems: readonly Problem[];
}

/**
 * What an error keeps from being done.
 * @throws the error itself, where it is a bug or a stop
 */
export function failedImport({ path, file }: Pick<TrackedPath, 'path' | 'file'>, error: unknown): FailedImport {
  if (!(error instanceof PipeError)) throw error;
  const problems = error.problems.map((problem) => ({ ...problem, message: `${file}: ${problem.message}` }));
  return { path, pointer: file, problems };
}

/** The same for programs; nothing where nothing failed. */
export function failedJson(failed: readonly FailedImport[]): { readonly failed?: readonly unknown[] } {
  if (failed.length === 0) return {};
  return { failed: failed.map((each) => ({ ...each, problems: each.problems.map(problemJson) })) };
}
