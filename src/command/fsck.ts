import { withTrueSizes } from '../data/misstated.ts';
import type { SizedObjects } from '../store/true-entry.ts';
import { join, relative } from 'node:path';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Digest } from '../kit/digest.ts';
import { isDenied, unlessDenied } from '../kit/system-fault.ts';
import { takeTurn } from '../kit/turn.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Needs } from '../lockfile/needed.ts';
import { createProgress } from '../report/progress.ts';
import type { Engine } from '../run/engine.ts';
import type { CheckedStore } from '../store/check.ts';
import { checkStore } from '../store/check.ts';
import type { BrokenNeed, NeedingThing } from '../store/check-needs.ts';
import { checkNeeds } from '../store/check-needs.ts';
import { freeLinks } from '../store/free-links.ts';
import { leftovers } from '../store/leftovers.ts';
import { ObjectStore } from '../store/object-store.ts';
import { quarantined } from '../store/quarantine.ts';
import { lostObjects, repairStore } from '../store/repair.ts';
import { runFiles } from '../store/run-files.ts';
import { storeContents } from '../store/stored-objects.ts';
import type { Upkeep } from '../store/upkeep.ts';
import { beginUpkeep } from '../store/upkeep.ts';
import type { Context, GlobalOptions, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutGitKept } from './upkeep/git-kept.ts';
import { healFromWorkspace } from '../data/heal.ts';
import { needsOf, openStoreOf } from './upkeep/project-store.ts';
import type { Examined } from './upkeep/present-fsck.ts';
import { fsckJson, fsckText } from './upkeep/present-fsck.ts';
import { tellCorrected } from './tell-corrected.ts';

export default defineCommand({
  usage: '[remote]',
  positionals: { min: 0, max: 1 },
  json: true,
  stopsGently: true,
  details:
    'Checks every byte of the cache, whoever put it there, and that all is there that the locks and pointers of the\n' +
    'workspace and the run records need. With --remote, the same of the default remote or of the one that is named, as far\n' +
    'as it is for that remote. Other revisions are not asked what they need; they tell the names of what is wrong in a remote.\n' +
    'Exits with 0 when all is well or was healed, with 1 when something is damaged or missing still.',
  options: {
    remote: { type: 'boolean', help: 'check a remote instead of the cache' },
    jobs: { type: 'string', short: 'j', value: 'N', help: 'with --remote: so many requests at once' },
    repair: {
      type: 'boolean',
      help: 'set aside what is damaged, and heal it from another copy, the workspace or a remote',
    },
  },
  async run(context, { positionals: [name], options, global }): Promise<Outcome> {
    if (options.remote === true) {
      const { fsckRemote } = await import('./upkeep/fsck-remote.ts');
      return fsckRemote(context, { name, jobs: options.jobs, isRepair: options.repair === true, global });
    }
    if (name !== undefined || options.jobs !== undefined) {
      const message =
        name === undefined ? '--jobs is about remotes' : `pipe fsck checks the whole cache, not ${name} alone`;
      const hint =
        name === undefined ? 'add --remote' : `leave ${name} out; a remote of that name is checked with --remote`;
      throw new PipeError({ code: 'PIPE_USAGE', message, hint });
    }
    const engine = await openStoreOf(context);
    const { layout } = engine.store;
    const left = leftovers(layout, engine.now()).map((path) => relative(layout.root, path));
    const upkeep = options.repair === true ? await beginUpkeep(layout, engine.blake3) : undefined;
    try {
      const checked = await check(engine, context, global);
      const needs = withTrueSizes(sizesIn(engine, checked), await needsOf(engine, []), tellCorrected);
      const things = [...needs.roots, ...thingsOfRuns(engine)];
      const broken = brokenNeeds(engine, checked, things);
      // What was begun from here on is done as a whole.
      await takeTurn(context.signal);
      const repaired =
        upkeep === undefined
          ? undefined
          : await repair(engine, { checked, broken, things, needs, upkeep, context, global });
      const examined: Examined = {
        root: layout.root,
        checked,
        needs,
        broken: withoutGitKept(context, broken),
        left,
        repaired: repaired && { ...repaired, still: withoutGitKept(context, repaired.still) },
      };
      const json = fsckJson(examined);
      const problems = repaired?.away ?? [];
      return { exit: json.ok ? 0 : 1, problems, text: fsckText(examined, global.verbose), json };
    } finally {
      upkeep?.end();
      engine.index.save();
    }
  },
});

async function check(
  { store, blake3 }: Engine,
  { stderr, env, signal }: Context,
  global: GlobalOptions,
): Promise<CheckedStore> {
  const quiet = global.json || global.quiet;
  const progress = createProgress({ stderr, env, label: 'checking', noun: 'objects', quiet });
  try {
    const { layout } = store;
    return await checkStore({
      layout,
      blake3,
      signal,
      onProgress: (done, total, bytes) => {
        progress.update(done, total, bytes);
      },
    });
  } finally {
    progress.end();
  }
}

/** What run records need, outs and logs. What is not ours to read is told by the check. */
function* thingsOfRuns({ store, blake3 }: Engine): Generator<NeedingThing> {
  for (const { record } of runFiles(store.layout, blake3, () => undefined)) {
    if (record === undefined) continue;
    const from = `run of ${record.stage}`;
    for (const out of record.outs) yield { entry: entryOf(out), path: out.path, from };
    if (record.log !== null) yield { entry: { kind: 'file', digest: record.log, size: 0 }, path: 'log', from };
  }
}

/** What cannot be had, by the check; another process may have stored something since. */
function brokenNeeds(
  { store }: Engine,
  checked: CheckedStore,
  things: readonly NeedingThing[],
): Map<Digest, BrokenNeed> {
  const { objects } = checked;
  const lost = lostObjects(checked);
  return brokenIn(
    {
      has: (digest) => objects.has(digest) || (!lost.has(digest) && store.has(digest)),
      read: (digest) => objects.read(digest) ?? (lost.has(digest) ? undefined : store.read(digest)),
    },
    checked,
    things,
  );
}

/** What cannot be had. What this user may not read is told by the check, and nobody knows whether it is missing. */
function brokenIn(
  store: Pick<ObjectStore, 'has' | 'read'>,
  checked: CheckedStore,
  things: readonly NeedingThing[],
): Map<Digest, BrokenNeed> {
  const unread = new Set<Digest>();
  const read = (digest: Digest): Buffer | undefined => {
    try {
      return store.read(digest);
    } catch (error) {
      if (!isDenied(error)) throw error;
      unread.add(digest);
      return undefined;
    }
  };
  const broken = checkNeeds({ has: (digest) => store.has(digest), read }, things);
  const lost = checked.denied.some(({ isPack }) => isPack) ? lostObjects(checked) : undefined;
  for (const digest of broken.keys()) if (unread.has(digest) || lost?.has(digest) === false) broken.delete(digest);
  return broken;
}

/** The sizes of what is right; nothing is moved out of the way by looking. */
function sizesIn({ store }: Engine, { objects }: CheckedStore): SizedObjects {
  return {
    read: (digest) => unlessDenied(() => objects.read(digest)),
    sizeOf: (digest) => (objects.has(digest) ? unlessDenied(() => store.sizeOf(digest)) : undefined),
  };
}

interface Repair {
  readonly checked: CheckedStore;
  readonly broken: ReadonlyMap<Digest, BrokenNeed>;
  readonly things: readonly NeedingThing[];
  readonly needs: Needs;
  readonly upkeep: Upkeep;
  readonly context: Context;
  readonly global: GlobalOptions;
}

async function repair(
  engine: Engine,
  { checked, broken, things, needs, upkeep, ...asking }: Repair,
): Promise<NonNullable<Examined['repaired']>> {
  const { store, blake3, now, project } = engine;
  const inPlace = needs.roots.map(({ path }) => join(project.root, path));
  const going = checked.damagedLoose.map(({ path }) => path);
  freeLinks(inPlace, going, project.root);
  const inUse = repairStore(checked, { layout: store.layout, blake3, upkeep, now: now() });
  const inWorkspace = new Set(needs.roots.map(({ from }) => from));
  let [still, after] = [broken, freshStore(engine)];
  const left = (): Map<Digest, BrokenNeed> => brokenIn(after, checked, things);
  const away: Problem[] = [];
  // What never came, or was taken away, is left to `pipe fetch`: it may be much.
  const damaged = new Set([...lostObjects(checked), ...quarantined(store.layout)]);
  for (let before = ''; ;) {
    const lacking = [...still.keys()].join();
    // A list that was healed may name files that are missing too: until nothing changes any more.
    if (lacking === '' || lacking === before) {
      const now = storeContents(store.layout, blake3);
      return { inUse, still, away, now, has: (digest) => after.has(digest) };
    }
    before = lacking;
    const places = [...still.values()].flatMap((need) => need.places).filter(({ from }) => inWorkspace.has(from));
    const paths = outsOf(needs, places);
    await healFromWorkspace(engine, { writer: freshStore(engine).writer(), wanted: still.keys(), paths });
    after = freshStore(engine);
    still = left();
    const lost = [...still.values()].filter(({ digest }) => damaged.delete(digest));
    if (lost.length === 0) continue;
    const { fetchDamaged } = await import('./upkeep/fetch-damaged.ts');
    away.push(...(await fetchDamaged({ ...engine, store: after }, lost, { ...asking, roots: needs.roots })));
    after = freshStore(engine);
    still = left();
  }
}

/** A store that remembers nothing of what was there before. */
function freshStore({ store, blake3 }: Engine): ObjectStore {
  return new ObjectStore(store.layout, blake3, () => undefined);
}

/** The outs of the workspace that some places lie in. */
function outsOf({ roots }: Needs, places: BrokenNeed['places']): Set<string> {
  const wanted = new Set(places.map(({ path, from }) => `${from}\0${path}`));
  const isAbove = (from: string, path: string): boolean =>
    [...wanted].some((place) => place === `${from}\0${path}` || place.startsWith(`${from}\0${path}/`));
  return new Set(roots.filter(({ from, path }) => isAbove(from, path)).map(({ path }) => path));
}
