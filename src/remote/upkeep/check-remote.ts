import { checkAborted } from '../../kit/abort.ts';
import type { Digest, RawDigest } from '../../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../../kit/digest.ts';
import { FRAME_HEAD, PACK_HEADER, ROW, footerOf, writeFrameHead } from '../../store/pack.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { PlaceEntry } from '../../store/place/place.ts';
import { eachAtOnce } from '../byte-limit.ts';
import type { Catalog } from '../catalog.ts';
import { ObjectSet } from '../object-set.ts';
import type { PackPiece } from '../pack-pieces.ts';
import { piecesOf, wholePieces } from '../pack-pieces.ts';
import { PIECE, listAll } from '../read-object.ts';
import { isLargeRight } from '../receive-large.ts';
import type { Remote } from '../remote.ts';
import { KEYS, looseOfKey, packKey } from '../remote-layout.ts';
import { rowsOf } from '../tables.ts';
import type { RemoteRun } from './read-runs.ts';
import { readRuns } from './read-runs.ts';
import { planTables } from './rewrite-tables.ts';
import { scanPack } from './scan-pack.ts';

/** A pack of a remote that is not as it should be. */
export interface DamagedRemotePack {
  readonly name: Digest;
  /** Its number in the catalog; `undefined` when its table cannot be had. */
  readonly number: number | undefined;
  /** Objects of which it holds wrong bytes, as far as it is known what it should hold. */
  readonly wrong: readonly Digest[];
  /** Whether what tells of its objects is wrong: the table at its end, or what stands before them. */
  readonly isTableDamaged: boolean;
}

/** What came out of reading every byte of a remote. */
export interface CheckedRemote {
  readonly catalog: Catalog;
  /** Objects of which the remote has right bytes. */
  readonly right: ObjectSet;
  readonly bytes: number;
  readonly runs: readonly RemoteRun[];
  readonly damagedPacks: readonly DamagedRemotePack[];
  readonly damagedLoose: readonly { readonly key: string; readonly digest: Digest; readonly size: number }[];
  /** Keys. */
  readonly damagedTables: readonly string[];
}

/** Packs that are read at once; how much of them is held is limited apart. */
const PACKS_AT_ONCE = 4;

/** Pieces of a pack, and large objects, that are read at once. */
const AT_ONCE = 4;

/**
 * Reads every byte of a remote that says what it is: objects, packs, tables, run records. Nothing is written.
 * @param onProgress told of files and bytes
 */
export async function checkRemote(
  remote: Remote,
  store: ObjectStore,
  onProgress: (done: number, total: number, bytes: { readonly done: number; readonly total: number }) => void,
): Promise<CheckedRemote> {
  const catalog = await remote.look();
  const loose = await listAll(remote.place, KEYS.loose);
  const work = new Checking(remote, catalog);
  const total = [...loose.map(({ size }) => size), ...catalog.listed.values()];
  const totalBytes = total.reduce((sum, size) => sum + size, 0);
  let files = 0;
  const step = (): void => {
    files += 1;
    onProgress(files, total.length, { done: work.bytes, total: totalBytes });
  };
  await eachAtOnce(catalog.rows.packs.keys(), PACKS_AT_ONCE, async (number) => {
    await work.checkPack(number);
    step();
  });
  for (const name of catalog.broken) {
    await work.scan(name);
    step();
  }
  await eachAtOnce(loose, AT_ONCE, async (entry) => {
    await work.checkLoose(entry);
    step();
  });
  const { damaged } = await planTables(remote, catalog);
  return {
    catalog,
    right: work.right,
    bytes: work.bytes,
    runs: await readRuns(remote, store, { isTrusted: false }),
    damagedPacks: work.damagedPacks,
    damagedLoose: work.damagedLoose,
    damagedTables: damaged,
  };
}

class Checking {
  readonly #remote: Remote;
  readonly #catalog: Catalog;
  readonly right = new ObjectSet();
  bytes = 0;
  readonly damagedPacks: DamagedRemotePack[] = [];
  readonly damagedLoose: { key: string; digest: Digest; size: number }[] = [];

  constructor(remote: Remote, catalog: Catalog) {
    this.#remote = remote;
    this.#catalog = catalog;
  }

  async checkPack(number: number): Promise<void> {
    checkAborted(this.#remote.signal);
    const { rows } = this.#catalog;
    const { name, end } = rows.packs[number] as { readonly name: Digest; readonly end: number };
    const own = rows.rowsOf(number);
    const whole = wholePieces(own, end, PIECE);
    const pieces =
      whole?.map((piece) => ({ ...piece, objects: [...rowsOf(piece)] })) ??
      piecesOf(own, { isWanted: () => true, gap: 0, most: PIECE });
    const wrong: Digest[] = [];
    let isHeadWrong = !(await this.#holds(name, 0, PACK_HEADER));
    await eachAtOnce(pieces, AT_ONCE, async (piece) => {
      const heads = await this.#checkPiece(name, piece, { wrong, hasHeads: whole !== undefined });
      if (!heads) isHeadWrong = true;
    });
    const table = Buffer.concat([own, footerOf(own.length / ROW, end)]);
    const isTableRight = await this.#holds(name, end, table);
    if (wrong.length > 0 || isHeadWrong || !isTableRight) {
      this.damagedPacks.push({ name, number, wrong, isTableDamaged: isHeadWrong || !isTableRight });
    }
  }

  /** Whether a pack holds just these bytes at a place. */
  async #holds(name: Digest, offset: number, expected: Buffer): Promise<boolean> {
    const { place, limit } = this.#remote;
    return limit(expected.length, async () => {
      const bytes = await place.read(packKey(name), { offset, length: expected.length });
      this.bytes += expected.length;
      return bytes?.equals(expected) === true;
    });
  }

  /** @returns whether what stands before the objects is right */
  async #checkPiece(
    name: Digest,
    { offset, length, objects }: PackPiece,
    { wrong, hasHeads }: { readonly wrong: Digest[]; readonly hasHeads: boolean },
  ): Promise<boolean> {
    const { place, limit, blake3 } = this.#remote;
    return limit(length, async () => {
      const bytes = await place.read(packKey(name), { offset, length });
      this.bytes += length;
      const head = Buffer.alloc(FRAME_HEAD);
      let areHeadsRight = true;
      for (const object of objects) {
        const at = object.offset - offset;
        const own = bytes !== undefined && bytes.length >= at + object.length ? bytes : undefined;
        const isRight = own !== undefined && blake3.raw(own.subarray(at, at + object.length)).equals(object.digest);
        if (isRight) this.right.add(object.digest, 0, { size: object.length });
        else wrong.push(digestOfRaw(object.digest));
        if (!hasHeads || own === undefined) continue;
        writeFrameHead(head, 0, object);
        if (own.compare(head, 0, FRAME_HEAD, at - FRAME_HEAD, at) !== 0) areHeadsRight = false;
      }
      return areHeadsRight;
    });
  }

  /** A pack whose table cannot be had, which does not count: what its frames say. */
  async scan(name: Digest): Promise<void> {
    const wrong: Digest[] = [];
    const size = this.#catalog.listed.get(name) ?? 0;
    await scanPack(this.#remote, { name, size }, ({ digest, bytes }) => {
      if (bytes === undefined) wrong.push(digestOfRaw(digest));
    });
    this.bytes += size;
    this.damagedPacks.push({ name, number: undefined, wrong, isTableDamaged: true });
  }

  async checkLoose({ key, size }: PlaceEntry): Promise<void> {
    checkAborted(this.#remote.signal);
    const digest = looseOfKey(key);
    if (digest === undefined) return;
    const raw: RawDigest = rawOfDigest(digest);
    const onBytes = (bytes: number): void => {
      this.bytes += bytes;
    };
    if (await isLargeRight(this.#remote, { digest: raw, size, key, offset: 0 }, onBytes))
      this.right.add(raw, 0, { size });
    else this.damagedLoose.push({ key, digest, size });
  }
}
