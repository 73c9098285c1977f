import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import type { FileSystem } from './machine/mount.ts';
import { fileSystemOf } from './machine/mount.ts';
import type { LinkType } from './machine/link.ts';
import { foldedNames, workingLinks } from './machine/link.ts';
import type { Project } from './project.ts';

/** What the disks under a project can do. */
export interface ExaminedProject {
  readonly root: string;
  readonly gitRoot?: string;
  readonly cacheDir: string;
  readonly fileSystem: FileSystem;
  readonly cacheFileSystem: FileSystem;
  /** Ways that work from the cache into the project; absent where one of them cannot be written. */
  readonly links?: readonly LinkType[];
  /** Whether names that differ only so are one file; absent where the project cannot be written. */
  readonly folds?: { readonly case: boolean; readonly unicode: boolean };
}

/** Tries out what the disks under a project can do; leaves nothing behind. */
export function examineProject(project: Project): ExaminedProject {
  const cacheDir = cacheFolder(project);
  const cache = nearestFolder(cacheDir);
  const tmp = join(project.pipeDir, 'tmp');
  const canTry = isWritable(nearestFolder(tmp)) && isWritable(cache);
  if (canTry) mkdirSync(tmp, { recursive: true });
  return {
    root: project.root,
    cacheDir,
    fileSystem: fileSystemOf(project.root),
    cacheFileSystem: fileSystemOf(cache),
    ...(project.gitRoot === undefined ? {} : { gitRoot: project.gitRoot }),
    // A folder of somebody else's above the cache is no place to try things in.
    ...(canTry ? { links: workingLinks(existsSync(cacheDir) ? cacheDir : tmp, tmp), folds: foldedNames(tmp) } : {}),
  };
}

function nearestFolder(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    if (at === dirname(at) || statSync(at, { throwIfNoEntry: false })?.isDirectory() === true) return at;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
    throw error;
  }
}
