import { lstatSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { isWithin } from '../kit/path.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { StrayLink } from '../fingerprint/file.ts';
import type { Links } from '../store/link.ts';
import { entryAt } from '../store/entry-at.ts';
import { linkedFile } from '../store/link.ts';
import { relink } from '../store/relink.ts';
import { isInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import type { Engine } from './engine.ts';

export interface RelinkOptions {
  readonly links: Links;
  readonly signal: AbortSignal;
  /** Files stay as they are; links that lead elsewhere than they should give way to copies. */
  readonly noRelink?: boolean | undefined;
  /** Files stay as they are, but for links that lead elsewhere than they should. */
  readonly onlyStrays?: boolean | undefined;
}

/** How many files were linked, and the paths of links that lead to nothing still. */
interface Relinked {
  files: number;
  readonly missing: string[];
}

/** Where files are linked no more than they must be. */
const COPIES: Links = { types: ['reflink', 'copy'] };

/**
 * Where files are to be links (`cache.type`), those that were stored are, once what they hold is recorded; and no link
 * leads any more to an object that it was edited through, or into another cache.
 * @param stored what was stored just now, by path
 */
export async function relinkStored(
  engine: Engine,
  stored: Iterable<readonly [path: string, entry: Entry]>,
  { links, signal, noRelink = false, onlyStrays = noRelink }: RelinkOptions,
): Promise<Relinked> {
  const done: Relinked = { files: 0, missing: [] };
  const { index, now, project, store } = engine;
  const read = remembered((digest: Digest) => store.read(digest));
  for (const [path, entry] of stored) {
    const strays = straysAt(engine, path);
    const target = join(project.root, path);
    // A symbolic link may lead out of the project: what lies there is read, never written.
    if ((onlyStrays && strays.length === 0) || !isInside(target, project.root)) continue;
    const place = { target, memory: { index, path, now }, links: noRelink ? COPIES : links, signal };
    const which = onlyStrays ? 'only' : strays.length > 0 ? 'too' : 'none';
    done.files += await relink(store, entry, { ...place, strays: which });
    for (const { path: each, state } of strays) {
      const absolute = join(project.root, each);
      const isGone = state === 'gone' && linkedFile(absolute) === undefined;
      if (isGone && isFileOf({ read }, entry, posix.relative(path, each))) done.missing.push(each);
      // What is no part of what is wanted is left alone, or was removed.
      else if (!isGone || lstatSync(absolute, { throwIfNoEntry: false }) === undefined) engine.strays.delete(each);
    }
  }
  return done;
}

function isFileOf(store: Pick<ObjectStore, 'read'>, entry: Entry, below: string): boolean {
  const wanted = entryAt(store, entry, below);
  return wanted !== undefined && wanted.kind !== 'link';
}

/** Asks for each thing once. */
function remembered<K, V>(ask: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    if (!known.has(key)) known.set(key, ask(key));
    return known.get(key) as V;
  };
}

/** The links at or below a path that a walk has found not to lead where they should. */
export function straysAt({ strays }: Pick<Engine, 'strays'>, path: string): StrayLink[] {
  return strays.size === 0 ? [] : [...strays.values()].filter((stray) => isWithin(path, stray.path));
}
