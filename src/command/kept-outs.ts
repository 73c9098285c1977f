import { posix } from 'node:path';
import { entryOf } from '../lockfile/entry.ts';
import type { ReadKept } from '../metric/read.ts';
import type { Project } from '../project/project.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readTree } from '../store/read-tree.ts';
import type { Entry } from '../store/tree.ts';

/** Folders nested deeper than this are not looked into: a tree may come from a stranger. */
const DEEPEST = 64;
/** Nobody writes metrics beyond this. */
const BIGGEST_BYTES = 64 * 1024 * 1024;

/** Reads metrics and parameters that stages made from the local store, which is opened when it is first needed. */
export function readKeptFrom(project: Project): ReadKept {
  let store: Promise<ObjectStore> | undefined;
  return async (locked) => {
    store ??= openStore(project);
    const files = new Map<string, Buffer>();
    return collect(await store, entryOf(locked), { path: '', files, depth: 0 }) ? files : undefined;
  };
}

/** Loaded late: most metrics lie in Git, and need neither hashes nor a store. */
async function openStore(project: Project): Promise<ObjectStore> {
  const [{ ObjectStore }, { storeLayout }, { loadBlake3 }, { cacheFolder }] = await Promise.all([
    import('../store/object-store.ts'),
    import('../store/layout.ts'),
    import('../kit/blake3.ts'),
    import('../project/cache-folder.ts'),
  ]);
  // A damaged object is quarantined and counts as absent; the file is then reported as not readable.
  return new ObjectStore(storeLayout(cacheFolder(project)), await loadBlake3(), () => undefined);
}

interface Place {
  readonly path: string;
  readonly files: Map<string, Buffer>;
  readonly depth: number;
}

/** Puts the files of an entry into `files`; false when an object is absent or damaged. */
function collect(store: ObjectStore, entry: Entry, { path, files, depth }: Place): boolean {
  if (entry.size > BIGGEST_BYTES || depth > DEEPEST) return false;
  if (entry.kind === 'link') return true;
  if (entry.kind !== 'dir') {
    const bytes = store.read(entry.digest, BIGGEST_BYTES);
    if (bytes !== undefined) files.set(path, bytes);
    return bytes !== undefined;
  }
  if (entry.files === 0) return true;
  const tree = readTree(store, entry);
  if (tree === undefined) return false;
  return [...tree].every(([name, child]) =>
    collect(store, child, { path: posix.join(path, name), files, depth: depth + 1 }),
  );
}
