import { trackedThings } from '../../data/tracked.ts';
import { indexFolder } from '../../index/location.ts';
import { appendTo } from '../../kit/append-to.ts';
import type { Digest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import type { Sharing } from '../../lockfile/needed.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import type { Stage } from '../../pipeline/model.ts';
import type { Catalog } from '../../remote/catalog.ts';
import { fetchRoots } from '../../remote/fetch.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { ObjectSet } from '../../remote/object-set.ts';
import { openRemote, remoteNamed } from '../../remote/open-remote.ts';
import { lookFor } from '../../remote/presence.ts';
import { reach, reachList } from '../../remote/reach.ts';
import { fetchRecords } from '../../remote/records.ts';
import type { Remote } from '../../remote/remote.ts';
import { hasFormat, remoteIn } from '../../remote/remote.ts';
import type { AwayThing } from '../../run/inputs.ts';
import type { Engine } from '../../run/engine.ts';
import type { Pulled, PullProgress, PullSource, WantedThing } from '../../run/pull-source.ts';
import { isComplete } from '../../store/completeness.ts';
import type { Context } from '../command.ts';
import { listsFrom } from './push-roots.ts';
import { sharingOf } from './thing.ts';

/** A source that is to be closed in the end. */
export interface OpenPullSource extends PullSource {
  readonly close: () => Promise<void>;
}

export interface PullSourceOptions {
  readonly engine: Engine;
  readonly pointers: readonly TrackedPath[];
  /** Addresses of the stages of the run. */
  readonly selected: ReadonlySet<string>;
  /** The remote that was asked for, instead of the default one. */
  readonly remote: string | undefined;
  readonly context: Pick<Context, 'env' | 'signal'>;
}

/**
 * Where `repro --pull` has things from: the remotes of the project. None is asked before something is needed of it.
 * @throws {PipeError} PIPE_REMOTE_NONE, PIPE_REMOTE_UNKNOWN
 */
export function pullSource(options: PullSourceOptions): OpenPullSource {
  const { engine, pointers, selected, remote: asked } = options;
  const { store, graph, locks, project } = engine;
  const usual = remoteNamed(project.config, asked);
  const remotes = new OpenRemotes(options);
  const stages = [...graph.stages.values()];
  const others = stages.filter(({ address }) => !selected.has(address));
  const tracked = trackedThings({ stages: others, pointers }, locks, { uncached: true });
  const sharing = new Map<string, Sharing>([
    ...stages.flatMap(({ outs }) => outs.map((out): [string, Sharing] => [out.path, sharingOf(out)])),
    ...pointers.map(({ path, pointer }): [string, Sharing] => [path, sharingOf(pointer.out)]),
  ]);
  /** The remote that has a thing; `undefined` for what is never pushed, or lies elsewhere than where was asked for. */
  const remoteOf = (path: string): string | undefined => {
    const { push, remote = usual } = sharing.get(path) ?? {};
    return push === false || (asked !== undefined && remote !== asked) ? undefined : remote;
  };
  const listsOf = async ({ path }: AwayThing): Promise<ReturnType<typeof listsFrom> | undefined> => {
    const name = remoteOf(path);
    return name === undefined ? undefined : listsFrom(await remotes.open(name), store, { keep: true });
  };
  return {
    tracked: tracked.flatMap(({ path, entry }) => (entry === undefined ? [] : [{ path, entry }])),
    async records(stage, key) {
      let count = 0;
      for (const name of recordRemotes(stage, remoteOf)) count += await remotes.records(name, key);
      return count;
    },
    async has(out, { entry }) {
      if (isComplete(store, entry)) return true;
      const name = remoteOf(out.path);
      return name !== undefined && (await remotes.has(name, entry));
    },
    async lists(thing, below) {
      const lists = await listsOf(thing);
      if (lists !== undefined) await reach(lists, thing.entry, below);
    },
    async list(thing, below) {
      const lists = await listsOf(thing);
      if (lists !== undefined) await reachList(lists, thing.entry, below);
    },
    async bring(things, onProgress) {
      const byRemote = new Map<string | undefined, WantedThing[]>();
      for (const thing of things) {
        appendTo(byRemote, remoteOf(thing.whole), thing);
      }
      const pulled: Pulled[] = [];
      for (const [name, own] of byRemote) {
        const nothing = { remote: usual, things: own, objects: 0, bytes: 0, missing: own.map(({ path }) => path) };
        pulled.push(name === undefined ? nothing : await bringFrom(await remotes.open(name), { name, store, things: own, onProgress })); // prettier-ignore
      }
      return pulled;
    },
    close: () => remotes.close(),
  };
}

/** The remotes that a run record of a stage may lie in: a push puts it where all outs of the stage go. */
function recordRemotes({ outs }: Stage, remoteOf: (path: string) => string | undefined): string[] {
  const names = outs.map(({ path }) => remoteOf(path));
  return [...new Set(names)].filter((name) => name !== undefined);
}

async function bringFrom(
  remote: Remote,
  {
    name,
    store,
    things,
    onProgress,
  }: {
    readonly name: string;
    readonly store: Engine['store'];
    readonly things: readonly WantedThing[];
    readonly onProgress: (remote: string, progress: PullProgress) => void;
  },
): Promise<Pulled> {
  const { objects, bytes, absent, wrong } = await fetchRoots(remote, store, {
    roots: things,
    onProgress: (progress) => {
      onProgress(name, progress);
    },
  });
  const isMissing = absent.count + wrong.count > 0;
  const isMeant = (digest: Buffer): boolean => absent.has(digest) || wrong.has(digest);
  const named = isMissing ? nameObjects(things, { isMeant, read: (digest) => store.read(digest) }) : [];
  return { remote: name, things, objects, bytes, missing: named.map(({ path }) => path) };
}

/** Remotes that were opened, and what is known of them. */
class OpenRemotes {
  readonly #options: PullSourceOptions;
  readonly #open = new Map<string, Promise<Remote>>();
  readonly #catalogs = new Map<string, { readonly catalog: Promise<Catalog>; readonly at: number }>();
  /** Counts the records that came: what these name may have been pushed after the last look. */
  #records = 0;

  constructor(options: PullSourceOptions) {
    this.#options = options;
  }

  open(name: string): Promise<Remote> {
    const known = this.#open.get(name);
    const opening = known ?? this.#openNew(name);
    this.#open.set(name, opening);
    return opening;
  }

  async #openNew(name: string): Promise<Remote> {
    const { engine, context } = this.#options;
    const { project, blake3, store } = engine;
    const { env, signal } = context;
    const { place } = await openRemote(project, { name, env, signal });
    const cacheFolder = indexFolder(place.name, env);
    const remote = remoteIn(place, { blake3, layout: store.layout, cacheFolder, jobs: undefined, signal });
    await hasFormat(place);
    return remote;
  }

  async records(name: string, key: Digest): Promise<number> {
    const found = await fetchRecords(await this.open(name), this.#options.engine.store, { name, key });
    this.#records += found.length;
    return found.length;
  }

  /** Whether a remote has the object that stands for an entry, as it says. */
  async has(name: string, entry: AwayThing['entry']): Promise<boolean> {
    if (!entry.digest.startsWith('b3:')) return false;
    const remote = await this.open(name);
    const objects = new ObjectSet();
    objects.add(rawOfDigest(entry.digest), 0, { size: entry.kind === 'dir' ? undefined : entry.size });
    const isThere = async (): Promise<boolean> => {
      const { absent } = await lookFor(remote, await this.#catalog(name, remote), { objects });
      return absent.count === 0;
    };
    if (await isThere()) return true;
    if (this.#catalogs.get(name)?.at === this.#records) return false;
    this.#catalogs.delete(name);
    return isThere();
  }

  #catalog(name: string, remote: Remote): Promise<Catalog> {
    const known = this.#catalogs.get(name) ?? { catalog: remote.look(), at: this.#records };
    this.#catalogs.set(name, known);
    return known.catalog;
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values()) {
      const remote = await opening.catch(() => undefined);
      remote?.place.close();
    }
  }
}
