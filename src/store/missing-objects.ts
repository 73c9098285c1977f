import type { Digest } from '../kit/digest.ts';
import { DEEPEST } from './count-folders.ts';
import type { ReadTree } from './read-tree.ts';
import type { Entry, Tree } from './tree.ts';

/** An object that is not there, and a path that it is needed for. */
export interface MissingObject {
  readonly path: string;
  readonly entry: Entry;
}

/**
 * What of some entries is not in a store, path by path; a folder whose tree is not there stands for all below. Objects
 * are looked for by name; folders that were complete are not looked into again. Whoever cannot trust the
 * trees stops asking: few of them can stand for very many paths.
 */
export function* missingObjects(
  entries: Tree,
  store: { readonly has: (digest: Digest) => boolean; readonly readTree: ReadTree },
): Generator<MissingObject, void, undefined> {
  const complete = new Set<Digest>();
  function* look(path: string, entry: Entry, depth: number): Generator<MissingObject, boolean, undefined> {
    if (entry.kind !== 'dir') {
      const isThere = store.has(entry.digest);
      if (!isThere) yield { path, entry };
      return isThere;
    }
    if (complete.has(entry.digest)) return true;
    const tree = depth < DEEPEST ? store.readTree(entry) : undefined;
    if (tree === undefined) {
      yield { path, entry };
      return false;
    }
    let isComplete = true;
    for (const [name, child] of tree) if (!(yield* look(`${path}/${name}`, child, depth + 1))) isComplete = false;
    if (isComplete) complete.add(entry.digest);
    return isComplete;
  }
  for (const [path, entry] of entries) yield* look(path, entry, 0);
}
