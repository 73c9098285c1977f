import type { Digest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { cutEntries, mergeParts, partsOf } from './edit-parts.ts';
import type { ObjectStore } from './object-store.ts';
import type { Entry, Part } from './tree.ts';
import { joinParts, WHOLE } from './tree.ts';

/** Takes in the objects that an edit makes. */
export interface TreeSink {
  /** Stores the text of a tree; returns its digest. */
  put(text: string): Digest;
}

/** What is to lie at a path below a folder; without an entry, nothing. */
export interface TreeEdit {
  /** Posix, relative to the folder; its names are safe (`isSafeName`). */
  readonly path: string;
  readonly entry: Entry | undefined;
}

/**
 * Changes a folder of the store without any file of it: the very entry that a walk of the folder would find after the
 * same changes on a disk. Of a big folder, only the parts that change are read and written, and those that tell whether
 * it still is a big one. Folders on the way to a new path are made, a file in the way gives way; folders that
 * become empty stay.
 * @param edits none inside another
 * @throws {BrokenTree} when an object that must be read is absent or damaged
 */
export function editTree(
  store: Pick<ObjectStore, 'read'>,
  sink: TreeSink,
  { root, edits }: { readonly root: Entry; readonly edits: readonly TreeEdit[] },
): Entry {
  return new TreeEditor(store, sink).folder(root, edits);
}

/** A folder that holds what some edits put there, and nothing else. */
export function freshFolder(sink: TreeSink, edits: readonly TreeEdit[]): Entry {
  return new TreeEditor({ read: () => undefined }, sink).fresh(edits.filter(({ entry }) => entry !== undefined));
}

class TreeEditor {
  readonly #store: Pick<ObjectStore, 'read'>;
  readonly #sink: TreeSink;

  constructor(store: Pick<ObjectStore, 'read'>, sink: TreeSink) {
    this.#store = store;
    this.#sink = sink;
  }

  folder(folder: Entry, edits: readonly TreeEdit[]): Entry {
    const before = partsOf(this.#store, folder);
    const byName = grouped(edits);
    const changed = mergeParts(this.#store, before, {
      names: [...byName.keys()].sort(byCodeUnit),
      edit: (name, child) => this.#child(child, byName.get(name) ?? []),
    });
    const isSplit = changed.count > WHOLE;
    const runs = isSplit ? changed.parts : [{ entries: changed.all() }];
    const put = (text: string): Digest => this.#sink.put(text);
    const parts = runs.flatMap((run): Part[] => ('entries' in run ? cutEntries(run.entries, { isSplit, put }) : [run]));
    const { digest, size, files } = joinParts(parts, put);
    return { kind: 'dir', digest, size, files };
  }

  /** What lies at a name after the changes at or below it. */
  #child(child: Entry | undefined, edits: readonly TreeEdit[]): Entry | undefined {
    const whole = edits.find(({ path }) => path === '');
    if (whole !== undefined) return whole.entry;
    if (child?.kind === 'dir') return this.folder(child, edits);
    // Nothing lies below a file, or where nothing is.
    const added = edits.filter(({ entry }) => entry !== undefined);
    return added.length === 0 ? child : this.fresh(added);
  }

  fresh(edits: readonly TreeEdit[]): Entry {
    const put = (text: string): Digest => this.#sink.put(text);
    const entries = [...grouped(edits)].flatMap(([name, inside]): [string, Entry][] => {
      const entry = this.#child(undefined, inside);
      return entry === undefined ? [] : [[name, entry]];
    });
    entries.sort(([a], [b]) => byCodeUnit(a, b));
    const { digest, size, files } = joinParts(cutEntries(entries, { isSplit: entries.length > WHOLE, put }), put);
    return { kind: 'dir', digest, size, files };
  }
}

/** Edits by the first name of their path, each with the rest of it. */
function grouped(edits: readonly TreeEdit[]): Map<string, TreeEdit[]> {
  const byName = new Map<string, TreeEdit[]>();
  for (const { path, entry } of edits) {
    const cut = path.indexOf('/');
    const name = cut < 0 ? path : path.slice(0, cut);
    const rest = { path: cut < 0 ? '' : path.slice(cut + 1), entry };
    const there = byName.get(name);
    if (there === undefined) byName.set(name, [rest]);
    else there.push(rest);
  }
  return byName;
}
