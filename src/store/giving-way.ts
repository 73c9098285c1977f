import type { Section } from '../index/section.ts';
import { DIR } from '../index/section.ts';
import type { StatIndex } from '../index/stat-index.ts';
import type { FolderMemory } from '../index/folder-memory.ts';
import type { Digest } from '../kit/digest.ts';
import type { ObjectStore } from './object-store.ts';
import { BrokenTree, knownParts } from './read-tree.ts';
import type { Entry } from './tree.ts';

/** A file or link inside a folder that is about to be replaced or removed. */
export interface GivingWay {
  readonly path: string;
  /** Holds its digest at `at`. */
  readonly digests: Buffer;
  readonly at: number;
  readonly size: number;
}

/** A folder that was walked just now, as the index remembers it. */
interface WalkedFolder {
  readonly index: StatIndex;
  readonly path: string;
}

/** The files and links in a folder that is about to be removed as a whole. */
export function* allIn({ index, path }: WalkedFolder): Generator<GivingWay> {
  for (const section of index.folder(path).sections) {
    for (let row = 0; row < section.names.length; row += 1) yield* fileAt(section, row, { index, path });
  }
}

/**
 * Those that `applyFolder` is going to replace or remove, so that bytes are lost that are nowhere else in the folder: what
 * gives way to the same bytes is left out, and so is what it does not get at since a list is not there.
 */
export function* givingWayTo(
  wanted: Entry,
  store: Pick<ObjectStore, 'read'>,
  { index, path }: WalkedFolder,
): Generator<GivingWay> {
  const present = index.folder(path);
  const folder = { index, path };
  const same = present.leaves();
  const isKnown = (digest: Digest): boolean => same.has(digest);
  try {
    for (const part of knownParts(store, wanted, { isKnown })) {
      if (!('tree' in part)) {
        const names = same.get(part.digest)?.names ?? [];
        yield* before(present, names[0] ?? '', folder);
        for (let at = 0; at < names.length; at += 1) present.next();
        continue;
      }
      for (const [name, child] of part.tree) {
        yield* before(present, name, folder);
        const { section, row } = present;
        if (section === undefined || present.name !== name) continue;
        const isSame =
          section.digestOf(row) === child.digest && (section.kindOf(row) === DIR) === (child.kind === 'dir');
        if (!isSame) yield* replaced(section, row, { ...folder, store, child });
        present.next();
      }
    }
  } catch (error) {
    if (!(error instanceof BrokenTree)) throw error;
    return;
  }
  yield* before(present, undefined, folder);
}

function* replaced(
  section: Section,
  row: number,
  { store, child, ...folder }: WalkedFolder & { readonly store: Pick<ObjectStore, 'read'>; readonly child: Entry },
): Generator<GivingWay> {
  if (section.kindOf(row) === DIR && child.kind === 'dir') {
    yield* givingWayTo(child, store, { ...folder, path: pathAt(section, row, folder) });
  } else yield* fileAt(section, row, folder);
}

/** What is present before a name, or all that is left. */
function* before(present: FolderMemory, name: string | undefined, folder: WalkedFolder): Generator<GivingWay> {
  for (let { name: each } = present; each !== undefined; { name: each } = present) {
    if (name !== undefined && each >= name) return;
    yield* fileAt(present.section as Section, present.row, folder);
    present.next();
  }
}

/** One entry, with all that lies in it. */
function* fileAt(section: Section, row: number, folder: WalkedFolder): Generator<GivingWay> {
  const path = pathAt(section, row, folder);
  if (section.kindOf(row) === DIR) yield* allIn({ ...folder, path });
  else yield { path, digests: section.digests, at: row * 32, size: section.sizeOf(row) };
}

function pathAt(section: Section, row: number, { path }: WalkedFolder): string {
  return `${path}/${section.names[row] ?? ''}`;
}
