import { isUtf8 } from 'node:buffer';
import { mkdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkAborted } from '../kit/abort.ts';
import type { Digest } from '../kit/digest.ts';
import { isWithin } from '../kit/path.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { ObjectStore } from './object-store.ts';
import type { Entry, Tree } from './tree.ts';
import { decodeTree } from './tree.ts';

/** Folders nested deeper than this are refused: a tree may come from a stranger. */
const DEEPEST = 512;

/** The umask decides what of these remains, as for any file that a program makes. */
const MODE = { file: 0o666, exec: 0o777 } as const;

/** Whether every object that an entry needs is there, by name; bytes are checked when they are restored. */
export function isComplete(store: ObjectStore, entry: Entry): boolean {
  // Each tree is looked at once, however often it occurs: few trees can stand for very many folders.
  const complete = new Set<Digest>();
  const check = (each: Entry, depth: number): boolean => {
    if (!store.has(each.digest)) return false;
    if (each.kind !== 'dir' || complete.has(each.digest)) return true;
    const tree = depth < DEEPEST ? readTree(store, each) : undefined;
    if (tree === undefined) return false;
    for (const child of tree.values()) if (!check(child, depth + 1)) return false;
    complete.add(each.digest);
    return true;
  };
  return check(entry, 0);
}

/** The tree of a folder; `undefined` when its object is absent, damaged, or not a tree of the size that it should be. */
export function readTree(store: ObjectStore, entry: Entry): Tree | undefined {
  const bytes = store.read(entry.digest);
  const tree = bytes !== undefined && isUtf8(bytes) ? decodeTree(bytes.toString('utf8')) : undefined;
  if (tree === undefined || entry.kind !== 'dir') return undefined;
  let [size, files] = [0, 0];
  for (const child of tree.values()) {
    size += child.size;
    files += child.kind === 'dir' ? child.files : 1;
  }
  return size === entry.size && files === entry.files ? tree : undefined;
}

/**
 * Puts an entry at `target` (absolute), in place of whatever lies there. It is built beside the target and renamed, so
 * that nothing half-restored is ever seen. `false` when an object is absent or damaged, or has a name that
 * is too long; the target is untouched then.
 * @throws {PipeError} PIPE_PATH_ESCAPES when a symbolic link leads the target out of the project at `root`; an
 * AbortError when `signal` is aborted first.
 */
export async function restoreEntry(
  store: ObjectStore,
  entry: Entry,
  place: { readonly target: string; readonly root: string; readonly signal?: AbortSignal },
): Promise<boolean> {
  const { target, root, signal } = place;
  checkInside(target, root);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = temporaryBeside(target);
  try {
    if (!(await materialize(store, entry, { target: temporary, depth: 0, signal }))) return false;
    swap(temporary, target, entry.kind === 'dir');
    return true;
  } catch (error) {
    // A tree of a stranger, or of a disk that takes more: here it cannot be what a stage made.
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return false;
    throw error;
  } finally {
    removeTree(temporary);
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
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) throw error;
    return realFolder(dirname(folder));
  }
}

interface Materializing {
  readonly target: string;
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
}

async function materialize(
  store: ObjectStore,
  entry: Entry,
  { target, depth, signal }: Materializing,
): Promise<boolean> {
  switch (entry.kind) {
    case 'file':
    case 'exec':
      return store.extract(entry.digest, target, { mode: MODE[entry.kind] & ~umask(), signal });
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
        checkAborted(signal);
        if (!(await materialize(store, child, { target: join(target, name), depth: depth + 1, signal }))) return false;
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

function umask(): number {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the race it warns of needs threads that change it
  return process.umask();
}
