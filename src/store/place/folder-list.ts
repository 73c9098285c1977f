import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere, statFile } from './folder-path.ts';
import { byKey, isKey } from './key.ts';
import type { PlaceEntry } from './place.ts';

/** As many as S3 lists at once. */
const PAGE = 1000;

/** So many stat values are asked for at once. */
const AT_ONCE = 64;

/** Everything below a folder whose key begins with `prefix`, in order, by pages. Symbolic links are no objects. */
export async function* listFolder(root: string, prefix: string): AsyncGenerator<readonly PlaceEntry[]> {
  let page: PlaceEntry[] = [];
  for await (const some of entriesBelow(root, '', prefix)) {
    page.push(...some);
    while (page.length >= PAGE) {
      yield page.slice(0, PAGE);
      page = page.slice(PAGE);
    }
  }
  if (page.length > 0) yield page;
}

/** @param folder the key of a folder with a slash behind it, or nothing */
async function* entriesBelow(root: string, folder: string, prefix: string): AsyncGenerator<readonly PlaceEntry[]> {
  let files: string[] = [];
  for (const key of keysIn(folder, prefix, await namesOf(join(root, folder)))) {
    const isFolder = key.endsWith('/');
    if (!isFolder) files.push(key);
    if (isFolder || files.length === AT_ONCE) {
      yield await statAll(root, files);
      files = [];
    }
    if (isFolder) yield* entriesBelow(root, key, prefix);
  }
  yield await statAll(root, files);
}

async function namesOf(folder: string): Promise<Dirent[]> {
  return (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
}

/** A folder sorts as its name with a slash, which is what the keys in it begin with. */
function keysIn(folder: string, prefix: string, found: readonly Dirent[]): string[] {
  return found
    .filter((each) => each.isFile() || each.isDirectory())
    .map((each) => ({ key: folder + each.name, isFolder: each.isDirectory() }))
    .filter(({ key }) => isKey(key))
    .map(({ key, isFolder }) => (isFolder ? `${key}/` : key))
    .filter((key) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key)))
    .sort(byKey);
}

async function statAll(root: string, keys: readonly string[]): Promise<PlaceEntry[]> {
  const found = await Promise.all(keys.map((key) => entryOf(root, key)));
  return found.filter((entry) => entry !== undefined);
}

async function entryOf(root: string, key: string): Promise<PlaceEntry | undefined> {
  const stat = await statFile(join(root, key));
  return stat && { key, size: stat.size, modifiedAt: stat.mtimeMs };
}
