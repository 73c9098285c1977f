import type { Digest } from '../../kit/digest.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { refuseAbsentPlace } from '../../remote/absent-place.ts';
import { hasFormat } from '../../remote/remote.ts';
import { lockPathOf } from '../../lockfile/lock.ts';
import type { Remote } from '../../remote/remote.ts';
import { ObjectSet } from '../../remote/object-set.ts';
import { remoteNamed } from '../../remote/open-remote.ts';
import type { CheckedRemote } from '../../remote/upkeep/check-remote.ts';
import { checkRemote } from '../../remote/upkeep/check-remote.ts';
import { healRemote } from '../../remote/upkeep/heal-remote.ts';
import { findLeftovers, leftoverNames } from '../../remote/upkeep/leftovers.ts';
import { createProgress } from '../../report/progress.ts';
import type { NeedingThing } from '../../store/check-needs.ts';
import type { Context, GlobalOptions, Outcome } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { openData } from '../data-project.ts';
import { sharesOf, withRemote } from '../share/open-remotes.ts';
import { findRoots } from '../share/push-roots.ts';
import { rootsOfRevisions } from '../share/revision-roots.ts';
import { sharedThings } from '../share/shared.ts';
import type { SharedThing } from '../share/thing.ts';
import { pathOfThing } from '../share/thing.ts';
import { everyCommit } from './gc-scope.ts';
import { graceOf } from './grace.ts';
import { HeldLists } from './held-lists.ts';
import type { BrokenObject } from './present-fsck-remote.ts';
import { nameBroken, remoteDocument } from './present-fsck-remote.ts';
import type { AskedNeeds } from './present-fsck.ts';
import { countFiles, documentText } from './present-fsck.ts';

export interface FsckRemote {
  /** As the user asked for it; the default remote when absent. */
  readonly name: string | undefined;
  readonly jobs: string | undefined;
  readonly isRepair: boolean;
  readonly global: GlobalOptions;
}

/** `pipe fsck --remote`: reads every byte of a remote, and says what of the project is damaged there or missing. */
export async function fsckRemote(
  context: Context,
  { name: asked, jobs, isRepair, global }: FsckRemote,
): Promise<Outcome> {
  const data = await openData(context, global);
  const { engine } = data;
  const name = remoteNamed(engine.project.config, asked);
  const options = jobs === undefined ? {} : { jobs };
  return withRemote(engine, { name, context, options }, async (remote) => {
    await refuseAbsentPlace(name, remote.place);
    await hasFormat(remote.place);
    const check = (label: string): Promise<CheckedRemote> => checking(remote, data, { context, global, label });
    const needs = await needsOfRemote(data, { context, name, remote });
    const before = await check('checking');
    const leftovers = leftoverNames(await findLeftovers(remote, { graceMs: graceOf({}) }));
    const broken = needs.brokenIn(before);
    const healed = isRepair
      ? await healRemote(remote, engine.store, { ...needs, checked: before, graceMs: graceOf({}) })
      : undefined;
    const after = isRepair ? await check('checking again') : before;
    const still = isRepair ? needs.brokenIn(after) : broken;
    const document = remoteDocument({
      remote: { name, place: remote.place.name },
      checked: before,
      broken,
      repaired: healed && { ...healed, checked: after, still },
      leftovers,
      needs: needs.asked,
    });
    return {
      exit: document.ok ? 0 : 1,
      text: documentText(document, { verbose: global.verbose, isRepair }),
      json: document,
    };
  });
}

async function checking(
  remote: Remote,
  { engine }: DataProject,
  { context, global, label }: { readonly context: Context; readonly global: GlobalOptions; readonly label: string },
): Promise<CheckedRemote> {
  const { stderr, env } = context;
  const progress = createProgress({ stderr, env, label, quiet: global.json || global.quiet });
  try {
    return await checkRemote(remote, engine.store, (done, total, bytes) => {
      progress.update(done, total, bytes);
    });
  } finally {
    progress.end();
  }
}

/** The lock or the pointer that says so. */
function fileOf({ selected, from }: SharedThing): { readonly file: string; readonly stage?: string } {
  const owner = selected?.tracked.owner;
  return owner?.kind === 'stage' ? { file: lockPathOf(owner.stage.file), stage: from } : { file: from };
}

interface RemoteNeeds {
  /** What of the workspace is to be there. */
  readonly roots: Awaited<ReturnType<typeof findRoots>>['roots'];
  /** Everything of any revision that may be there. */
  readonly mayGo: ObjectSet;
  /** Who was asked. */
  readonly asked: AskedNeeds;
  /** What the workspace needs and a remote lacks, and what else it holds wrong bytes of, by the paths that it is known by. */
  readonly brokenIn: (checked: CheckedRemote) => Map<Digest, BrokenObject>;
}

/** What the workspace shares with a remote, and what any commit has shared with it. */
async function needsOfRemote(
  data: DataProject,
  { context, name, remote }: { readonly context: Context; readonly name: string; readonly remote: Remote },
): Promise<RemoteNeeds> {
  const { engine } = data;
  const shared = await sharedThings(data, { context, targets: [], options: {} });
  const ours = (things: readonly SharedThing[]): readonly SharedThing[] =>
    sharesOf(engine, things, name).shares.find((share) => share.name === name)?.things ?? [];
  const { roots } = await findRoots(remote, engine.store, { things: ours(shared.things), keep: false });
  const commits = await everyCommit(context, engine);
  const old = await rootsOfRevisions(engine, commits);
  const inHistory = ours(old.things);
  const lists = new HeldLists(engine.store);
  const mayGo = await lists.fetch(remote, [...roots, ...inHistory]);
  const thingsOf = (things: readonly SharedThing[]): NeedingThing[] =>
    things.map((thing) => ({ entry: thing.entry, path: pathOfThing(thing), from: thing.from }));
  const read = (digest: Digest): Buffer | undefined => lists.read(digest);
  return {
    roots,
    mayGo,
    asked: { ...countFiles(roots.map(({ thing }) => fileOf(thing))), revisions: commits.length + 1 },
    brokenIn({ right, damagedPacks, damagedLoose }) {
      const missing = nameBroken(thingsOf(roots.map(({ thing }) => thing)), {
        isMeant: (digest) => !right.has(digest),
        read,
      });
      const wrong = new ObjectSet();
      for (const digest of [...damagedPacks.flatMap((pack) => pack.wrong), ...damagedLoose.map((each) => each.digest)])
        if (!right.has(rawOfDigest(digest))) wrong.add(rawOfDigest(digest), 0, { size: undefined });
      const damaged =
        wrong.count === 0
          ? new Map<Digest, BrokenObject>()
          : nameBroken(thingsOf(inHistory), { isMeant: (digest) => wrong.has(digest), read });
      const all = new Map([...damaged, ...missing]);
      for (const [digest, each] of all)
        if (wrong.has(rawOfDigest(digest))) all.set(digest, { ...each, state: 'damaged' });
      return all;
    },
  };
}
