import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { ROW, footerOf } from '../store/pack.ts';
import { eachAtOnce } from './byte-limit.ts';
import type { Catalog } from './catalog.ts';
import type { Progressed } from './progressed.ts';
import { presentLoose } from './loose-presence.ts';
import { ObjectSet } from './object-set.ts';
import { PackPlanner, packImage } from './pack-image.ts';
import type { PackPiece, PieceObject } from './pack-pieces.ts';
import { piecesOf } from './pack-pieces.ts';
import type { KnownBefore } from './presence.ts';
import { PIECE } from './read-object.ts';
import { isLargeRight } from './receive-large.ts';
import type { Remote } from './remote.ts';
import { LARGEST_PACKED, looseKey, packKey } from './remote-layout.ts';
import type { PackTable } from './tables.ts';

/** What was found when every byte was read that somebody relies on. */
export interface VerifiedRemote {
  /** Objects whose bytes there are not the right ones. */
  readonly wrong: ObjectSet;
  /** The packs that they lie in, and those whose tables are not right. */
  readonly packs: ReadonlySet<Digest>;
}

/** Bytes between two objects that are rather read than asked past. */
const GAP = 128 << 10;

/** Packs that are read at once; how much of them is held is limited apart. */
const PACKS_AT_ONCE = 8;

/** Pieces of a pack that are read at once. */
const PIECES_AT_ONCE = 4;

export interface VerifyOptions extends Pick<KnownBefore, 'sizeOf'> {
  readonly objects: ObjectSet;
  /** Told how much was read, of how much. */
  readonly onProgress?: ((done: Progressed) => void) | undefined;
}

/** Reads every byte of some objects as far as a remote has them, and checks it. */
export async function verifyRemote(
  remote: Remote,
  { rows }: Pick<Catalog, 'rows'>,
  { objects, onProgress, sizeOf }: VerifyOptions,
): Promise<VerifiedRemote> {
  const wrong = new ObjectSet();
  const damaged = new Set<Digest>();
  const packs = new Set<number>();
  const alone: { readonly digest: RawDigest; readonly size: number | undefined }[] = [];
  const read = { objects: 0, bytes: 0, totalObjects: 0, totalBytes: 0 };
  const tell = (more: number, bytes: number): void => {
    read.objects += more;
    read.bytes += bytes;
    onProgress?.({ ...read });
  };
  for (const { digest, size } of objects.entries()) {
    const place = rows.find(digest);
    const known = size ?? sizeOf?.(digest, 0);
    if (place !== undefined) {
      packs.add(place.pack);
      read.totalObjects += 1;
      read.totalBytes += place.length;
    } else if (known === undefined || known > LARGEST_PACKED) alone.push({ digest, size: known });
  }
  const loose = await presentLoose(remote.place, alone);
  read.totalObjects += loose.count;
  read.totalBytes += loose.bytes;
  await eachAtOnce(packs, PACKS_AT_ONCE, async (pack) => {
    const isWanted = (own: Buffer, at: number): boolean => objects.has(own, at) && rows.packOf(own, at) === pack;
    await eachObject(remote, { rows, pack, isWanted }, (object, bytes) => {
      tell(1, object.length);
      if (bytes !== undefined && remote.blake3.raw(bytes).equals(object.digest)) return;
      wrong.add(object.digest, 0, { size: object.length });
      damaged.add(rows.packs[pack]?.name as Digest);
    });
    if (!(await isTableRight(remote, rows, pack))) damaged.add(rows.packs[pack]?.name as Digest);
  });
  for (const { digest, size = 0 } of loose.entries()) {
    const object = { digest, size, key: looseKey(digestOfRaw(digest)), offset: 0 };
    const onBytes = (bytes: number): void => {
      tell(0, bytes);
    };
    if (!(await isLargeRight(remote, object, onBytes))) wrong.add(digest, 0, { size });
    tell(1, 0);
  }
  return { wrong, packs: damaged };
}

/** Whether every object of a pack is right, and its table. */
export async function isPackRight(remote: Remote, { rows }: Pick<Catalog, 'rows'>, pack: number): Promise<boolean> {
  let isRight = await isTableRight(remote, rows, pack);
  if (!isRight) return false;
  await eachObject(remote, { rows, pack, isWanted: () => true }, ({ digest }, bytes) => {
    if (bytes === undefined || !remote.blake3.raw(bytes).equals(digest)) isRight = false;
  });
  return isRight;
}

/** Whether the table at the end of a pack is the right one: others may have no other way to know what lies in it. */
async function isTableRight({ place, limit }: Remote, rows: Catalog['rows'], pack: number): Promise<boolean> {
  const { name, end } = rows.packs[pack] as Catalog['rows']['packs'][number];
  const own = rows.rowsOf(pack);
  const table = Buffer.concat([own, footerOf(own.length / ROW, end)]);
  return limit(table.length, async () => {
    const bytes = await place.read(packKey(name), { offset: end, length: table.length });
    return bytes?.equals(table) === true;
  });
}

interface Read {
  readonly rows: Catalog['rows'];
  readonly pack: number;
  readonly isWanted: (own: Buffer, at: number) => boolean;
}

/** Reads objects of a pack, several pieces at once. */
async function eachObject(
  { place, limit }: Pick<Remote, 'place' | 'limit'>,
  { rows, pack, isWanted }: Read,
  use: (object: PieceObject, bytes: Buffer | undefined) => void,
): Promise<void> {
  const key = packKey(rows.packs[pack]?.name as Digest);
  await eachAtOnce(piecesOf(rows.rowsOf(pack), { isWanted, gap: GAP, most: PIECE }), PIECES_AT_ONCE, (piece) =>
    limit(piece.length, async () => {
      const bytes = await place.read(key, { offset: piece.offset, length: piece.length });
      for (const object of piece.objects) use(object, bytesOf(object, piece, bytes));
    }),
  );
}

function bytesOf({ offset, length }: PieceObject, piece: PackPiece, bytes: Buffer | undefined): Buffer | undefined {
  const at = offset - piece.offset;
  return bytes === undefined || bytes.length < at + length ? undefined : bytes.subarray(at, at + length);
}

/**
 * Takes what is right of a damaged pack into new packs, so that it can be removed.
 * @param write is given each new pack
 */
export async function salvagePack(
  remote: Remote,
  { rows }: Pick<Catalog, 'rows'>,
  { pack, write }: { readonly pack: number; readonly write: (table: PackTable, bytes: Buffer) => Promise<void> },
): Promise<void> {
  const planner = new PackPlanner(remote.blake3);
  let held = new Map<string, Buffer>();
  const flush = async (table: PackTable | undefined): Promise<void> => {
    if (table === undefined) return;
    const image = packImage(table, (digest) => held.get(digest.toString('hex')));
    held = new Map();
    if ('pack' in image) await write(table, image.pack);
  };
  const key = packKey(rows.packs[pack]?.name as Digest);
  for (const piece of piecesOf(rows.rowsOf(pack), { isWanted: () => true, gap: GAP, most: PIECE })) {
    const bytes = await remote.place.read(key, { offset: piece.offset, length: piece.length });
    for (const object of piece.objects) {
      const own = bytesOf(object, piece, bytes);
      if (own === undefined || !remote.blake3.raw(own).equals(object.digest)) continue;
      held.set(object.digest.toString('hex'), Buffer.from(own));
      await flush(planner.add(object.digest, object.length));
    }
  }
  await flush(planner.end());
}
