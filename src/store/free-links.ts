import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { systemFault } from '../kit/system-fault.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { copyInPlace } from './unprotect.ts';

/**
 * Puts copies in place of the symbolic links at or below some paths that lead to some files, before these go: what a
 * user wrote through a link is nowhere else.
 * @param targets absolute; nothing happens where nothing lies
 * @param files absolute
 * @throws {PipeError} PIPE_FILE_CHANGED for a file that is written meanwhile
 */
export function freeLinks(targets: Iterable<string>, files: Iterable<string>): void {
  const real = new Set([...files].flatMap((file) => realPath(file) ?? []));
  if (real.size === 0) return;
  const visit = (path: string): void => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(path)) if (!name.startsWith(TEMPORARY_PREFIX)) visit(`${path}/${name}`);
    } else if (stat?.isSymbolicLink() === true && real.has(realPath(path) ?? '')) {
      copyInPlace(path, { isExecutable: false });
    }
  };
  for (const target of targets) visit(target);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || systemFault(error) !== undefined) return undefined;
    throw error;
  }
}
