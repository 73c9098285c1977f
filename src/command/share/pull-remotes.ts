import { indexFolder } from '../../index/location.ts';
import type { Digest } from '../../kit/digest.ts';
import type { Catalog } from '../../remote/catalog.ts';
import type { FindRecords } from '../../remote/find-records.ts';
import { recordFinder } from '../../remote/find-records.ts';
import type { Lack } from '../../remote/lacks.ts';
import { findLacks } from '../../remote/lacks.ts';
import { openRemote } from '../../remote/open-remote.ts';
import { fetchListed } from '../../remote/records.ts';
import type { Remote } from '../../remote/remote.ts';
import { hasFormat, remoteIn } from '../../remote/remote.ts';
import type { Engine } from '../../run/engine.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context } from '../command.ts';

export interface PullRemotesOptions {
  readonly engine: Engine;
  /** Addresses of the stages of the run. */
  readonly selected: ReadonlySet<string>;
  readonly context: Pick<Context, 'env' | 'signal'>;
}

/** Of a remote with this many times as few records as the run has stages all come together. */
const RECORDS_PER_STAGE = 4;

/** A remote that was opened, and what is known of it. */
interface KnownRemote {
  readonly remote: Remote;
  readonly find: FindRecords;
  /** What was found of entries, and how many records had come by then. */
  readonly looked: Map<Digest, { readonly lack: Lack | undefined; readonly at: number }>;
  catalog: { readonly found: Promise<Catalog>; readonly at: number } | undefined;
}

/** The remotes of a run that downloads. None is asked before something is needed of it. */
export class PullRemotes {
  readonly #options: PullRemotesOptions;
  readonly #open = new Map<string, Promise<KnownRemote>>();
  /** Counts the records that came: what these name may have been pushed after the last look. */
  #records = 0;

  constructor(options: PullRemotesOptions) {
    this.#options = options;
  }

  async open(name: string): Promise<Remote> {
    return (await this.#known(name)).remote;
  }

  /** Brings the run records under some keys; returns how many came. */
  async records(name: string, keys: readonly Digest[]): Promise<number> {
    const { remote, find } = await this.#known(name);
    const { came } = await fetchListed(remote, this.#options.engine.store, { name, listed: await find(keys) });
    this.#records += came.length;
    return came.length;
  }

  /** What the store and a remote lack of each entry; `undefined` for those that can be had. */
  async lacks(name: string, entries: readonly Entry[]): Promise<(Lack | undefined)[]> {
    const known = await this.#known(name);
    const { looked } = known;
    const isOpen = ({ digest }: Entry): boolean => {
      const seen = looked.get(digest);
      return seen === undefined || (seen.lack !== undefined && seen.at !== this.#records);
    };
    const open = [...new Map(entries.filter(isOpen).map((each) => [each.digest, each])).values()];
    const at = this.#records;
    const lacks = await this.#look(known, open);
    for (const [which, { digest }] of open.entries()) looked.set(digest, { lack: lacks[which], at });
    return entries.map(({ digest }) => looked.get(digest)?.lack);
  }

  async #look(known: KnownRemote, entries: readonly Entry[]): Promise<(Lack | undefined)[]> {
    if (entries.length === 0) return [];
    const { store } = this.#options.engine;
    const { remote, catalog: before } = known;
    const first = await findLacks(remote, store, { catalog: await this.#catalog(known), entries });
    // A look that was just taken, or after which nothing came, need not be taken again.
    if (before === undefined || before.at === this.#records || first.every((each) => each === undefined)) return first;
    known.catalog = undefined;
    return findLacks(remote, store, { catalog: await this.#catalog(known), entries });
  }

  #catalog(known: KnownRemote): Promise<Catalog> {
    known.catalog ??= { found: known.remote.look(), at: this.#records };
    return known.catalog.found;
  }

  #known(name: string): Promise<KnownRemote> {
    const opening = this.#open.get(name) ?? this.#openNew(name);
    this.#open.set(name, opening);
    return opening;
  }

  async #openNew(name: string): Promise<KnownRemote> {
    const { engine, context, selected } = this.#options;
    const { project, blake3, store } = engine;
    const { env, signal } = context;
    const { place } = await openRemote(project, { name, env, signal });
    const cacheFolder = indexFolder(place.identity, env);
    const remote = remoteIn(place, { blake3, layout: store.layout, cacheFolder, jobs: undefined, signal });
    await hasFormat(place);
    const find = recordFinder(place, { few: selected.size * RECORDS_PER_STAGE });
    return { remote, find, looked: new Map(), catalog: undefined };
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values()) {
      const known = await opening.catch(() => undefined);
      known?.remote.place.close();
    }
  }
}
