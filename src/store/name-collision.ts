import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { namesIn } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';

/** A name that this disk takes for another one: of two files, one would be lost. */
export function nameCollision(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_NAME_COLLISION',
    message: `${path} cannot be put in place: this disk takes its name for that of another file there`,
    hint: 'rename one of the two where the disk keeps them apart, or use such a disk',
  });
}

/** What of a file that nobody knew of lies at a place that is to be filled. */
interface Place {
  /** Absolute. */
  readonly target: string;
  /** What messages call it. */
  readonly path: string;
  /** Whether it holds what is to be put there anyway. */
  readonly isSame: () => boolean;
}

/**
 * Makes sure that what lies somewhere has the very name.
 * @throws {PipeError} PIPE_NAME_COLLISION
 */
export function checkName({ target, path }: Pick<Place, 'target' | 'path'>): void {
  if (!namesIn(dirname(target)).includes(basename(target))) throw nameCollision(path);
}

/**
 * Makes sure that nothing lies where the walk of a folder saw nothing.
 * @throws {PipeError} PIPE_NAME_COLLISION; PIPE_UNSAVED for a file that `.pipeignore` leaves out
 */
export function checkFree({ target, path, isSame }: Place): void {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return;
  checkName({ target, path });
  if (isSame()) return;
  throw new PipeError({
    code: 'PIPE_UNSAVED',
    message: `checking out ${path} would lose the file of that name, which .pipeignore leaves out`,
    hint: 'move it away',
  });
}
