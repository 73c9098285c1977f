import type { Blake3 } from '../kit/blake3.ts';
import { PipeError } from '../problem/problem.ts';
import type { StoreLayout } from '../store/layout.ts';
import type { Place } from '../store/place/place.ts';
import type { ByteLimit } from './byte-limit.ts';
import { byteLimit } from './byte-limit.ts';
import type { Catalog } from './catalog.ts';
import { openCatalog } from './catalog.ts';
import { localTable } from './local-packs.ts';
import { KEYS, REMOTE_FORMAT } from './remote-layout.ts';
import type { TableCache } from './table-cache.ts';
import { openTableCache } from './table-cache.ts';

/** A remote, and how it is gone about with. */
export interface Remote {
  readonly place: Place;
  readonly blake3: Blake3;
  readonly cache: TableCache;
  /** For whatever holds bytes of objects: so many at once that they fit into memory. */
  readonly limit: ByteLimit;
  readonly signal: AbortSignal;
  /** The same place, which still works when the signal is aborted: to put in order what was begun. */
  readonly lasting: () => Promise<Place>;
  /** How long to wait before a collection that is in the way is looked at again, in milliseconds; a second unless given. */
  readonly pollMs: number | undefined;
  /** What packs it has now. Packs whose tables the local store has need not be asked. */
  readonly look: () => Promise<Catalog>;
}

export interface RemoteOptions {
  readonly blake3: Blake3;
  /** The local store. */
  readonly layout: StoreLayout;
  /** What is remembered of this remote, a folder; nothing without. */
  readonly cacheFolder: string | undefined;
  /** Transfers at once; the place says how many unless it is given. */
  readonly jobs: number | undefined;
  readonly signal: AbortSignal;
  /** Opens the place once more, without the signal. */
  readonly lasting?: () => Promise<Place>;
  readonly pollMs?: number;
}

/** Bytes of objects that are held at once. */
const MOST_HELD = 80 << 20;

/** A remote in a place. Reads nothing yet. */
export function remoteIn(place: Place, options: RemoteOptions): Remote {
  const { blake3, layout, cacheFolder, jobs, signal, lasting = () => Promise.resolve(place) } = options;
  const cache = openTableCache(cacheFolder);
  const local = (name: Parameters<typeof localTable>[1]): ReturnType<typeof localTable> =>
    localTable(layout, name, blake3);
  return {
    place,
    blake3,
    cache,
    limit: byteLimit({ tasks: jobs ?? place.concurrency, bytes: MOST_HELD }),
    signal,
    lasting,
    pollMs: options.pollMs,
    look: () => openCatalog(place, { blake3, cache, local }),
  };
}

/** What a remote says that it is, as a whole. */
const FORMAT_LINE = `${REMOTE_FORMAT}\n`;

/**
 * Whether a remote says its format, which is ours. One that says nothing is empty, and so is one that says only the
 * beginning of it: a first push was killed while it wrote it, on a disk where it appears before it is whole.
 * @throws {PipeError} PIPE_REMOTE_FORMAT for another format.
 */
export async function hasFormat(place: Place): Promise<boolean> {
  const bytes = await place.read(KEYS.format, { offset: 0, length: 256 });
  const text = bytes?.toString('latin1') ?? '';
  if (text.trim() === REMOTE_FORMAT) return true;
  if (FORMAT_LINE.startsWith(text)) return false;
  throw new PipeError({
    code: 'PIPE_REMOTE_FORMAT',
    message: `the remote ${place.name} has the format ${JSON.stringify(text.trim().slice(0, 40))}; this pipe knows ${REMOTE_FORMAT}`,
    hint: 'use a newer pipe, or another folder or prefix for the remote',
  });
}

/**
 * Says the format of a remote that did not say it.
 * @throws {PipeError} PIPE_REMOTE_FORMAT when somebody else has said another one meanwhile.
 */
export async function writeFormat(place: Place): Promise<void> {
  const line = [Buffer.from(FORMAT_LINE)];
  const isWritten = await place.write(KEYS.format, line, { ifAbsent: true });
  // What is there and not whole is written anew.
  if (!isWritten && !(await hasFormat(place))) await place.write(KEYS.format, line);
}
