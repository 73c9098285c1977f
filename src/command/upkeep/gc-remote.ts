import type { Digest } from '../../kit/digest.ts';
import type { Needs } from '../../lockfile/needed.ts';
import { lookFor } from '../../remote/presence.ts';
import { refuseAbsentPlace } from '../../remote/absent-place.ts';
import { remoteNamed } from '../../remote/open-remote.ts';
import type { Remote } from '../../remote/remote.ts';
import { hasFormat } from '../../remote/remote.ts';
import type { OnCollecting } from '../../remote/upkeep/collect-remote.ts';
import { collectRemote, wouldCollect } from '../../remote/upkeep/collect-remote.ts';
import type { KeptRoot, RemoteMarks } from '../../remote/upkeep/mark-remote.ts';
import type { RemoteGarbageCounts } from '../../remote/upkeep/find-remote-garbage.ts';
import { beginRemoteUpkeep } from '../../remote/upkeep/remote-upkeep.ts';
import { undoRemoteTrash } from '../../remote/upkeep/remote-trash.ts';
import { findWanted } from '../../remote/wanted.ts';
import { progressInTurns } from '../../report/progress.ts';
import type { Engine } from '../../run/engine.ts';
import type { GarbageVisitor } from '../../store/collect.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { withRemote } from '../share/open-remotes.ts';
import { confirmed } from './confirm.ts';
import type { Released, Undone } from './gc-local.ts';
import type { Scope } from './gc-scope.ts';
import { everyCommit, keptNeeds } from './gc-scope.ts';
import { HeldLists } from './held-lists.ts';
import type { GarbageNames } from './name-garbage.ts';
import { lookIfPossible, nameGarbage } from './name-garbage.ts';
import type { GarbageNaming } from './present-gc.ts';
import { firstThings } from './present-gc.ts';
import type { CollectedShare } from './present-gc-remote.ts';
import { remoteQuestion } from './present-gc-remote.ts';
import { needsOf } from './project-store.ts';

export interface RemoteCollecting {
  readonly context: Context;
  readonly global: GlobalOptions;
  /** As the user asked for it; the default remote when absent. */
  readonly name: string | undefined;
  readonly jobs: string | undefined;
  readonly graceMs: number;
  readonly trashDays: number | undefined;
  readonly ask: boolean;
  /** Go on although it is not known what folders need whose lists are nowhere. */
  readonly allowMissing: boolean;
}

async function rootsOf(scope: Scope): Promise<KeptRoot[]> {
  return (await keptNeeds(scope)).flatMap(({ roots }) => roots);
}

/**
 * Whether a remote can be collected, before anything goes from the cache: what went there would be gone for half a job.
 * @throws {PipeError} PIPE_REMOTE_DENIED, PIPE_REMOTE_BUSY, and what keeps a remote from being asked
 */
export async function checkCollectable(scope: Scope, collecting: RemoteCollecting): Promise<void> {
  await inRemote(scope.engine, collecting, async (remote) => {
    await hasFormat(remote.place);
    const upkeep = await beginRemoteUpkeep(remote, collecting);
    await upkeep.end();
  });
}

/** Takes out of a remote what nobody needs. */
export async function collectShare(scope: Scope, collecting: RemoteCollecting): Promise<CollectedShare> {
  const { context, global, graceMs, trashDays, ask, allowMissing } = collecting;
  return inRemote(scope.engine, collecting, async (remote, name) => {
    const progress = collectingProgress(name, { context, global });
    const garbage = garbageNames(scope.engine, remote, { context, dry: false });
    const confirm = async (counts: RemoteGarbageCounts): Promise<boolean> => {
      const things = firstThings(await garbage.names());
      progress.end();
      return confirmed(context, [...things, remoteQuestion(name, counts, trashDays)].join('\n'));
    };
    try {
      const collected = await collectRemote(remote, scope.engine.store, {
        roots: () => rootsOf(scope),
        graceMs,
        trashDays,
        allowMissing,
        onProgress: progress.tell,
        ...(ask ? { confirm, visitorOf: garbage.visitorOf } : {}),
      });
      return { name, place: remote.place.name, names: undefined, trashDays, ...collected };
    } finally {
      progress.end();
    }
  });
}

/** A line of progress for each thing that a collection does; it is to be ended. */
function collectingProgress(
  name: string,
  { context: { stderr, env }, global }: Pick<RemoteCollecting, 'context' | 'global'>,
): { readonly tell: OnCollecting; readonly end: () => void } {
  const progress = progressInTurns({ stderr, env, quiet: global.json || global.quiet });
  const lines = {
    find: [`looking through ${name}`, 'files'],
    rewrite: [`packing anew in ${name}`, 'packs'],
    remove: [`removing from ${name}`, 'files'],
  } as const;
  return {
    tell: (work, done, total) => {
      const [label, noun] = lines[work];
      progress.at(label, noun).update(done, total);
    },
    end: () => {
      progress.end();
    },
  };
}

interface RemoteNames {
  readonly visitorOf: (marks: RemoteMarks) => GarbageVisitor;
  readonly names: () => Promise<GarbageNaming>;
}

/** Learns what goes from a remote, as it is found, and the names that it is known by. */
function garbageNames(
  engine: Engine,
  remote: Remote,
  { context, dry }: { readonly context: Context; readonly dry: boolean },
): RemoteNames {
  const lists = new HeldLists(engine.store);
  let found: { readonly names: GarbageNames; readonly marks: RemoteMarks } | undefined;
  return {
    visitorOf(marks) {
      found = { names: nameGarbage(lists, marks), marks };
      return found.names.visitor;
    },
    async names() {
      if (found === undefined) return { names: [], fault: undefined };
      const { names, marks } = found;
      const inHistory = async (): Promise<Pick<Needs, 'roots'>> => {
        const { roots } = await needsOf(engine, await everyCommit(context, engine));
        const going = roots.filter(({ entry }) => !marks.hasEntry(entry));
        await lists.fetch(remote, going);
        return { roots: going };
      };
      const fault = await (dry ? names.lookIn(inHistory) : lookIfPossible(names, inHistory));
      return { names: names.names(), fault: fault ?? undefined };
    },
  };
}

/** What would go of a remote. */
export async function wouldCollectShare(scope: Scope, collecting: RemoteCollecting): Promise<CollectedShare> {
  const { context, graceMs } = collecting;
  const { engine } = scope;
  return inRemote(engine, collecting, async (remote, name) => {
    const { visitorOf, names } = garbageNames(engine, remote, { context, dry: true });
    const progress = collectingProgress(name, collecting);
    const collected = await wouldCollect(remote, engine.store, {
      roots: () => rootsOf(scope),
      graceMs,
      onProgress: progress.tell,
      visitorOf,
    }).finally(() => {
      progress.end();
    });
    return { name, place: remote.place.name, names: (await names()).names, trashDays: undefined, ...collected };
  });
}

/** Brings back what was moved to the trash of a remote last. */
export async function undoShare(
  engine: Engine,
  collecting: Pick<RemoteCollecting, 'context' | 'name' | 'jobs'>,
): Promise<Undone & { readonly name: string; readonly place: string }> {
  return inRemote(engine, collecting, async (remote, name) => {
    const upkeep = await beginRemoteUpkeep(remote, { graceMs: 0 });
    try {
      const undone = await undoRemoteTrash(remote, upkeep);
      const since = undone === undefined ? null : new Date(undone.time).toISOString();
      return { name, place: remote.place.name, files: undone?.files ?? 0, since };
    } finally {
      await upkeep.end();
    }
  });
}

/**
 * The files of what is kept that a remote has, so that the cache need not: lists of folders stay, for whoever asks what
 * is needed; and so does what the workspace needs where it may be linked to by a symbolic link.
 */
export async function releasedBy(
  scope: Scope,
  collecting: Pick<RemoteCollecting, 'context' | 'name' | 'jobs'>,
): Promise<Released> {
  const { engine } = scope;
  return inRemote(engine, collecting, async (remote) => {
    const { store } = engine;
    const catalog = await remote.look();
    const read = (digest: Digest): Buffer | undefined => store.read(digest);
    const find = (roots: readonly KeptRoot[]): ReturnType<typeof findWanted> => findWanted(roots, { local: read });
    const { objects } = await find(await rootsOf(scope));
    // Lists stay anyway: whether the remote has them need not be known.
    const { absent } = await lookFor(remote, catalog, { objects, sizeOf: () => 0 });
    const isLinked = engine.links.types.includes('symlink');
    const inPlace = isLinked ? (await find(await rootsOf({ ...scope, choose: () => Promise.resolve([]) }))).objects : undefined; // prettier-ignore
    return (digest, at) =>
      objects.find(digest, at)?.size !== undefined && !absent.has(digest, at) && inPlace?.has(digest, at) !== true;
  });
}

function inRemote<T>(
  engine: Engine,
  { context, name: asked, jobs }: Pick<RemoteCollecting, 'context' | 'name' | 'jobs'>,
  work: (remote: Remote, name: string) => Promise<T>,
): Promise<T> {
  const name = remoteNamed(engine.project.config, asked);
  const options = jobs === undefined ? {} : { jobs };
  return withRemote(engine, { name, context, options }, async (remote) => {
    await refuseAbsentPlace(name, remote.place);
    return work(remote, name);
  });
}
