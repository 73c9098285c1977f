import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { isDenied } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import { takeTurn } from '../kit/turn.ts';
import type { CheckedPack } from './check-pack.ts';
import { checkPack } from './check-pack.ts';
import type { StoreLayout } from './layout.ts';
import { FORMER_FORMATS, STORE_FORMAT, packOfBadFile, packOfFile } from './layout.ts';
import { runFiles } from './run-files.ts';
import { StoredObjects, looseObjects, storedPacks } from './stored-objects.ts';

/** Up to this size a file is read in one piece. */
const SMALL = 1 << 20;

/** After so many files others have their turn, however small they are. */
const TURN_FILES = 512;

/** A loose object whose bytes are wrong. */
export interface DamagedObject {
  readonly digest: Digest;
  readonly path: string;
}

/** A pack of which something is wrong. */
export interface DamagedPack extends CheckedPack {
  readonly name: Digest;
  readonly path: string;
}

/** What a store turned out to hold when every byte of it was looked at. */
export interface CheckedStore {
  /** What is right. */
  readonly objects: StoredObjects;
  /** Bytes that were read. */
  readonly bytes: number;
  readonly runs: number;
  readonly isFormatDamaged: boolean;
  readonly damagedLoose: readonly DamagedObject[];
  readonly damagedPacks: readonly DamagedPack[];
  /** Files of run records whose bytes are wrong. */
  readonly damagedRuns: readonly string[];
  /** Lists of what packs hold wrong bytes of, where it is not so. */
  readonly wrongNotes: readonly string[];
  /** What this user may not read: nobody knows whether it is right. */
  readonly denied: readonly DeniedFile[];
}

/** A pack, an object or a run record that the system does not let this user read. */
export interface DeniedFile {
  readonly path: string;
  readonly error: unknown;
  /** Whether it is a pack: nobody knows what it holds. */
  readonly isPack: boolean;
}

export interface CheckOptions {
  readonly layout: StoreLayout;
  readonly blake3: Blake3;
  /** Told every now and then how many objects were looked at, of how many, and bytes. */
  readonly onProgress?: (done: number, total: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at every byte of a store, and changes nothing. Large objects are read piece by piece.
 * @throws an AbortError when `signal` is aborted
 */
export async function checkStore({ layout, blake3, onProgress, signal }: CheckOptions): Promise<CheckedStore> {
  const objects = new StoredObjects(layout, blake3);
  const total = onProgress === undefined ? 0 : countObjects(layout, blake3);
  let [bytes, done, looks] = [0, 0, 0];
  const count = async (size: number): Promise<void> => {
    const before = bytes;
    bytes += size;
    looks += 1;
    if (Math.floor(before / SMALL) === Math.floor(bytes / SMALL) && looks % TURN_FILES > 0) return;
    onProgress?.(done, Math.max(done, total), bytes);
    await takeTurn(signal);
  };
  const damagedPacks: DamagedPack[] = [];
  const wrongNotes: string[] = [];
  const denied: DeniedFile[] = [];
  const noteDenied = (path: string, error: unknown): void => {
    if (!isDenied(error)) throw error;
    denied.push({ path, error, isPack: path.startsWith(layout.packs) });
  };
  for (const file of namesIn(layout.packs).sort()) {
    const name = packOfFile(file);
    if (name === undefined) {
      const noted = packOfBadFile(file);
      const isNote = noted !== undefined && sizeOf(layout.pack(noted)) > 0;
      if (file.endsWith('.bad') && !isNote) wrongNotes.push(join(layout.packs, file));
      continue;
    }
    const path = layout.pack(name);
    await count(statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    const checked = checkedPack({ path, name }, blake3, noteDenied);
    if (checked === undefined) continue;
    objects.addPack(path, checked.good);
    done += checked.good.length + checked.bad.length;
    const isDamaged = checked.isTableDamaged || checked.isFrameDamaged || checked.bad.length > 0;
    if (isDamaged) damagedPacks.push({ ...checked, name, path });
    else if (statSync(layout.bad(name), { throwIfNoEntry: false })) wrongNotes.push(layout.bad(name));
  }
  const damagedLoose: DamagedObject[] = [];
  for (const { digest, path } of looseObjects(layout)) {
    const found = await digestOfFile(path, blake3, count).catch((error: unknown) => {
      noteDenied(path, error);
      // What is not ours to read is there nevertheless.
      objects.addLoose(digest);
      return undefined;
    });
    done += 1;
    if (found === undefined) continue;
    if (found === digestOfRaw(digest)) objects.addLoose(digest);
    else damagedLoose.push({ digest: digestOfRaw(digest), path });
  }
  const damagedRuns: string[] = [];
  let runs = 0;
  for (const { path, record } of runFiles(layout, blake3, noteDenied)) {
    runs += 1;
    if (record === undefined) damagedRuns.push(path);
  }
  const isFormatDamaged = formatIsDamaged(layout);
  return { objects, bytes, runs, isFormatDamaged, damagedLoose, damagedPacks, damagedRuns, wrongNotes, denied };
}

function checkedPack(
  { path, name }: { readonly path: string; readonly name: Digest },
  blake3: Blake3,
  noteDenied: (path: string, error: unknown) => void,
): CheckedPack | undefined {
  try {
    return checkPack(path, name, blake3);
  } catch (error) {
    noteDenied(path, error);
    return undefined;
  }
}

/** The digest of a file, `''` when the disk cannot read it, `undefined` when it has gone. */
async function digestOfFile(
  path: string,
  blake3: Blake3,
  count: (size: number) => Promise<void>,
): Promise<string | undefined> {
  try {
    const { size } = statSync(path);
    if (size <= SMALL) {
      await count(size);
      return blake3.hash(readFileSync(path));
    }
    const hasher = blake3.hasher();
    await eachChunk(path, async (chunk) => {
      hasher.update(chunk);
      await count(chunk.length);
    });
    return hasher.digest();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EIO' || code === 'EISDIR') return '';
    throw error;
  }
}

function countObjects(layout: StoreLayout, blake3: Blake3): number {
  let objects = 0;
  for (const { frames } of storedPacks(layout, blake3)) objects += frames?.length ?? 0;
  const loose = looseObjects(layout);
  while (loose.next().done !== true) objects += 1;
  return objects;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A store that holds something says which format it has. */
function formatIsDamaged(layout: StoreLayout): boolean {
  let text: string;
  try {
    text = readFileSync(layout.format, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return namesIn(layout.base).length > 0;
    throw error;
  }
  return ![STORE_FORMAT, ...FORMER_FORMATS].some((format) => text === `${format}\n`);
}
