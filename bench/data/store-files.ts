import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a store by path, with their sizes in bytes. */
export type StoreFiles = ReadonlyMap<string, number>;

/** What a store holds; what is being written does not count. */
export function storeFiles(store: string): StoreFiles {
  const files = readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !`${entry.parentPath.slice(store.length)}/`.includes('/tmp/'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((path) => [path.slice(store.length + 1), statSync(path).size]));
}

/** The bytes of the files that were not there before. */
export function addedBytes(before: StoreFiles, after: StoreFiles): number {
  let bytes = 0;
  for (const [path, size] of after) if (before.get(path) !== size) bytes += size;
  return bytes;
}
