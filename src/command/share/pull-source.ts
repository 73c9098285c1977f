import { trackedThings } from '../../data/tracked.ts';
import { posix } from 'node:path';
import { isWithin } from '../../kit/path.ts';
import { appendTo } from '../../kit/append-to.ts';
import type { Digest } from '../../kit/digest.ts';
import type { Sharing } from '../../lockfile/needed.ts';
import type { PendingImport, TrackedPath } from '../../lockfile/pointer.ts';
import type { Stage } from '../../pipeline/model.ts';
import { fetchRoots } from '../../remote/fetch.ts';
import { nameObjects } from '../../remote/name-objects.ts';
import { usualRemote } from '../../remote/open-remote.ts';
import { reach, reachList } from '../../remote/reach.ts';
import type { Remote } from '../../remote/remote.ts';
import type { AwayThing } from '../../run/inputs.ts';
import type { Engine } from '../../run/engine.ts';
import type { Pulled, PullProgress, PullSource, Questions, WantedThing } from '../../run/pull-source.ts';
import { isComplete } from '../../store/completeness.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context } from '../command.ts';
import { PullRemotes } from './pull-remotes.ts';
import { listsFrom } from './push-roots.ts';
import type { ImportSources } from './import-sources.ts';
import { importSources } from './import-sources.ts';
import { pointerSharing, sharingOf } from './thing.ts';

/** A source that is to be closed in the end. */
export interface OpenPullSource extends PullSource {
  readonly close: () => Promise<void>;
}

export interface PullSourceOptions {
  readonly engine: Engine;
  readonly pointers: readonly TrackedPath[];
  /** Imports that were not downloaded, and that no stage can run without: only of a run that is planned. */
  readonly waiting: readonly PendingImport[];
  /** Addresses of the stages of the run. */
  readonly selected: ReadonlySet<string>;
  /** The remote that was asked for, instead of the default one. */
  readonly remote: string | undefined;
  readonly context: Context;
}

/**
 * Where `repro --pull` has things from: the remotes of the project, and the sources of what was imported. None is asked
 * before something is needed of it. A project without a remote may do with the cache and the sources.
 * @throws {PipeError} PIPE_REMOTE_UNKNOWN
 */
export function pullSource(options: PullSourceOptions): OpenPullSource {
  const { engine, pointers, waiting, selected, remote: asked } = options;
  const { store, graph, locks, project } = engine;
  const usual = usualRemote(project.config, asked);
  const remotes = new PullRemotes(options);
  const stages = [...graph.stages.values()];
  const others = stages.filter(({ address }) => !selected.has(address));
  const tracked = trackedThings({ stages: others, pointers }, locks, { uncached: true });
  const sharing = new Map<string, Sharing>([
    ...stages.flatMap(({ outs }) => outs.map((out): [string, Sharing] => [out.path, sharingOf(out)])),
    ...pointers.map(({ path, pointer }): [string, Sharing] => [path, pointerSharing(pointer)]),
  ]);
  const isAwaited = (path: string): boolean => waiting.some((each) => each.path === path);
  /** The remote that has a thing; `undefined` for what is never pushed, or lies elsewhere than where was asked for, or nowhere. */
  const remoteOf = (path: string): string | undefined => {
    const { push, remote = usual } = sharing.get(path) ?? {};
    return push === false || (asked !== undefined && remote !== asked) ? undefined : remote;
  };
  const listsOf = async ({ path }: AwayThing): Promise<ReturnType<typeof listsFrom> | undefined> => {
    const name = remoteOf(path);
    return name === undefined ? undefined : listsFrom(await remotes.open(name), store, { keep: true });
  };
  const sources = importSources(options);
  return {
    tracked: [
      ...tracked.flatMap(({ path, entry }) => (entry === undefined ? [] : [{ path, entry }])),
      ...waiting.map(awaited),
    ],
    ahead: (questions) => askAhead(questions, { remotes, remoteOf, store }),
    async records(stage, key) {
      let count = 0;
      for (const name of recordRemotes(stage, remoteOf)) count += await remotes.records(name, [key]);
      return count;
    },
    async lack(out, { entry }) {
      if (isComplete(store, entry) || sources.isRepository(out.path) || isAwaited(out.path)) return undefined;
      const remote = remoteOf(out.path);
      const [found] = remote === undefined ? [NOWHERE] : await remotes.lacks(remote, [entry]);
      if (found === undefined || (await sources.has(out.path))) return undefined;
      return { ...(remote === undefined ? {} : { remote }), objects: found.objects, isPart: found.isBegun };
    },
    async lists(thing, below) {
      const lists = (await listsOf(thing)) ?? { local: (digest: Digest) => store.read(digest) };
      const { entry, isUnknown } = await reach(lists, thing.entry, below);
      // Behind a URL there are no lists: the whole folder comes, and what it lists is known.
      if (entry === undefined && !isUnknown) await sources.bring(thing.path, below);
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
        const nothing: Pulled = {
          ...(usual === undefined ? {} : { remote: usual }),
          things: own,
          objects: 0,
          bytes: 0,
          missing: own.map(({ path }) => path),
        };
        const came = name === undefined ? nothing : await bringFrom(await remotes.open(name), { name, store, things: own, onProgress }); // prettier-ignore
        pulled.push(...(came.missing.length === 0 ? [came] : await bringRest(came, sources)));
      }
      return pulled;
    },
    close: () => remotes.close(),
  };
}

/** What is neither here nor in a remote. */
const NOWHERE = { objects: 1, isBegun: false };

/** An import that comes first, of which nobody knows yet what it is. */
function awaited({ path }: PendingImport): AwayThing {
  const entry: Entry = { kind: 'file', digest: `b3:${'0'.repeat(64)}` as Digest, size: 0 };
  return { path, entry, isUnlisted: true };
}

/** Brings what a remote lacks from where it was imported. What cannot be had there either is missing as before. */
async function bringRest(came: Pulled, sources: ImportSources): Promise<Pulled[]> {
  const rest: Pulled[] = [];
  let { missing } = came;
  for (const thing of came.things) {
    const isOf = (path: string): boolean => isWithin(thing.path, path);
    if (!missing.some(isOf)) continue;
    const whole = thing.whole ?? thing.path;
    const found = await sources.bring(whole, posix.relative(whole, thing.path));
    if (found === undefined) continue;
    missing = missing.filter((path) => !isOf(path));
    rest.push({ ...found, things: [thing], missing: [] });
  }
  return [{ ...came, missing }, ...rest];
}

/** Asks each remote at once, for the records first: what these name is looked for with the rest. */
async function askAhead(
  { records, outs }: Questions,
  {
    remotes,
    remoteOf,
    store,
  }: {
    readonly remotes: PullRemotes;
    readonly remoteOf: (path: string) => string | undefined;
    readonly store: Engine['store'];
  },
): Promise<number> {
  const keys = new Map<string, Set<Digest>>();
  for (const { stage, key } of records) {
    for (const name of recordRemotes(stage, remoteOf)) keys.set(name, (keys.get(name) ?? new Set()).add(key));
  }
  const entries = new Map<string, Entry[]>();
  for (const { out, thing } of outs) {
    const name = remoteOf(out.path);
    if (name !== undefined && !isComplete(store, thing.entry)) appendTo(entries, name, thing.entry);
  }
  const counts = await Promise.all([...keys].map(([name, own]) => remotes.records(name, [...own])));
  await Promise.all([...entries].map(([name, own]) => remotes.lacks(name, own)));
  return counts.reduce((sum, count) => sum + count, 0);
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
