import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Told } from '../lockfile/pointer-import.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { writeAll } from '../kit/write-all.ts';
import { PipeError } from '../problem/problem.ts';
import { isKey } from '../store/place/key.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { isSafeName } from '../store/tree.ts';
import type { RemoteData } from './remote-data.ts';

/** Bytes that are asked for at once, and how many such pieces are. */
const PIECE = 8 << 20;
const AT_ONCE = 4;

/** What lies at a key of a bucket or folder: an object, or all whose keys begin with it and a slash. */
export function openInPlace(place: Place, key: string, blake3: Blake3): RemoteData {
  const name = `${place.name}/${key}`.replace(/([^:])\/+/g, '$1/');
  const path = key.replace(/\/$/, '');
  if (path !== '' && !isKey(path)) {
    throw new PipeError({ code: 'PIPE_URL', message: `${name} cannot be used: no object can be called so` });
  }
  const find = async (): Promise<Lying> => {
    const file = path === '' || path !== key ? undefined : await place.stat(path);
    if (file !== undefined) return { told: toldOf(file), entries: [{ ...file, path: '' }] };
    const entries = await listBelow(place, path === '' ? '' : `${path}/`);
    if (entries.length === 0) {
      throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is nothing at ${name}` });
    }
    return { told: toldOfFolder(entries, blake3), entries };
  };
  return {
    name,
    tell: async () => (await find()).told,
    async inBatches(folder, work) {
      const { told, entries } = await find();
      for (const batch of batchesOf(entries)) {
        const fileOf = ({ path: below }: Below): string => join(folder, below === '' ? 'data' : below);
        const bring = async (entry: Below): Promise<void> => {
          mkdirSync(dirname(fileOf(entry)), { recursive: true });
          await readInto(place, entry, { target: fileOf(entry), onPiece: () => undefined, name });
        };
        await eachAtOnce(batch, batch.length > 1 ? place.concurrency : 1, bring);
        await work(batch.map((entry) => ({ path: entry.path, file: fileOf(entry) })));
        removeTree(folder);
      }
      if (JSON.stringify((await find()).told) !== JSON.stringify(told)) throw changedMeanwhile(name);
      return told;
    },
    async download(target, onBytes) {
      const { told, entries } = await find();
      const total = entries.reduce((sum, { size }) => sum + size, 0);
      let done = 0;
      const onPiece = (bytes: number): void => {
        onBytes((done += bytes), total);
      };
      const bring = async (entry: Below): Promise<void> => {
        const to = entry.path === '' ? target : join(target, entry.path);
        mkdirSync(dirname(to), { recursive: true });
        await readInto(place, entry, { target: to, onPiece, name });
      };
      // Of a large one, several pieces are held at once.
      await eachAtOnce(entries.filter(({ size }) => size <= PIECE), place.concurrency, bring); // prettier-ignore
      await eachAtOnce(entries.filter(({ size }) => size > PIECE), 1, bring); // prettier-ignore
      // Pieces of two versions would be of none.
      if (JSON.stringify((await find()).told) !== JSON.stringify(told)) throw changedMeanwhile(name);
      return told;
    },
  };
}

/** Files that are on the disk at once, where not all are to be: so many bytes, or one. */
const BATCH_BYTES = 64 << 20;
const BATCH_FILES = 10_000;

/** A large one is alone, since several of its pieces are held at once. */
function batchesOf(entries: readonly Below[]): Below[][] {
  const batches: Below[][] = entries.filter(({ size }) => size > PIECE).map((entry) => [entry]);
  let [batch, bytes]: [Below[], number] = [[], 0];
  for (const entry of entries.filter(({ size }) => size <= PIECE)) {
    if (batch.length > 0 && (bytes + entry.size > BATCH_BYTES || batch.length === BATCH_FILES)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += entry.size;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** Does something with each, some at once. When one fails, no more are begun, and those that run end first. */
async function eachAtOnce<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const run = async (): Promise<void> => {
    for (const item of rest) {
      if (failures.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, run));
  if (failures.length > 0) throw failures[0];
}

interface Below extends PlaceEntry {
  /** Below the folder; empty for a file. */
  readonly path: string;
}

interface Lying {
  readonly told: Told;
  readonly entries: readonly Below[];
}

async function listBelow(place: Place, prefix: string): Promise<Below[]> {
  const found: Below[] = [];
  for await (const page of place.list(prefix)) {
    for (const entry of page) {
      const path = entry.key.slice(prefix.length);
      // What consoles make for an empty folder.
      if (path === '' || path.endsWith('/')) continue;
      if (!path.split('/').every(isSafeName)) {
        const message = `${place.name} holds a key that cannot be stored: ${JSON.stringify(entry.key)}`;
        throw new PipeError({ code: 'PIPE_NAME_UNSAFE', message });
      }
      found.push({ ...entry, path });
    }
  }
  refuseFileAndFolder(place, found);
  return found;
}

/** A bucket may hold `a` and `a/b`; a disk cannot. */
function refuseFileAndFolder(place: Place, entries: readonly Below[]): void {
  const paths = new Set(entries.map(({ path }) => path));
  for (const { key, path } of entries) {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      if (!paths.has(path.slice(0, at))) continue;
      const whole = key.slice(0, key.length - path.length + at);
      const message = `${place.name} holds ${JSON.stringify(whole)} as a file, and ${JSON.stringify(key)} below it`;
      throw new PipeError({ code: 'PIPE_NAME_UNSAFE', message, hint: 'a disk cannot hold both: take the one or the other alone' }); // prettier-ignore
    }
  }
}

function toldOf({ etag, size, modifiedAt }: PlaceEntry): Told {
  return { ...(etag === undefined ? {} : { etag }), size, mtime: Math.floor(modifiedAt) };
}

function toldOfFolder(entries: readonly Below[], blake3: Blake3): Told {
  const size = entries.reduce((sum, each) => sum + each.size, 0);
  const lines = entries.map(({ path, etag, size: bytes, modifiedAt }) => `${path}\0${etag ?? String(modifiedAt)}\0${String(bytes)}\n`); // prettier-ignore
  return { etag: blake3.hash(lines.join('')), size, files: entries.length };
}

async function readInto(
  place: Place,
  { key, size }: PlaceEntry,
  {
    target,
    onPiece,
    name,
  }: { readonly target: string; readonly onPiece: (bytes: number) => void; readonly name: string },
): Promise<void> {
  const file = await open(target, 'wx');
  try {
    const readAt = async (offset: number): Promise<void> => {
      const length = Math.min(PIECE, size - offset);
      const bytes = await place.read(key, { offset, length });
      if (bytes?.length !== length) throw changedMeanwhile(name);
      await writeAll(file, bytes, offset);
      onPiece(length);
    };
    for (let offset = 0; offset < size; offset += PIECE * AT_ONCE) {
      const offsets = Array.from({ length: AT_ONCE }, (_, at) => offset + at * PIECE).filter((each) => each < size);
      await Promise.all(offsets.map(readAt));
    }
  } finally {
    await file.close();
  }
}

function changedMeanwhile(name: string): PipeError {
  const hint = 'run the command again';
  return new PipeError({ code: 'PIPE_URL_FAILED', message: `${name} changed while it was read`, hint });
}
