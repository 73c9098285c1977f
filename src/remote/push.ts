import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Entry } from '../store/tree.ts';
import { eachAtOnce } from './byte-limit.ts';
import type { Catalog } from './catalog.ts';
import { compactTables } from './compact-tables.ts';
import { isDenied, withNeeds } from './denied.ts';
import { lastLease, replaceLease } from './left-leases.ts';
import type { LocalObjects } from './local-objects.ts';
import { findLocal, localSize } from './local-objects.ts';
import type { NamedObject } from './name-objects.ts';
import { nameObjects } from './name-objects.ts';
import { ObjectSet } from './object-set.ts';
import type { PushPlan } from './plan-push.ts';
import { packsOf, planPush } from './plan-push.ts';
import { lookFor } from './presence.ts';
import { listReader } from './read-lists.ts';
import { keyOf, presentRecords } from './records.ts';
import type { StoredRecord } from './records.ts';
import type { RemoteLease } from './remote-lease.ts';
import { openRemoteLease } from './remote-lease.ts';
import type { Progressed } from './progressed.ts';
import type { Remote } from './remote.ts';
import { hasFormat, writeFormat } from './remote.ts';
import { looseKey, packKey } from './remote-layout.ts';
import { LookAgain, Sending } from './send-plan.ts';
import type { RemoteUpkeep } from './upkeep/remote-upkeep.ts';
import { verifyRemote } from './verify-remote.ts';
import type { VerifiedRemote } from './verify-remote.ts';
import { findWanted } from './wanted.ts';

/** Something that is to be in a remote, and where it lies in the project. */
export interface PushRoot {
  readonly entry: Entry;
  readonly path: string;
  /** Lists of the folders around it, of which nothing else is meant. */
  readonly around?: readonly Digest[];
}

export interface PushOptions {
  readonly roots: readonly PushRoot[];
  /** Run records that go with them, each only when all of its outs are there. */
  readonly records: readonly StoredRecord[];
  /** Logs of runs that go with them. */
  readonly logs: readonly Digest[];
  /** Only say what would be sent. */
  readonly dry: boolean;
  /** Read every byte there that this push relies on; or what came out when it was read. */
  readonly verify: boolean | VerifiedRemote;
  /** Of who has the remote to itself already. */
  readonly upkeep?: RemoteUpkeep | undefined;
  readonly onProgress?: ((done: Progressed) => void) | undefined;
  /** Told how much was read for `verify`. */
  readonly onVerify?: ((done: Progressed) => void) | undefined;
  /** Told when a collection of the remote has to be waited for. */
  readonly onWait?: (() => void) | undefined;
}

/** What a push did, or would do. */
export interface Pushed {
  /** Objects that belong to it. */
  readonly wanted: number;
  /** Objects that were sent, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Packs that were sent, and objects that went alone. */
  readonly packs: number;
  readonly large: number;
  /** Run records that were sent. */
  readonly records: number;
  /** Objects there that held wrong bytes (`verify`). */
  readonly wrong: number;
  /** Those of them that were replaced: the others are not here. */
  readonly replaced: number;
  /** What is neither here nor there, or damaged here. */
  readonly missing: readonly NamedObject[];
}

const NEEDS_RIGHTS =
  'pushing needs the rights to list, to get and to put: what is there is looked at, never taken for granted';

/**
 * Sends what roots need, and what a remote lacks of it (docs/formats.md, "Remote").
 * @throws {PipeError} PIPE_REMOTE_DENIED for who may not write there, unless nothing is to be sent, or may not look
 */
export async function push(remote: Remote, store: ObjectStore, options: PushOptions): Promise<Pushed> {
  const isThere = await hasFormat(remote.place).catch((error: unknown) => {
    throw withNeeds(error, NEEDS_RIGHTS);
  });
  store.hold();
  const work = new Pushing(remote, store, options);
  if (options.dry) return work.describe(await work.look(await remote.look()));
  try {
    return await sendAll(work, remote, { isThere, onWait: options.onWait });
  } catch (error) {
    // Who may only read need not write a lease to be told that there is nothing to do.
    const known = isDenied(error) && isThere ? await work.lookOnly() : undefined;
    if (known === undefined) throw withNeeds(error, NEEDS_RIGHTS);
    return work.describe(known);
  }
}

async function sendAll(
  work: Pushing,
  remote: Remote,
  { isThere, onWait }: Pick<PushOptions, 'onWait'> & { readonly isThere: boolean },
): Promise<Pushed> {
  const { place, signal, lasting, pollMs } = remote;
  const before = lastLease(remote.cache);
  const lease = await openRemoteLease(place, { signal, lasting, onWait, pollMs });
  try {
    for (;;) {
      const sent = await work.send(lease, isThere);
      if (sent === undefined || !(await lease.finish())) continue;
      await replaceLease(remote, lease, before);
      return sent;
    }
  } finally {
    await lease.close();
  }
}

/** What is known before anything is sent. */
interface Known {
  readonly catalog: Catalog;
  readonly objects: ObjectSet;
  /** What the remote lacks, or holds wrong. */
  readonly absent: ObjectSet;
  /** The keys of what it has. */
  readonly relied: ReadonlySet<string>;
  readonly local: LocalObjects;
  readonly plan: PushPlan;
  readonly verified: VerifiedRemote | undefined;
  /** The keys of the records that it has. */
  readonly recorded: ReadonlySet<string>;
}

/** Records that are sent at once. */
const RECORDS_AT_ONCE = 16;

class Pushing {
  readonly #remote: Remote;
  readonly #store: ObjectStore;
  readonly #options: PushOptions;
  #objects: ObjectSet | undefined;
  /** Lists that nobody has. */
  #unknown: ReadonlySet<Digest> = new Set();
  #verified: VerifiedRemote | undefined;
  /** What cannot be had: the local store lacks it, or holds it damaged. */
  #lost = new ObjectSet();
  #recordsSent = 0;

  constructor(remote: Remote, store: ObjectStore, options: PushOptions) {
    this.#remote = remote;
    this.#store = store;
    this.#options = options;
  }

  /** Looks at what is here and there, and plans. */
  async look(catalog: Catalog): Promise<Known> {
    const remote = this.#remote;
    const objects = await this.#findObjects(catalog);
    const sizeOf = (digest: RawDigest, at: number): number | undefined => localSize(this.#store, digest, at);
    this.#verified ??=
      this.#options.verify === true
        ? await verifyRemote(remote, catalog, { objects, sizeOf, onProgress: this.#options.onVerify })
        : this.#options.verify || undefined;
    const { wrong } = this.#verified ?? {};
    const isWrong = wrong && ((digest: RawDigest, at: number): boolean => wrong.has(digest, at));
    const { absent, keys } = await lookFor(remote, catalog, { objects, isWrong, sizeOf });
    const local = findLocal(this.#store, absent, remote);
    this.#lost = local.lost;
    const plan = planPush({ belongs: objects, absent: local.found, tableOf: local.tableOf }, remote.blake3);
    const recorded = await presentRecords(remote, this.#options.records);
    const relied = new Set([...keys, ...recorded]);
    return { catalog, objects, absent, relied, local, plan, verified: this.#verified, recorded };
  }

  /** What is here and there, if nothing of it is to be sent; `undefined` otherwise. */
  async lookOnly(): Promise<Known | undefined> {
    const known = await this.look(await this.#remote.look());
    const isNothing = known.local.found.count + (this.#verified?.packs.size ?? 0) === 0;
    return isNothing && this.#options.records.every((each) => known.recorded.has(keyOf(each))) ? known : undefined;
  }

  /** Sends what is to be sent; `undefined` when all must be looked at again. */
  async send(lease: RemoteLease, isThere: boolean): Promise<Pushed | undefined> {
    const { upkeep, onProgress } = this.#options;
    lease.add(this.#remembered());
    const known = await this.#settled(lease);
    const sending = new Sending(this.#remote, this.#store, { ...known, lease, upkeep, onProgress });
    this.#recordsSent = 0;
    try {
      if (!isThere) await writeFormat(this.#remote.place);
      await sending.run();
      for (const { digest, size } of sending.lost.entries()) this.#lost.add(digest, 0, { size });
      // Records are written only of what is known to be there still.
      if (!lease.holds()) throw new LookAgain();
      await this.#sendRecords(known);
      await compactTables(this.#remote, known.catalog, sending.packs);
    } catch (error) {
      if (error instanceof LookAgain) return undefined;
      throw error;
    }
    const packs = sending.packs.map(({ name }) => packKey(name));
    this.#remember([...new Set([...known.relied, ...packs, ...this.#writesAlone(known)])]);
    return this.describe(known, sending);
  }

  /** What was done; without it, what would be. */
  describe(known: Known, sent?: Sending): Pushed {
    const { plan, local, objects } = known;
    const would = {
      objects: local.found.count,
      bytes: local.found.bytes,
      packs: plan.whole.length + plan.built.length,
      large: plan.large.length,
      records: this.#options.records.filter((each) => !known.recorded.has(keyOf(each))).length,
    };
    const done = sent && { ...sent.done, packs: sent.packs.length, records: this.#recordsSent };
    return {
      wanted: objects.count,
      ...(done ?? would),
      wrong: this.#verified?.wrong.count ?? 0,
      replaced: [...(this.#verified?.wrong.entries() ?? [])].filter(({ digest }) => !this.#lost.has(digest)).length,
      missing: this.#missing(),
    };
  }

  /**
   * Looks until all that is relied on, or is about to be written, stands in the lease, was not about to be removed when
   * that was so, and was there then.
   */
  async #settled(lease: RemoteLease): Promise<Known> {
    for (;;) {
      await lease.settle();
      const known = await this.look(await this.#remote.look());
      const isCovered = lease.covers(known.relied);
      const writes = [...packsOf(known.plan).map(packKey), ...this.#writesAlone(known)];
      lease.add(known.relied);
      lease.add(writes);
      if (isCovered && (lease.covers(writes) || !(await lease.settle()))) return known;
    }
  }

  /** The keys of what is written beside packs. */
  #writesAlone({ plan }: Known): string[] {
    return [...plan.large.map(({ digest }) => looseKey(digestOfRaw(digest))), ...this.#options.records.map(keyOf)];
  }

  /** Everything that belongs to the push. Lists of folders that are not here are read there, and kept here. */
  async #findObjects(catalog: Catalog): Promise<ObjectSet> {
    if (this.#objects !== undefined) return this.#objects;
    const { roots, records, logs } = this.#options;
    const store = this.#store;
    const outs = records.flatMap(({ record }) => record.outs.map((out) => ({ entry: entryOf(out) })));
    const lists = listReader(this.#remote, { catalog, store, expected: 0 });
    const writer = store.writer();
    try {
      const { objects, unknown } = await findWanted([...roots, ...outs], {
        local: (digest) => store.read(digest),
        remote: async (digests) => {
          const found = await lists.read(digests);
          for (const [at, digest] of digests.entries()) {
            const bytes = found[at];
            if (bytes !== undefined && writer.addNow(digest, bytes)) await writer.settle();
          }
          return found;
        },
        // Of a log nobody says how long it is, either.
        alone: [...roots.flatMap(({ around = [] }) => around), ...logs],
        signal: this.#remote.signal,
      });
      await writer.finish();
      this.#objects = objects;
      this.#unknown = new Set(unknown);
      return objects;
    } finally {
      writer.discard();
    }
  }

  /** Records go when all that they name is there. */
  async #sendRecords({ recorded, objects }: Known): Promise<void> {
    const { records } = this.#options;
    const isLost = this.#lost.count + this.#unknown.size > 0;
    const read = (digest: Digest): Buffer | undefined => this.#store.read(digest);
    await eachAtOnce(records, RECORDS_AT_ONCE, async (each) => {
      if (recorded.has(keyOf(each))) return;
      const roots = each.record.outs.map((out) => ({ entry: entryOf(out), path: out.path }));
      const isMeant = (digest: RawDigest): boolean => this.#isLost(digest) || !objects.has(digest);
      if (isLost && nameObjects(roots, { isMeant, read }).length > 0) return;
      if (await this.#remote.place.write(keyOf(each), [each.bytes])) this.#recordsSent += 1;
    });
  }

  #isLost(digest: RawDigest): boolean {
    return this.#lost.has(digest) || this.#unknown.has(digestOfRaw(digest));
  }

  #missing(): NamedObject[] {
    if (this.#lost.count + this.#unknown.size === 0) return [];
    const isMeant = (digest: RawDigest): boolean => this.#isLost(digest);
    return nameObjects(this.#options.roots, { isMeant, read: (digest) => this.#store.read(digest) });
  }

  /** The keys that the last push from here relied on: most likely those of this one. */
  #remembered(): string[] {
    const text = this.#remote.cache.read('relied')?.toString('utf8') ?? '';
    return text.split('\n').filter((key) => key.startsWith('v1/'));
  }

  #remember(keys: readonly string[]): void {
    const text = [...keys].sort().join('\n');
    if (text !== this.#remembered().join('\n')) this.#remote.cache.write('relied', [Buffer.from(text)]);
  }
}
