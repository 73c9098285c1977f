import { digestOfRaw, parseDigest } from '../kit/digest.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Value } from '../kit/value.ts';
import type { FolderFields, FolderSides, MergedFolder } from '../lockfile/merge-pointer.ts';
import { cacheFolder } from '../project/cache-folder.ts';
import type { Project } from '../project/project.ts';
import type { TreeEdit, TreeSink } from '../store/edit-tree.ts';
import { editTree } from '../store/edit-tree.ts';
import { storeLayout } from '../store/layout.ts';
import type { ThreeEntries, TreeConflict } from '../store/merge-tree.ts';
import { mergeTrees } from '../store/merge-tree.ts';
import { noteMerged } from './merged-folders.ts';
import { ObjectStore } from '../store/object-store.ts';
import { BrokenTree, readTree } from '../store/read-tree.ts';
import type { Entry } from '../store/tree.ts';

/** Merges the folders that pointers record. */
export interface FolderMerger {
  /** As {@link mergePointers} asks for it; `undefined` where the cache lacks a list of files, and `missing` says whose. */
  readonly merge: (folders: FolderSides) => MergedFolder | undefined;
  /**
   * Makes durable what the merged folders need. Nothing may refer to them before. They are kept from then on, though
   * Git has yet to write the pointer that says so.
   * @param file that pointer
   */
  readonly finish: (file: string) => Promise<void>;
  /** Files that both sides changed differently, by path inside the folder. */
  readonly conflicts: readonly TreeConflict[];
  /** The sides whose list of files the cache lacks. */
  readonly missing: readonly string[];
}

/**
 * Opens the cache of a project for merges of folders, file by file. Files need not be in it, lists of files must.
 * @throws {PipeError} PIPE_STORE_FORMAT
 */
export async function openFolderMerger(project: Project): Promise<FolderMerger> {
  const blake3 = await loadBlake3();
  const layout = storeLayout(cacheFolder(project), { shared: project.config.get('cache.shared') === 'group' });
  const store = new ObjectStore(layout, blake3, () => undefined);
  const writer = store.writer();
  const sink: TreeSink = {
    put(text) {
      const bytes = Buffer.from(text);
      const digest = blake3.raw(bytes);
      writer.addNow(digest, bytes);
      return digestOfRaw(digest);
    },
  };
  const made: Entry[] = [];
  const conflicts: TreeConflict[] = [];
  const missing: string[] = [];
  const merge = (folders: FolderSides): MergedFolder | undefined => {
    const [base, ours, theirs] = [folders.ancestor, folders.ours, folders.theirs].map(folderOf);
    if (ours === undefined || theirs === undefined || (folders.ancestor !== undefined && base === undefined))
      return undefined;
    try {
      const merged = mergeTrees(store, { base, ours, theirs });
      conflicts.push(...merged.conflicts);
      const edited = (edits: readonly TreeEdit[]): FolderFields => {
        const entry = editTree(store, sink, { root: ours, edits });
        made.push(entry);
        return fieldsOf(entry);
      };
      const asTheirs = merged.conflicts.map((each) => ({ path: each.path, entry: each.theirs }));
      return { ours: edited(merged.edits), theirs: edited([...merged.edits, ...asTheirs]) };
    } catch (error) {
      if (!(error instanceof BrokenTree)) throw error;
      missing.push(...unread(store, { base, ours, theirs }));
      return undefined;
    }
  };
  const finish = async (file: string): Promise<void> => {
    try {
      await writer.finish();
      // While this process still has its lease.
      noteMerged(project.pipeDir, made.map((entry) => ({ file, entry })), Date.now()); // prettier-ignore
    } finally {
      writer.discard();
    }
  };
  return { merge, finish, conflicts, missing };
}

const SIDES = [
  ['base', 'the common ancestor'],
  ['ours', 'our side'],
  ['theirs', 'their side'],
] as const;

/** The sides of which the list at the top is not there; all of them where it is one further down. */
function unread(store: ObjectStore, sides: ThreeEntries): string[] {
  const there = SIDES.filter(([side]) => sides[side] !== undefined);
  const gone = there.filter(([side]) => readTree(store, sides[side] as Entry) === undefined);
  return (gone.length > 0 ? gone : there).map(([, name]) => name);
}

function folderOf(fields: FolderFields | undefined): Entry | undefined {
  const digest = parseDigest(fields?.get('digest'));
  const [size, files] = [countOf(fields?.get('size')), countOf(fields?.get('files'))];
  if (digest?.startsWith('b3:') !== true || size === undefined || files === undefined) return undefined;
  return { kind: 'dir', digest, size, files };
}

function countOf(value: Value | undefined): number | undefined {
  const count = typeof value === 'bigint' ? Number(value) : undefined;
  return count !== undefined && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function fieldsOf(entry: Entry): FolderFields {
  const files = entry.kind === 'dir' ? entry.files : 0;
  return new Map<string, Value>([
    ['digest', entry.digest],
    ['size', BigInt(entry.size)],
    ['files', BigInt(files)],
  ]);
}
