import { checkAborted } from '../kit/abort.ts';
import { isDoneNow } from '../kit/chunks.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { PACKED_BYTES } from '../store/pack.ts';
import type { SpareWriting } from '../store/spare.ts';
import type { StoreWriter } from '../store/store-writer.ts';
import type { Catalog } from './catalog.ts';
import { eachAtOnce } from './byte-limit.ts';
import type { Amount } from './fetch-needs.ts';
import { expectedBytes, findLarge, neededOf, startThreads, withoutHugeLists } from './fetch-needs.ts';
import { GroupProgress } from './group-progress.ts';
import { HeldPack } from './held-pack.ts';
import { ObjectSet } from './object-set.ts';
import type { PackPiece, PieceObject, WholePiece } from './pack-pieces.ts';
import { piecesOf } from './pack-pieces.ts';
import type { PickedPack } from './plan-fetch.ts';
import { isTakenFrom, planFetch } from './plan-fetch.ts';
import type { ListReader } from './read-lists.ts';
import { listReader, takePiece } from './read-lists.ts';
import { PIECE } from './read-object.ts';
import type { LargeObject } from './receive-large.ts';
import { receiveLarge } from './receive-large.ts';
import type { Progressed } from './progressed.ts';
import type { Remote } from './remote.ts';
import { packKey } from './remote-layout.ts';
import type { Wanted, WantedRoot } from './wanted.ts';
import { findWanted } from './wanted.ts';

/** What came from a remote. */
export interface Fetched {
  /** Objects that came, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Wanted objects that the remote does not have. */
  readonly absent: ObjectSet;
  /** Wanted objects of which the remote holds wrong bytes. */
  readonly wrong: ObjectSet;
}

export interface FetchOptions {
  readonly roots: readonly WantedRoot[];
  /** Told how far it is: objects and bytes that came, of how many. */
  readonly onProgress?: ((done: Progressed) => void) | undefined;
  /**
   * Called when everything that came for a group of roots is in the store, one group after another. What it does is
   * waited for at the end, and not before the next group comes.
   */
  readonly onGroup?: ((group: number) => Promise<void>) | undefined;
  /** Begins the second copy of a large object of a group, where the workspace is about to get one. */
  readonly beginSpare?: ((group: number) => Promise<SpareWriting | undefined>) | undefined;
}

/** Bytes between two wanted objects that are rather read than asked past. */
const GAP = 128 << 10;

/** Packs and large objects that are worked on at once; how much of them is held is limited apart. */
const UNITS_AT_ONCE = 32;

/** Pieces of a pack that are asked for at once. */
const PIECES_AT_ONCE = 8;

/** Brings everything that roots need, and that is not here, from a remote; each object is checked. */
export async function fetchRoots(remote: Remote, store: ObjectStore, options: FetchOptions): Promise<Fetched> {
  store.hold();
  const work = new Fetching(remote, store, options);
  try {
    return await work.run(options.roots);
  } finally {
    await work.discard();
  }
}

/** What has to be done for a group, and cannot be divided further. */
interface Unit {
  readonly group: number;
  readonly run: () => Promise<void>;
}

/** What one look at a remote found, and what is wanted of it. */
interface Pass {
  readonly catalog: Catalog;
  readonly wanted: ObjectSet;
  readonly needed: ObjectSet;
  readonly lists: ListReader | undefined;
}

class Fetching {
  readonly #remote: Remote;
  readonly #store: ObjectStore;
  readonly #options: FetchOptions;
  readonly #writer: StoreWriter;
  /** What the remote does not have. */
  #absent = new ObjectSet();
  /** What came and was not right. */
  #wrong = new ObjectSet();
  /** What the remote had when it was looked at, and not when it was read. */
  #gone = new ObjectSet();
  /** Packs of which something was not right. */
  readonly #doubtful = new Set<Digest>();
  #lists: ListReader | undefined;
  /** Lists that came while it was looked for what is wanted. */
  #early = 0;
  #progress: GroupProgress | undefined;
  #isOver = false;
  #done = { objects: 0, bytes: 0 };
  #total = { objects: 0, bytes: 0 };

  constructor(remote: Remote, store: ObjectStore, options: FetchOptions) {
    this.#remote = remote;
    this.#store = store;
    this.#options = options;
    this.#writer = store.writer();
  }

  async run(roots: readonly WantedRoot[]): Promise<Fetched> {
    startThreads(roots, this.#store);
    const groups = roots.map(({ group = 0 }) => group);
    const finish = async (group: number): Promise<void> => {
      await this.#writer.finish();
      if (!this.#isOver) await this.#options.onGroup?.(group);
    };
    // What may come from elsewhere later is waited for.
    const progress = new GroupProgress(groups, finish, () => this.#wrong.count + this.#gone.count === 0);
    this.#progress = progress;
    const { needed, unknown } = await this.#bring(roots, progress);
    await this.#writer.finish();
    // Lists that came only now tell of more.
    const isMore = unknown.some((digest) => this.#store.has(digest));
    const more = isMore ? await fetchRoots(this.#remote, this.#store, { roots }) : undefined;
    await progress.end();
    const failed = this.#absent.count + this.#wrong.count;
    return {
      objects: this.#early + needed - failed + (more?.objects ?? 0),
      bytes: this.#done.bytes + (more?.bytes ?? 0),
      absent: more?.absent ?? this.#absent,
      wrong: more?.wrong ?? this.#wrong,
    };
  }

  /**
   * Brings what the remote has. What is known of it and of what is wanted, 100 MB for a million files, goes when this ends:
   * what groups are finished with may take as much, and goes on.
   * @returns how many objects were needed, and the lists that nobody has
   */
  async #bring(
    roots: readonly WantedRoot[],
    progress: GroupProgress,
  ): Promise<Pick<Wanted, 'unknown'> & { readonly needed: number }> {
    const catalog = await this.#remote.look();
    const { objects: wanted, unknown } = await this.#findWanted(roots, catalog);
    const needed = wanted.filter((digest, at) => !this.#writer.has(digest, at));
    await this.#pass({ catalog, wanted, needed, lists: this.#lists }, progress);
    this.#lists = undefined;
    await this.#rescue(wanted);
    return { needed: needed.count, unknown };
  }

  /** To be called in any case: nothing of it goes on afterwards. */
  async discard(): Promise<void> {
    this.#isOver = true;
    this.#writer.discard();
    for (const held of this.#lists?.held.values() ?? []) held.discard();
    await this.#progress?.abandon();
  }

  async #findWanted(roots: readonly WantedRoot[], catalog: Catalog): Promise<Wanted> {
    const { signal } = this.#remote;
    const expected = expectedBytes(roots, this.#store);
    const lists = listReader(this.#remote, { catalog, store: this.#store, expected });
    this.#lists = lists;
    const remote = async (digests: readonly RawDigest[]): Promise<(Buffer | undefined)[]> => {
      const found = await lists.read(digests);
      for (const [at, bytes] of found.entries()) {
        const digest = digests[at];
        const pack = digest && catalog.rows.find(digest)?.pack;
        // Those of a pack that came as a whole are in the store when it is.
        if (digest === undefined || bytes === undefined || (pack !== undefined && lists.held.has(pack))) continue;
        await this.#take(digest, bytes, true);
        this.#early += 1;
        this.#done.bytes += bytes.length;
        this.#done.objects += 1;
      }
      return found;
    };
    return findWanted(roots, { local: (digest) => this.#store.read(digest), remote, signal });
  }

  /** Brings what is needed, as far as the remote has it. */
  async #pass(pass: Pass, progress?: GroupProgress): Promise<void> {
    const { wanted, catalog } = pass;
    const needed = withoutHugeLists(pass.needed, catalog.rows, this.#wrong);
    const plan = planFetch(catalog.rows, { wanted, needed, packedBytes: PACKED_BYTES });
    const { objects, bytes } = this.#done;
    this.#total = { objects: objects + needed.count, bytes: bytes + plan.bytes };
    const adopted = new Set(plan.adopt.map(({ pack }) => pack));
    const large = await findLarge(this.#remote.place, plan.unpacked, { absent: this.#absent, wrong: this.#wrong });
    const units: Unit[] = [
      ...plan.adopt.map((pack) => ({ group: pack.group, run: () => this.#adopt(pack, { ...pass, needed }) })),
      ...plan.pick.map((pack) => ({ group: pack.group, run: () => this.#pick(pack, { ...pass, needed }, adopted) })),
      ...large.map(({ group, ...object }) => ({ group, run: () => this.#receive(object, group) })),
    ];
    units.sort((a, b) => a.group - b.group);
    for (const { group } of units) progress?.expect(group);
    progress?.finishReady();
    await eachAtOnce(units, UNITS_AT_ONCE, async ({ group, run }) => {
      checkAborted(this.#remote.signal);
      await run();
      progress?.done(group);
    });
  }

  /** Takes a pack as it is; where something of it is wrong, what is right of it. */
  async #adopt(picked: PickedPack, pass: Pass): Promise<void> {
    const { catalog: { rows }, needed } = pass; // prettier-ignore
    const info = rows.packs[picked.pack];
    if (info === undefined) return;
    const known = pass.lists?.held.get(picked.pack);
    const held = known ?? HeldPack.begin({ ...info, rows: rows.rowsOf(picked.pack) }, this.#store, this.#remote.blake3);
    if (held === undefined) {
      await this.#pick(picked, pass, new Set());
      return;
    }
    try {
      const takeNew = async (piece: WholePiece): Promise<void> => {
        await takePiece(this.#remote, { key: packKey(info.name), held, piece });
        this.#step(neededOf(piece.rows, needed));
      };
      if (known === undefined) await Promise.all(held.pieces.map(takeNew));
      else this.#step({ objects: picked.count, bytes: picked.bytes });
      if (await held.adopt(this.#store)) return;
      await this.#takeFrom(held, { name: info.name, needed });
      // They have not come, after all.
      for (const { digest, size: bytes = 0 } of (await held.wrong()).entries())
        if (needed.has(digest)) this.#step({ objects: -1, bytes: -bytes });
    } finally {
      held.discard();
    }
  }

  /** Takes from a pack that came as a whole what is right and needed. */
  async #takeFrom(
    held: HeldPack,
    { name, needed }: { readonly name: Digest; readonly needed: ObjectSet },
    onTaken?: (digest: RawDigest, bytes: Buffer) => void,
  ): Promise<void> {
    for (const { digest, bytes } of held.objects((each) => needed.has(each))) {
      await this.#take(digest, bytes, needed.find(digest)?.size === undefined);
      onTaken?.(digest, bytes);
    }
    for (const { digest, size } of (await held.wrong()).entries()) {
      if (!needed.has(digest)) continue;
      this.#doubtful.add(name);
      this.#wrong.add(digest, 0, { size });
    }
  }

  async #pick({ pack, isMost }: PickedPack, pass: Pass, adopted: ReadonlySet<number>): Promise<void> {
    const { needed, catalog, lists } = pass;
    const { rows } = catalog;
    const info = rows.packs[pack];
    if (info === undefined) return;
    const held = lists?.held.get(pack);
    if (held !== undefined) {
      const isTaken = (own: Buffer): boolean => isTakenFrom(rows, { pack, adopted }, { own, at: 0 });
      await this.#takeFrom(held, { name: info.name, needed }, (digest, bytes) => {
        if (isTaken(digest)) this.#step({ objects: 1, bytes: bytes.length });
      });
      held.discard();
      return;
    }
    const isWanted = (own: Buffer, at: number): boolean =>
      needed.has(own, at) && isTakenFrom(rows, { pack, adopted }, { own, at });
    const pieces = piecesOf(rows.rowsOf(pack), { isWanted, gap: isMost ? PIECE : GAP, most: PIECE });
    await eachAtOnce(pieces, PIECES_AT_ONCE, (piece) => this.#takePiece(info.name, piece, needed));
  }

  async #takePiece(name: Digest, piece: PackPiece, needed: ObjectSet): Promise<void> {
    const { offset, length, objects } = piece;
    const key = packKey(name);
    const [only] = objects;
    if (only !== undefined && length > 2 * PIECE) {
      await this.#receive({ digest: only.digest, size: length, key, offset });
      return;
    }
    await this.#remote.limit(length, async () => {
      const bytes = await this.#remote.place.read(key, { offset, length });
      for (const object of objects) {
        const at = object.offset - offset;
        const own = bytes?.subarray(at, at + object.length);
        if (own === undefined) this.#gone.add(object.digest, 0, { size: object.length });
        else if (await this.#takeIfRight(object, own, needed)) this.#step({ objects: 1, bytes: object.length });
        else {
          this.#doubtful.add(name);
          this.#wrong.add(object.digest, 0, { size: object.length });
        }
      }
    });
  }

  async #takeIfRight({ digest, length }: PieceObject, bytes: Buffer, needed: ObjectSet): Promise<boolean> {
    const size = needed.find(digest)?.size;
    if (bytes.length !== (size ?? length) || !this.#remote.blake3.raw(bytes).equals(digest)) return false;
    await this.#take(digest, bytes, size === undefined);
    return true;
  }

  async #receive(object: LargeObject, group?: number): Promise<void> {
    let came = 0;
    const onBytes = (bytes: number): void => {
      came += bytes;
      this.#step({ objects: 0, bytes });
    };
    const { beginSpare: begin } = this.#options;
    // What is not large is copied as fast as it is written twice.
    const beginSpare = begin && group !== undefined && !isDoneNow(object.size) ? () => begin(group) : undefined;
    const isRight = await receiveLarge(this.#remote, this.#store, { object, onBytes, beginSpare });
    if (!isRight) this.#wrong.add(object.digest, 0, { size: object.size });
    this.#step(isRight ? { objects: 1, bytes: 0 } : { objects: 0, bytes: -came });
  }

  /** What was not right, or had gone, may lie elsewhere: in another pack, or in one that was written meanwhile. */
  async #rescue(wanted: ObjectSet): Promise<void> {
    if (this.#wrong.count + this.#gone.count === 0) return;
    const [wrong, gone, absent] = [this.#wrong, this.#gone, this.#absent];
    [this.#wrong, this.#gone, this.#absent] = [new ObjectSet(), new ObjectSet(), new ObjectSet()];
    const found = await this.#remote.look();
    const catalog = { ...found, rows: found.rows.without((name) => this.#doubtful.has(name)) };
    const needed = new ObjectSet();
    for (const set of [wrong, gone]) for (const { digest, size } of set.entries()) needed.add(digest, 0, { size });
    await this.#pass({ catalog, wanted, needed, lists: undefined });
    // Of what is nowhere else, the first look has told whether it was there.
    for (const set of [this.#absent, this.#gone]) {
      for (const { digest, size } of set.entries()) (wrong.has(digest) ? this.#wrong : absent).add(digest, 0, { size });
    }
    this.#absent = absent;
  }

  async #take(digest: RawDigest, bytes: Buffer, isList = false): Promise<void> {
    const isLoose = bytes.length > PACKED_BYTES && !isList;
    const isDue = isLoose ? this.#writer.addLooseNow(digest, bytes) : this.#writer.addNow(digest, bytes);
    if (isDue) await this.#writer.settle();
  }

  #step({ objects, bytes }: Amount): void {
    this.#done = { objects: this.#done.objects + objects, bytes: this.#done.bytes + bytes };
    const { objects: totalObjects, bytes: totalBytes } = this.#total;
    this.#options.onProgress?.({ ...this.#done, totalObjects, totalBytes });
  }
}
