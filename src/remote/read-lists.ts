import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Catalog } from './catalog.ts';
import { HeldPack } from './held-pack.ts';
import type { WholePiece } from './pack-pieces.ts';
import { piecesOf } from './pack-pieces.ts';
import { PIECE } from './read-object.ts';
import type { Remote } from './remote.ts';
import { ObjectSet } from './object-set.ts';
import { LARGEST_LIST, looseKey, packKey } from './remote-layout.ts';

/** Reads lists of folders, which lie in packs with what they list. */
export interface ListReader {
  /** Their bytes, checked, in the order of what is asked for; `undefined` for what cannot be had. */
  readonly read: (digests: readonly RawDigest[]) => Promise<(Buffer | undefined)[]>;
  /** Packs that were read as a whole, by their number, since most of them seemed to be wanted. */
  readonly held: ReadonlyMap<number, HeldPack>;
}

export interface ListReaderOptions {
  readonly catalog: Catalog;
  readonly store: Pick<ObjectStore, 'temporary'>;
  /** Bytes that are worth reading in whole packs: those that are going to be wanted. 0 to read lists alone. */
  readonly expected: number;
  readonly onBytes?: (bytes: number) => void;
}

/** A reader's `read` that keeps what came: who looks at it again asks the remote nothing. */
export function keepingLists({ read }: Pick<ListReader, 'read'>): {
  readonly read: ListReader['read'];
  readonly came: ReadonlyMap<Digest, Buffer>;
} {
  const came = new Map<Digest, Buffer>();
  return {
    came,
    async read(digests) {
      const found = await read(digests);
      for (const [at, digest] of digests.entries()) {
        const bytes = found[at];
        if (bytes !== undefined) came.set(digestOfRaw(digest), bytes);
      }
      return found;
    },
  };
}

/** Bytes between two lists that are rather read than asked past. */
const GAP = 64 << 10;

/** A reader of lists that a remote has. */
export function listReader(remote: Remote, options: ListReaderOptions): ListReader {
  const held = new Map<number, HeldPack>();
  const { catalog, expected } = options;
  let left = expected * 2;
  /** Whether a pack is rather read as a whole. */
  const isWorth = (pack: number): boolean => {
    const size = catalog.rows.packs[pack]?.end ?? Infinity;
    if (size > left) return false;
    left -= size;
    return true;
  };
  const readPack = async (pack: number, wanted: ObjectSet): Promise<Map<string, Buffer>> => {
    const known = held.get(pack);
    const whole = known ?? (isWorth(pack) ? await holdPack(remote, pack, options) : undefined);
    if (whole !== undefined) held.set(pack, whole);
    const found = new Map<string, Buffer>();
    if (whole !== undefined) {
      for (const { digest } of wanted.entries()) {
        const place = catalog.rows.find(digest);
        const bytes = place && whole.read({ digest, ...place });
        if (bytes !== undefined) found.set(hex(digest), bytes);
      }
    } else await readPieces(remote, pack, { ...options, wanted, found });
    return found;
  };
  return {
    held,
    async read(digests) {
      const byPack = new Map<number, ObjectSet>();
      const alone: RawDigest[] = [];
      for (const digest of digests) {
        const place = catalog.rows.find(digest);
        if (place === undefined) alone.push(digest);
        else if (place.length <= LARGEST_LIST) wantedFrom(byPack, place.pack).add(digest, 0, { size: place.length });
      }
      const found = await Promise.all([
        ...[...byPack].map(([pack, wanted]) => readPack(pack, wanted)),
        ...alone.map((digest) => readLoose(remote, digest)),
      ]);
      const all = new Map(found.flatMap((each) => [...each]));
      return digests.map((digest) => all.get(hex(digest)));
    },
  };
}

function wantedFrom(byPack: Map<number, ObjectSet>, pack: number): ObjectSet {
  const known = byPack.get(pack) ?? new ObjectSet();
  byPack.set(pack, known);
  return known;
}

function hex(digest: RawDigest): string {
  return digest.toString('hex');
}

/** Reads a whole pack into a file that does not count yet. */
async function holdPack(remote: Remote, pack: number, options: ListReaderOptions): Promise<HeldPack | undefined> {
  const { catalog, store, onBytes } = options;
  const info = catalog.rows.packs[pack];
  if (info === undefined) return undefined;
  const held = HeldPack.begin({ ...info, rows: catalog.rows.rowsOf(pack) }, store, remote.blake3);
  if (held === undefined) return undefined;
  try {
    await Promise.all(held.pieces.map((piece) => takePiece(remote, { key: packKey(info.name), held, piece, onBytes })));
    return held;
  } catch (error) {
    held.discard();
    throw error;
  }
}

/** Reads a piece of a pack that comes as a whole. */
export async function takePiece(
  { place, limit }: Pick<Remote, 'place' | 'limit'>,
  {
    key,
    held,
    piece,
    onBytes,
  }: {
    readonly key: string;
    readonly held: HeldPack;
    readonly piece: WholePiece;
    readonly onBytes?: ((bytes: number) => void) | undefined;
  },
): Promise<void> {
  const { offset, length } = piece;
  await limit(length, async () => {
    held.take(piece, await place.read(key, { offset, length }));
    onBytes?.(length);
  });
}

async function readPieces(
  { place, blake3, limit }: Remote,
  pack: number,
  {
    catalog,
    wanted,
    found,
    onBytes,
  }: ListReaderOptions & { readonly wanted: ObjectSet; readonly found: Map<string, Buffer> },
): Promise<void> {
  const { rows } = catalog;
  const key = packKey(rows.packs[pack]?.name as Parameters<typeof packKey>[0]);
  const isWanted = (own: Buffer, at: number): boolean => wanted.has(own, at);
  const pieces = [...piecesOf(rows.rowsOf(pack), { isWanted, gap: GAP, most: PIECE })];
  await Promise.all(
    pieces.map(({ offset, length, objects }) =>
      limit(length, async () => {
        const bytes = await place.read(key, { offset, length });
        onBytes?.(bytes?.length ?? 0);
        for (const object of objects) {
          const at = object.offset - offset;
          const own = bytes?.subarray(at, at + object.length);
          if (own !== undefined && blake3.raw(own).equals(object.digest))
            found.set(hex(object.digest), Buffer.from(own));
        }
      }),
    ),
  );
}

/** A list that is too large for a pack. */
async function readLoose({ place, blake3, limit }: Remote, digest: RawDigest): Promise<[string, Buffer][]> {
  return limit(PIECE, async () => {
    const bytes = await place.read(looseKey(digestOfRaw(digest)), { offset: 0, length: LARGEST_LIST });
    return bytes !== undefined && blake3.raw(bytes).equals(digest) ? [[hex(digest), bytes]] : [];
  });
}
