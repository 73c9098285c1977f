import type { Digest } from '../kit/digest.ts';
import { MOST_FILES } from '../lockfile/block.ts';
import { isSame } from './diff-tree.ts';
import type { Entry, Part } from './tree.ts';
import { decodeBranch, decodeTree, filesOf, isBranch } from './tree.ts';

/** What is to be known of a store: the bytes of lists, and how large files are. */
export interface SizedObjects {
  read(digest: Digest): Buffer | undefined;
  sizeOf(digest: Digest): number | undefined;
}

/**
 * What the object of an entry says of its own size and number of files. A digest stands for them, so that an entry which
 * says something else was put together by hand, or by a merge.
 * @returns the entry with what is true; `undefined` where the object is not there, or is no list of a folder
 */
export function trueEntry(objects: SizedObjects, entry: Entry): Entry | undefined {
  if (entry.kind === 'dir') return folderOf(objects.read(entry.digest), entry.digest);
  const size = objects.sizeOf(entry.digest);
  if (size === undefined || size === entry.size) return size === undefined ? undefined : entry;
  // Without the number of its files, a folder looks like a file.
  const folder = entry.kind === 'file' ? folderOf(objects.read(entry.digest), entry.digest) : undefined;
  return folder !== undefined && folder.size === entry.size ? folder : { ...entry, size };
}

/** The same, where it is known what is true and an entry says something else. */
export function contradicted(objects: SizedObjects, entry: Entry): Entry | undefined {
  const known = trueEntry(objects, entry);
  return known === undefined || isSame(known, entry) ? undefined : known;
}

function folderOf(bytes: Buffer | undefined, digest: Digest): Entry | undefined {
  const text = bytes?.toString('utf8');
  if (text === undefined) return undefined;
  const rows = isBranch(text) ? decodeBranch(text) : rowsOf(text);
  if (rows === undefined) return undefined;
  let [size, files] = [0, 0];
  for (const row of rows) {
    size += row.size;
    files += row.files;
  }
  // What no reader of a pointer would take is no better than what stands there.
  if (!Number.isSafeInteger(size) || files > MOST_FILES) return undefined;
  return { kind: 'dir', digest, size, files };
}

function rowsOf(text: string): Pick<Part, 'size' | 'files'>[] | undefined {
  const tree = decodeTree(text);
  return tree && [...tree.values()].map((entry) => ({ size: entry.size, files: filesOf(entry) }));
}
