import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWithin } from '../kit/path.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { ObjectStore } from './object-store.ts';
import type { Entry, Tree } from './tree.ts';
import { decodeTree } from './tree.ts';

/** Folders nested deeper than this are refused: a tree may come from a stranger. */
const DEEPEST = 512;

/** The umask decides what of these remains, as for any file that a program makes. */
const FILE_MODE = 0o666;
const EXECUTABLE_MODE = 0o777;

/** Whether every object that an entry needs is there, by name; bytes are checked when they are restored. */
export function isComplete(store: ObjectStore, entry: Entry, depth = 0): boolean {
  if (!store.has(entry.digest)) return false;
  if (entry.kind !== 'dir') return true;
  const tree = depth < DEEPEST ? readTree(store, entry) : undefined;
  if (tree === undefined) return false;
  for (const child of tree.values()) if (!isComplete(store, child, depth + 1)) return false;
  return true;
}

/** The tree of a folder; `undefined` when its object is absent, damaged or not a tree. */
export function readTree(store: ObjectStore, entry: Entry): Tree | undefined {
  const bytes = store.read(entry.digest);
  return bytes === undefined ? undefined : decodeTree(bytes.toString('utf8'));
}

/**
 * Puts an entry at `target` (absolute), in place of whatever lies there. It is built beside the target and renamed, so
 * that nothing half-restored is ever seen. `false` when an object is absent or damaged; the target is untouched then.
 * @throws {PipeError} PIPE_PATH_ESCAPES when a symbolic link leads the target out of the project at `root`.
 */
export async function restoreEntry(
  store: ObjectStore,
  entry: Entry,
  place: { readonly target: string; readonly root: string },
): Promise<boolean> {
  const { target, root } = place;
  mkdirSync(dirname(target), { recursive: true });
  checkInside(target, root);
  const temporary = temporaryBeside(target);
  try {
    if (!(await materialize(store, entry, temporary, 0))) return false;
    swap(temporary, target, entry.kind === 'dir');
    return true;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @throws {PipeError} PIPE_PATH_ESCAPES when the folder of `target`, as far as it exists, lies outside the project. */
export function checkInside(target: string, root: string): void {
  const folder = realFolder(dirname(target));
  if (isWithin(realpathSync(root), folder)) return;
  throw new PipeError({
    code: 'PIPE_PATH_ESCAPES',
    message: `${target} lies outside the project: a symbolic link leads to ${folder}`,
    hint: 'remove the link, or move the out',
  });
}

/** The real path of a folder, or of the nearest one above it that exists. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw error;
    return realFolder(dirname(folder));
  }
}

async function materialize(store: ObjectStore, entry: Entry, target: string, depth: number): Promise<boolean> {
  switch (entry.kind) {
    case 'file':
      return store.extract(entry.digest, target, FILE_MODE & ~process.umask());
    case 'exec':
      return store.extract(entry.digest, target, EXECUTABLE_MODE & ~process.umask());
    case 'link': {
      const text = store.read(entry.digest);
      if (text === undefined) return false;
      symlinkSync(text, target);
      return true;
    }
    case 'dir': {
      const tree = depth < DEEPEST ? readTree(store, entry) : undefined;
      if (tree === undefined) return false;
      mkdirSync(target);
      for (const [name, child] of tree) {
        if (!(await materialize(store, child, join(target, name), depth + 1))) return false;
      }
      return true;
    }
  }
}

/** A file replaces a file in one step; a folder cannot be replaced, so the old one is moved away first. */
function swap(temporary: string, target: string, isFolder: boolean): void {
  if (!isFolder) {
    try {
      renameSync(temporary, target);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
  const old = temporaryBeside(target);
  try {
    renameSync(target, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  renameSync(temporary, target);
  removeTree(old);
}

/** Removes a file or folder, also one whose folders are not writable. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const { code, path: at } = error as NodeJS.ErrnoException;
    if ((code !== 'EACCES' && code !== 'EPERM') || at === undefined) throw error;
    chmodSync(dirname(at), 0o700);
    rmSync(path, { recursive: true, force: true });
  }
}
