import { posix } from 'node:path';
import { whyNoSourcePath } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';

/**
 * A path of another repository as it stands on a command line.
 * @throws {PipeError} PIPE_URL when it leads out of the repository, or names nothing in it
 */
export function sourcePath(written: string): string {
  const path = written === '' ? '' : posix.normalize(written).replace(/\/$/, '');
  const why = whyNoSourcePath(path);
  if (why === undefined) return path;
  throw new PipeError({ code: 'PIPE_URL', message: `the path ${JSON.stringify(written)} ${why}` });
}
