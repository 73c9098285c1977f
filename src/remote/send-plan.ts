import { checkAborted } from '../kit/abort.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { eachAtOnce } from './byte-limit.ts';
import type { Catalog } from './catalog.ts';
import type { Progressed } from './progressed.ts';
import type { LocalObjects } from './local-objects.ts';
import { ObjectSet } from './object-set.ts';
import { PackPlanner } from './pack-image.ts';
import type { PushPlan } from './plan-push.ts';
import { packsOf } from './plan-push.ts';
import type { RemoteLease } from './remote-lease.ts';
import type { Remote } from './remote.ts';
import { packKey } from './remote-layout.ts';
import { removeDamaged } from './remove-damaged.ts';
import { sendBuiltPack, sendLarge, sendWholePack } from './send.ts';
import type { PackTable } from './tables.ts';
import { rowsOf } from './tables.ts';
import type { RemoteUpkeep } from './upkeep/remote-upkeep.ts';
import type { VerifiedRemote } from './verify-remote.ts';
import { salvagePack } from './verify-remote.ts';

/** Thrown when a collection was waited for in the middle, or the lease has lapsed: what is relied on may have gone. */
export class LookAgain extends Error {}

/** Packs and large objects that are sent at once; how much of them is held is limited apart. */
const UNITS_AT_ONCE = 16;

/** What is held of a large object while it is sent in parts. */
const HELD_OF_LARGE = 32 << 20;

export interface SendingOptions {
  readonly catalog: Catalog;
  readonly plan: PushPlan;
  readonly local: LocalObjects;
  readonly verified: VerifiedRemote | undefined;
  readonly lease: RemoteLease;
  /** Of who has the remote to itself already. */
  readonly upkeep?: RemoteUpkeep | undefined;
  readonly onProgress?: ((done: Progressed) => void) | undefined;
}

/** Does what a plan says, and keeps account of it. */
export class Sending {
  readonly #remote: Remote;
  readonly #store: ObjectStore;
  readonly #options: SendingOptions;
  /** Packs that were written. */
  readonly packs: PackTable[] = [];
  /** What was sent. */
  readonly done = { objects: 0, bytes: 0, large: 0 };
  /** What the local store did not have any more, or held damaged. */
  readonly lost = new ObjectSet();

  constructor(remote: Remote, store: ObjectStore, options: SendingOptions) {
    this.#remote = remote;
    this.#store = store;
    this.#options = options;
  }

  /** @throws {LookAgain} */
  async run(): Promise<void> {
    const { plan, catalog } = this.#options;
    const isNew = (name: Digest): boolean => !catalog.listed.has(name);
    const units: (() => Promise<void>)[] = [
      ...plan.large.map((object) => () => this.#sendLarge(object)),
      ...plan.whole.map((table) => () => this.#sendWhole(table, isNew(table.name))),
      ...plan.built.map((table) => () => this.#sendBuilt(table, isNew(table.name))),
    ];
    await eachAtOnce(units, UNITS_AT_ONCE, async (unit) => {
      checkAborted(this.#remote.signal);
      await unit();
    });
    await this.#replaceDamaged();
  }

  /** What was wrong has been sent by now: what is right of the packs that held it is packed anew. */
  async #replaceDamaged(): Promise<void> {
    const { plan, catalog, verified, lease, upkeep } = this.#options;
    const written = new Set(packsOf(plan));
    const packs: number[] = [];
    for (const name of verified?.packs ?? []) {
      const pack = catalog.rows.packs.findIndex((each) => each.name === name);
      if (pack < 0 || written.has(name)) continue;
      // Where every object is right, the pack comes out under its own name.
      if (!(await this.#salvage(pack)).has(name)) packs.push(pack);
    }
    if (packs.length > 0) await removeDamaged(this.#remote, { catalog, packs, lease, upkeep });
  }

  async #sendWhole(table: PackTable, isNew: boolean): Promise<void> {
    if (await sendWholePack(this.#remote, this.#store, { table, isNew })) {
      this.#note(table);
      return;
    }
    // Something of it is damaged here: the rest goes, and what is damaged is set aside when it is read.
    await this.#sendRest(table, (digest) => this.#store.read(digestOfRaw(digest), Infinity) === undefined);
  }

  async #sendBuilt(table: PackTable, isNew: boolean): Promise<void> {
    const lost = await sendBuiltPack(this.#remote, this.#store, { table, isNew });
    if (lost.length === 0) {
      this.#note(table);
      return;
    }
    const gone = new Set(lost.map((digest) => digest.toString('hex')));
    await this.#sendRest(table, (digest) => gone.has(digest.toString('hex')));
  }

  /** Sends what is left of a pack when objects of it cannot be had. */
  async #sendRest(table: PackTable, isGone: (digest: RawDigest) => boolean): Promise<void> {
    const planner = new PackPlanner(this.#remote.blake3);
    const rest: PackTable[] = [];
    for (const { digest, length } of rowsOf(table)) {
      const full = isGone(digest) ? undefined : planner.add(digest, length);
      if (isGone(digest)) this.lost.add(digest, 0, { size: length });
      if (full !== undefined) rest.push(full);
    }
    const last = planner.end();
    for (const each of last === undefined ? rest : [...rest, last]) {
      await this.#cover(each);
      await this.#sendBuilt(each, true);
    }
  }

  /** Names a pack that was not planned for in the lease. */
  async #cover({ name }: PackTable): Promise<void> {
    const { lease } = this.#options;
    lease.add([packKey(name)]);
    if (await lease.settle()) throw new LookAgain();
  }

  async #sendLarge({ digest, size }: PushPlan['large'][number]): Promise<void> {
    const onBytes = (bytes: number): void => {
      this.#step(0, bytes);
    };
    const isSent = await this.#remote.limit(Math.min(size, HELD_OF_LARGE), () =>
      sendLarge(this.#remote, this.#store, { digest, size, onBytes }),
    );
    if (isSent) this.done.large += 1;
    else this.lost.add(digest, 0, { size });
    this.#step(isSent ? 1 : 0, 0);
  }

  /** @returns the packs that hold now what is right of one that holds wrong bytes */
  async #salvage(pack: number): Promise<ReadonlySet<Digest>> {
    const { catalog } = this.#options;
    const written = new Set<Digest>();
    const write = async (table: PackTable, bytes: Buffer): Promise<void> => {
      await this.#cover(table);
      await this.#remote.place.write(packKey(table.name), [bytes]);
      this.packs.push(table);
      written.add(table.name);
    };
    await salvagePack(this.#remote, catalog, { pack, write });
    return written;
  }

  #note(table: PackTable): void {
    this.packs.push(table);
    let [objects, bytes] = [0, 0];
    for (const { length } of rowsOf(table)) {
      objects += 1;
      bytes += length;
    }
    this.#step(objects, bytes);
  }

  #step(objects: number, bytes: number): void {
    this.done.objects += objects;
    this.done.bytes += bytes;
    const { count: totalObjects, bytes: totalBytes } = this.#options.local.found;
    this.#options.onProgress?.({ objects: this.done.objects, bytes: this.done.bytes, totalObjects, totalBytes });
  }
}
