import { constants, rmSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { copyFile, link, lstat, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../kit/make-folder.ts';
import { isGone, ownedName, ownerOfName, thisOwner } from '../../kit/owner.ts';
import { PipeError } from '../../problem/problem.ts';
import { ifThere } from './folder-path.ts';
import { UNFINISHED } from './key.ts';
import type { UnfinishedWrite } from './place.ts';

/** For a group, whatever the umask says. */
const GROUP_FILE = 0o664;

/** Of owners on other machines nothing is known; what they have not touched for so long was given up. */
const FORGOTTEN_MS = 7 * 24 * 3600 * 1000;

/** How often a folder is made again that somebody has tidied away before the file was in it. */
const TRIES = 10;

/** Whether a group works in a folder, so that its members must be able to write what any of them made. */
function isShared(root: string): boolean {
  const found = statSync(root, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & 0o020) !== 0;
}

/** A file that is being written to, where no list finds it. */
export interface Unfinished {
  readonly path: string;
  readonly handle: FileHandle;
}

/** Begins a file in a folder; the folder is made when it is not there. {@link discard} it in the end, whatever happens. */
export async function begin(root: string): Promise<Unfinished> {
  const shared = isShared(root);
  const folder = join(root, UNFINISHED);
  makeFolder(folder, { shared });
  if (!(await lstat(folder)).isDirectory()) throw inTheWay(folder);
  const path = join(folder, ownedName(thisOwner()));
  const handle = await open(path, 'wx');
  if (shared) await handle.chmod(GROUP_FILE);
  return { path, handle };
}

/** Makes the bytes safe and the file an object under its key, in one step. Tells whether it did. */
export async function publish(
  { path, handle }: Unfinished,
  to: { readonly root: string; readonly key: string; readonly ifAbsent: boolean },
): Promise<boolean> {
  await handle.sync();
  for (let tries = 1; ; tries += 1) {
    try {
      const target = await targetOf(to.root, to.key);
      if (to.ifAbsent) return await linkIfAbsent({ path, handle }, target);
      await rename(path, target);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === TRIES) throw error;
    }
  }
}

/** Ends the writing; what was not published is removed. */
export async function discard({ path, handle }: Unfinished): Promise<void> {
  await handle.close();
  rmSync(path, { force: true });
}

/** The path that an object is written to. Its folders are made, and none of them is a symbolic link. */
async function targetOf(root: string, key: string): Promise<string> {
  const real = await realpath(root);
  const target = join(real, key);
  const folder = dirname(target);
  await refuseLinks(real, folder);
  makeFolder(folder, { shared: isShared(root) });
  return target;
}

/** Before a folder is made: the nearest one that is there must be where its path says. */
async function refuseLinks(root: string, folder: string): Promise<void> {
  for (let at = folder; at.length > root.length; at = dirname(at)) {
    if ((await ifThere(lstat(at))) === undefined) continue;
    const real = await ifThere(realpath(at));
    // Tidied away in this moment.
    if (real === undefined) continue;
    if (real !== at) throw inTheWay(at);
    return;
  }
}

function inTheWay(path: string): PipeError {
  const message = `${path} is a symbolic link, or lies behind one`;
  return new PipeError({ code: 'PIPE_REMOTE_FAILED', message, hint: 'nothing is written through links: remove it' });
}

/** Of many who do this at once, one is told that it did. */
async function linkIfAbsent({ path, handle }: Unfinished, target: string): Promise<boolean> {
  try {
    await link(path, target);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // A share may have done it and lost the answer: the second try then finds the file that the first one made.
    if (code === 'EEXIST') return (await handle.stat()).nlink > 1;
    if (!WITHOUT_LINKS.has(code)) throw error;
    return copyIfAbsent(path, target);
  }
}

/** Errors that say that a disk knows no second name of a file. */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** For disks without links: one of many makes the file, but it appears before it is whole. Readers check what they read. */
export async function copyIfAbsent(path: string, target: string): Promise<boolean> {
  try {
    await copyFile(path, target, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What is being written, by whom is not known to run. */
export async function unfinishedIn(root: string): Promise<UnfinishedWrite[]> {
  const folder = join(root, UNFINISHED);
  const names = (await ifThere(lstat(folder)))?.isDirectory() === true ? await ifThere(readdir(folder)) : undefined;
  const found: UnfinishedWrite[] = [];
  for (const name of names ?? []) {
    const owner = ownerOfName(name);
    if (owner?.host === thisOwner().host && !isGone(owner)) continue;
    const at = (await ifThere(stat(join(folder, name))))?.mtimeMs;
    if (at !== undefined) found.push({ name: `${UNFINISHED}/${name}`, id: name, at });
  }
  return found;
}

/** Removes what was not finished. */
export async function removeUnfinished(root: string, { id }: UnfinishedWrite): Promise<void> {
  await rm(join(root, UNFINISHED, basename(id)), { force: true });
}

/** Removes what processes that are gone have not finished. */
export async function sweep(root: string, now: number): Promise<void> {
  for (const each of await unfinishedIn(root)) {
    const owner = ownerOfName(each.id);
    const isLeft = owner !== undefined && isGone(owner);
    if (isLeft || now - each.at > FORGOTTEN_MS) await removeUnfinished(root, each);
  }
}
