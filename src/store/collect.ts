import { rmSync, statSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { takeTurn } from '../kit/turn.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { StoreLayout } from './layout.ts';
import type { Marks } from './mark.ts';
import { FRAME_HEAD } from './pack.ts';
import { outdatedQuarantine } from './quarantine.ts';
import type { OldPack } from './repack.ts';
import { removePack, repack } from './repack.ts';
import { loneOrigins, runFiles } from './run-files.ts';
import type { RunRecord } from './run-record.ts';
import type { StoredPack } from './stored-objects.ts';
import { looseObjects, storedPacks } from './stored-objects.ts';
import { intoTrash, trashFolders } from './trash.ts';
import type { Dispose, Upkeep } from './upkeep.ts';

/** Packs below this are small. */
export const SMALL_PACK = 1 << 20;

/** More small packs than this are merged. */
export const MOST_SMALL = 50;

/** A pack is written anew when this part of its bytes, or more, is not needed. */
export const UNNEEDED_PART = 0.25;

/** After so many files others have their turn. */
const TURN_FILES = 256;

/** What nobody needs, or what became of it. */
export interface Garbage {
  readonly objects: number;
  /** Of the files that go, less those of the packs that take their place. */
  readonly bytes: number;
  readonly runs: number;
  /** Objects that stay in packs that are mostly needed, and their bytes. */
  readonly leftObjects: number;
  readonly leftBytes: number;
  /** Packs that are merged since there are many small ones. */
  readonly merged: number;
  /** Packs whose table is damaged: nobody knows what they hold. */
  readonly unreadable: number;
}

export interface CollectOptions {
  readonly layout: StoreLayout;
  readonly blake3: Blake3;
  readonly marks: Marks;
  /** Files that running processes rely on stay. */
  readonly isHeld: (path: string) => boolean;
}

/** Told of what goes, object by object. */
export interface GarbageVisitor {
  readonly object?: (digest: Buffer, bytes: number) => void;
  readonly run?: (record: RunRecord) => void;
}

/** What would go. Marks what the run records need that stay: logs. */
export function findGarbage(options: CollectOptions, { object, run }: GarbageVisitor = {}): Garbage {
  const { layout, blake3, marks, isHeld } = options;
  const found = { objects: 0, bytes: 0, runs: 0, leftObjects: 0, leftBytes: 0, merged: 0, unreadable: 0 };
  for (const { record, size } of unneededRuns(options)) {
    found.runs += 1;
    found.bytes += size;
    run?.(record);
  }
  for (const { digest, path } of goingLoose(options)) {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) continue;
    found.objects += 1;
    found.bytes += size;
    object?.(digest, size);
  }
  let small = 0;
  for (const pack of storedPacks(layout, blake3)) {
    const fate = fateOf(pack, options);
    if (fate === undefined) found.unreadable += 1;
    else if (!fate.goes) {
      found.leftObjects += fate.objects;
      found.leftBytes += fate.bytes;
      if (pack.size < SMALL_PACK && !isHeld(pack.path)) small += 1;
    } else {
      found.objects += fate.objects;
      found.bytes += fate.isEmpty ? pack.size : fate.bytes;
      for (const { digest, length } of pack.frames ?? []) if (!marks.has(digest)) object?.(digest, length);
    }
  }
  if (small > MOST_SMALL) found.merged = small;
  return found;
}

interface Fate {
  /** Whether the pack goes, and what of it is needed into another one. */
  readonly goes: boolean;
  readonly isEmpty: boolean;
  /** What is not needed. */
  readonly objects: number;
  readonly bytes: number;
}

function fateOf({ frames, path }: StoredPack, { marks, isHeld }: CollectOptions): Fate | undefined {
  if (frames === undefined) return undefined;
  let [objects, bytes, all] = [0, 0, 0];
  for (const { digest, length } of frames) {
    all += length + FRAME_HEAD;
    if (marks.has(digest)) continue;
    objects += 1;
    bytes += length + FRAME_HEAD;
  }
  const goes = bytes > 0 && bytes >= all * UNNEEDED_PART && !isHeld(path);
  return { goes, isEmpty: objects === frames.length, objects, bytes };
}

/** The run records of which an out is not needed. Marks the logs of the others. */
function* unneededRuns({ layout, blake3, marks, isHeld }: CollectOptions): Generator<{
  readonly path: string;
  readonly size: number;
  readonly record: RunRecord;
}> {
  for (const { path, size, record } of runFiles(layout, blake3)) {
    if (record === undefined) continue;
    if (isHeld(path) || record.outs.every((out) => marks.hasEntry(entryOf(out)))) {
      if (record.log !== null) marks.add(record.log);
    } else yield { path, size, record };
  }
}

export interface RemoveOptions extends CollectOptions {
  readonly upkeep: Upkeep;
  /** For how many days what goes can be brought back; for good when absent. */
  readonly trashDays: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Told how many objects are out. */
  readonly onProgress?: (objects: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes out what nobody needs: run records before the objects that they name, so that none ever names what is gone.
 * Then merges packs if there are many small ones, and removes what lay for long enough where it was set aside.
 * @throws an AbortError when `signal` is aborted; what is not out yet stays
 */
export async function removeGarbage(options: RemoveOptions): Promise<void> {
  const { layout, blake3, marks, upkeep, trashDays, now, signal } = options;
  const remove: Dispose = (path) => {
    rmSync(path, { force: true });
  };
  const dispose = trashDays === undefined ? remove : intoTrash(layout, now, trashDays);
  let out = 0;
  const tell = (objects: number): void => {
    out += objects;
    options.onProgress?.(out);
  };
  const removeAll = async (files: Iterable<{ readonly path: string }>): Promise<void> => {
    for (const paths of inTurns(files)) {
      await takeTurn(signal);
      upkeep.remove(paths, dispose);
    }
  };
  await removeAll(unneededRuns(options));
  // Only now: a record without its note would count as one of this machine.
  await removeAll(loneOrigins(layout));
  await removeAll(unneededLoose(options, tell));
  let outOfReplaced = 0;
  const replaced: OldPack[] = [];
  const small: OldPack[] = [];
  for (const pack of storedPacks(layout, blake3)) {
    const { frames } = pack;
    const fate = fateOf(pack, options);
    if (fate === undefined || frames === undefined || upkeep.isHeld(pack.path)) continue;
    await takeTurn(signal);
    if (fate.goes && fate.isEmpty) {
      removePack({ ...pack, dispose }, options);
      tell(fate.objects);
    } else if (fate.goes) {
      replaced.push({ ...pack, frames, dispose });
      outOfReplaced += fate.objects;
    } else if (pack.size < SMALL_PACK) small.push({ ...pack, frames, dispose: remove });
  }
  await repack(replaced, { ...options, isWanted: (digest) => marks.has(digest) });
  if (outOfReplaced > 0) tell(outOfReplaced);
  if (small.length > MOST_SMALL) await repack(small, { ...options, isWanted: () => true });
  for (const path of outdated(options, now)) removeTree(path);
}

/** What lay for long enough in the trash, or in the quarantine where nothing wants it healed, absolute paths. */
export function* outdated({ layout, marks }: Pick<CollectOptions, 'layout' | 'marks'>, now: number): Generator<string> {
  for (const { path, until } of trashFolders(layout)) if (until <= now) yield path;
  yield* outdatedQuarantine(layout, { now, isLacking: (digest) => marks.lacks(digest) });
}

/** The loose objects that go, with their files, absolute. */
export function* goingLoose({ layout, marks, isHeld }: CollectOptions): ReturnType<typeof looseObjects> {
  for (const each of looseObjects(layout)) if (!marks.has(each.digest) && !isHeld(each.path)) yield each;
}

function* unneededLoose(
  { layout, marks }: CollectOptions,
  tell: (objects: number) => void,
): Generator<{ readonly path: string }> {
  for (const { digest, path } of looseObjects(layout)) {
    if (marks.has(digest)) continue;
    yield { path };
    tell(1);
  }
}

/** The paths of some files, so many at a time as are taken out before others have their turn. */
function* inTurns(files: Iterable<{ readonly path: string }>): Generator<readonly string[]> {
  let paths: string[] = [];
  for (const { path } of files) {
    if (paths.push(path) < TURN_FILES) continue;
    yield paths;
    paths = [];
  }
  if (paths.length > 0) yield paths;
}
