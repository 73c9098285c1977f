import { join } from 'node:path';
import { readTextFile } from '../kit/text-file.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import type { PendingImport } from '../lockfile/pointer.ts';
import { MAX_POINTER_LENGTH, parsePending, parsePointer } from '../lockfile/pointer.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { ok, PipeError } from '../problem/problem.ts';

/** The text of a pointer, `undefined` when there is none; a problem when it cannot be read. */
export function readPointerText(root: string, file: string): Result<string | undefined> {
  try {
    return ok(readTextFile(join(root, file), file, MAX_POINTER_LENGTH));
  } catch (error) {
    if (error instanceof PipeError) return { ok: false, problems: error.problems };
    throw error;
  }
}

/** The pointers that could be read, and what is wrong with the others. */
export interface Pointers {
  readonly pointers: readonly TrackedPath[];
  readonly problems: readonly Problem[];
  /** Imports that were not downloaded yet: they track nothing. */
  readonly pending: readonly PendingImport[];
}

/**
 * Reads pointers, in the order given; one that was removed in the meantime is left out. Whether they get along with each
 * other and with the stages is for `pointerConflicts` to say.
 * @param root absolute path of the project
 * @param files relative to the root, as `findPointerFiles` gives them
 */
export function readPointers(root: string, files: readonly string[]): Pointers {
  const pointers: TrackedPath[] = [];
  const problems: Problem[] = [];
  const pending: PendingImport[] = [];
  for (const file of files) {
    const text = readPointerText(root, file);
    if (text.ok && text.value === undefined) continue;
    const read = text.ok ? parsePointer(text.value ?? '', { file }) : text;
    if (read.ok) {
      pointers.push(read.value);
      continue;
    }
    const isPending = read.problems[0]?.code === 'PIPE_IMPORT_PENDING';
    const waiting = isPending && text.ok ? parsePending(text.value ?? '', { file }) : undefined;
    if (waiting === undefined) problems.push(...read.problems);
    else pending.push(waiting);
  }
  return { pointers, problems, pending };
}
