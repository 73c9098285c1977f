import { join } from 'node:path';
import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import { globBase } from '../graph/glob.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { LockEntry } from '../lockfile/block.ts';
import type { PointerPlace } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import { writePointer } from '../project/write-pointer.ts';
import { recordBlock, storeOuts, storedOf } from '../run/commit.ts';
import type { Engine } from '../run/engine.ts';
import type { StageFacts } from '../run/facts.ts';
import { gatherFacts, isCacheable, keyOf } from '../run/facts.ts';
import { openHistory } from '../run/history.ts';
import { differences, isSameEntry } from '../run/plan.ts';
import { relinkStored } from '../run/relink.ts';
import { foldLocks } from '../run/repro.ts';
import { stageProblems } from '../run/stage-problem.ts';
import { boundedTrees } from '../store/count-folders.ts';
import { diffTrees, isSame } from '../store/diff-tree.ts';
import { entryAt } from '../store/entry-at.ts';
import { readRunRecords, writeRunRecord } from '../store/run-record.ts';
import type { Entry } from '../store/tree.ts';
import type { Changes } from './count-changes.ts';
import { countChanges } from './count-changes.ts';
import { noteParts } from './inputs/base-edits.ts';
import { noteBases } from './inputs/bases.ts';
import type { Settled } from './inputs/settle.ts';
import { cannotTell, settle } from './inputs/settle.ts';
import { withTrueSize } from './misstated.ts';
import { ignoredPaths } from './refuse-paths.ts';
import { editTracked, readPointer, refuseImported } from './tracked-folder.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf, claimed, lookAt, storeNow } from './workspace.ts';

/** What is to be committed: a stage, or what a pointer tracks, or a path inside that. */
export type Committable =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly isNamed: boolean }
  | { readonly kind: 'pointer'; readonly pointer: PointerPlace; readonly below: string; readonly isNamed: boolean };

export interface CommitOptions extends DataOptions {
  /** Record stages although what they were made from changed, and change frozen ones that are named. */
  readonly force?: boolean;
  /** Leave the files in the workspace as they are, instead of linking them to the store. */
  readonly noRelink?: boolean;
  /** Asked whether a stage is recorded although something changed; without it that is refused. */
  readonly confirm?: (stage: string, changes: readonly string[]) => Promise<boolean>;
}

/** What became of one of them; `path` is that of data, or the address of a stage. */
export interface Committed {
  readonly kind: 'stage' | 'pointer';
  readonly path: string;
  /** `stored`: it was recorded already, but the store lacked some of it. */
  readonly state: 'changed' | 'stored' | 'unchanged' | 'missing' | 'frozen';
  /** Absent where nothing was recorded, or a list of what was recorded is not here. */
  readonly changes?: Changes;
  /** Files that never came, and stay recorded. */
  readonly kept?: number;
  /** Paths that are older than their record, and stay as they are recorded. */
  readonly behind?: readonly string[];
  /** What lets a frozen one change again is called with this. */
  readonly frozenFile?: string;
}

/**
 * Stores what lies in the workspace now, and records it in locks and pointers. What was recorded last is replaced when
 * its successor is in the store as a whole.
 * @returns what became of each, and the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_COMMIT_CHANGED when a dep, a parameter or the command of a stage changed since its last run;
 * PIPE_OUT_MISSING, PIPE_DEP_MISSING, PIPE_IMPORTED; nothing is stored then. PIPE_OBJECT_MISSING where a part may be
 * taken for the whole
 */
export async function commit(
  engine: Engine,
  wanted: readonly Committable[],
  options: CommitOptions,
): Promise<{ committed: Committed[]; written: string[] }> {
  const stages = wanted.flatMap((each) => (each.kind === 'stage' ? [each.stage] : []));
  const writes = [
    ...stages.flatMap(({ outs }) => outs.map(({ path }) => path)),
    ...wanted.flatMap((each) => (each.kind === 'pointer' ? [each.pointer.path] : [])),
  ];
  const reads = stages.flatMap(({ deps }) => deps.filter(({ url }) => !url).map(({ glob, path }) => (glob ? globBase(path) : path))); // prettier-ignore
  const claim = {
    writes,
    reads: reads.filter((path) => !writes.includes(path)),
    signal: options.signal,
    name: 'commit',
  };
  return claimed(engine, claim, async () => {
    await refuseChangedImports(engine, wanted, options);
    const facts = await lookAtStages(engine, wanted, options);
    const done: Done[] = [];
    for (const each of wanted) {
      done.push(each.kind === 'stage' ? await commitStage(engine, each.stage, { facts, options }) : await commitPointer(engine, each, options)); // prettier-ignore
    }
    const locks = await foldLocks(engine, options.signal);
    engine.index.save();
    return { committed: done.map(({ told }) => told), written: [...locks, ...done.flatMap(({ written }) => written)] };
  });
}

/** What was imported is never recorded as something else; where it is as it was, there is nothing to refuse. */
async function refuseChangedImports(
  engine: Engine,
  wanted: readonly Committable[],
  options: CommitOptions,
): Promise<void> {
  for (const each of wanted) {
    if (each.kind !== 'pointer' || each.isNamed) continue;
    const tracked = withTrueSize(engine.store, readPointer(engine.project, each.pointer.file));
    if (tracked.pointer.imported === undefined) continue;
    const present = await lookAt(engine, tracked.path, options);
    if (present !== undefined && !isSame(present, tracked.entry)) refuseImported(tracked);
  }
}

interface Done {
  readonly told: Committed;
  readonly written: readonly string[];
}

/** What is to be known of stages before any is recorded; frozen ones that stay as they are have no facts. */
async function lookAtStages(
  engine: Engine,
  wanted: readonly Committable[],
  options: CommitOptions,
): Promise<Map<string, StageFacts>> {
  const known = new Map<string, StageFacts>();
  const problems: Problem[] = [];
  for (const each of wanted) {
    if (each.kind !== 'stage') continue;
    const { stage, isNamed } = each;
    if (stage.frozen && !(isNamed && options.force === true)) continue;
    engine.locks.refresh(stage);
    const facts = await gatherFacts(engine, stage, { signal: options.signal });
    // A stage that never ran has nothing to commit, unless somebody says that it has.
    const isThere = [...facts.outs.values()].some(({ state }) => state === 'known');
    if (!isNamed && !isThere && stage.outs.length > 0) continue;
    const found = [...stageProblems(engine, facts), ...missingOuts(facts)];
    problems.push(...found);
    if (found.length > 0) continue;
    const refusal = await refusalOf(facts, options);
    if (refusal === undefined) known.set(stage.address, facts);
    else problems.push(refusal);
  }
  if (problems.length > 0) throw new PipeError(problems);
  return known;
}

function missingOuts({ stage, outs }: StageFacts): Problem[] {
  return stage.outs
    .filter(({ as }) => outs.get(as)?.state === 'missing')
    .map(({ path, at }) => ({
      code: 'PIPE_OUT_MISSING',
      message: `${path}, an out of "${stage.address}", is not there`,
      hint: `bring it back with \`pipe checkout ${path}\`, or make it with \`pipe repro ${stage.address}\``,
      at,
    }));
}

/** Changes of outs need no asking: to record them is what a commit is for. */
async function refusalOf(facts: StageFacts, { force, confirm }: CommitOptions): Promise<Problem | undefined> {
  const { stage } = facts;
  const changes = force === true ? [] : differences(facts).filter((reason: Reason) => reason.kind !== 'out');
  if (changes.length === 0) return undefined;
  const told = changes.map(describeReason);
  if ((await confirm?.(stage.address, told)) === true) return undefined;
  return {
    code: 'PIPE_COMMIT_CHANGED',
    message: `"${stage.address}" would be recorded as made from what it may not have been made from: ${told.join('; ')}`,
    hint: `run it (\`pipe repro ${stage.address}\`), or say that its outs are right with --force`,
    at: stage.at,
  };
}

async function commitStage(
  engine: Engine,
  stage: Stage,
  { facts: known, options }: { readonly facts: ReadonlyMap<string, StageFacts>; readonly options: CommitOptions },
): Promise<Done> {
  const told = { kind: 'stage', path: stage.address } as const;
  const facts = known.get(stage.address);
  if (facts === undefined) return { told: { ...told, state: stage.frozen ? 'frozen' : 'missing' }, written: [] };
  const wasStored = stage.outs.every(({ as, cache }) => {
    const locked = facts.recorded?.outs.find(({ path }) => path === as);
    return !cache || locked === undefined || engine.store.has(entryOf(locked).digest);
  });
  const outs = await storeOuts(engine, stage, { forceSignal: options.signal, onProgress: options.progress?.done });
  if (!Array.isArray(outs)) throw new PipeError(missingOuts({ ...facts, outs: new Map([[outs.as, { state: 'missing' }]]) })); // prettier-ignore
  if (options.force !== true) refuseParts(engine, facts, outs);
  const isAsRecorded = isRecorded(facts, outs);
  if (isAsRecorded) keepRun(engine, facts, outs);
  else recordBlock(engine, facts, outs);
  await relinkStored(engine, storedOf(stage, outs), options);
  const kept = stage.outs.filter(({ cache }) => cache).map(({ path }) => absoluteOf(engine.project, path));
  return {
    told: {
      ...told,
      state: isAsRecorded ? (wasStored ? 'unchanged' : 'stored') : 'changed',
      ...changesOf(engine, entriesOf(facts.recorded?.outs ?? []), entriesOf(outs)),
    },
    written: ensureIgnored(engine.project, kept),
  };
}

/**
 * Lets no part of an out be recorded as the whole: what is recorded, lies not there, and is not in the store either, may
 * never have come. Nothing came of a folder whose list is not here: it was made here, and not stored.
 * @throws {PipeError} PIPE_OBJECT_MISSING
 */
function refuseParts({ store }: Engine, { stage, recorded }: StageFacts, outs: readonly LockEntry[]): void {
  for (const { as, cache, path } of stage.outs) {
    const [before, after] = [recorded?.outs, outs].map((all) => all?.find((each) => each.path === as));
    if (!cache || before === undefined || after === undefined || !store.has(entryOf(before).digest)) continue;
    const [was, is] = [new Map([[path, entryOf(before)]]), new Map([[path, entryOf(after)]])];
    for (const change of diffTrees(was, is, boundedTrees(store))) {
      const isLost = change.kind === 'unknown' || (change.kind === 'deleted' && !store.has(change.before.digest));
      if (isLost) throw cannotTell(`the lock records of ${change.path}`, stage.address);
    }
  }
}

function entriesOf(outs: readonly LockEntry[]): Map<string, Entry> {
  return new Map(outs.map((out) => [out.path, entryOf(out)]));
}

function changesOf(
  { store }: Engine,
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
): Pick<Committed, 'changes'> {
  const changes = countChanges(store, before, after);
  return changes === undefined ? {} : { changes };
}

function isRecorded(facts: StageFacts, outs: readonly LockEntry[]): boolean {
  const { recorded } = facts;
  if (recorded === undefined || differences(facts).some(({ kind }) => kind !== 'out')) return false;
  const before = new Map(recorded.outs.map((entry) => [entry.path, entry]));
  return (
    before.size === outs.length &&
    outs.every((out) => {
      const was = before.get(out.path);
      return was !== undefined && isSameEntry('out', out, was);
    })
  );
}

/**
 * The very outs that a run left unstored (`repro --no-commit`) can be restored from now on. Others may have been edited:
 * they are what the lock says, but no run is known to make them.
 */
function keepRun(engine: Engine, facts: StageFacts, outs: readonly LockEntry[]): void {
  const { stage } = facts;
  const run = openHistory(join(engine.project.pipeDir, 'tmp', 'history.json')).get(stage.address);
  const key = keyOf(engine, facts);
  if (key === undefined || run?.exitCode !== 0 || !isCacheable(stage)) return;
  // The run's own record knows more.
  if (readRunRecords(engine.store.layout, engine.blake3, key).length > 0) return;
  const { startedAt, durationMs } = run;
  const record = { key, stage: stage.name, startedAt, durationMs: Math.round(durationMs), outs, log: null };
  writeRunRecord(engine.store, engine.blake3, { ...record, signer: engine.signing.signer() });
}

async function commitPointer(
  engine: Engine,
  { pointer, below, isNamed }: Extract<Committable, { kind: 'pointer' }>,
  options: CommitOptions,
): Promise<Done> {
  const path = below === '' ? pointer.path : `${pointer.path}/${below}`;
  const told = { kind: 'pointer', path } as const;
  const stated = readPointer(engine.project, pointer.file);
  const tracked = withTrueSize(engine.store, stated);
  if (isNamed) refuseImported(tracked);
  const { frozen, imported } = tracked.pointer;
  if (imported !== undefined || (frozen === true && !(isNamed && options.force === true))) {
    const present = isNamed || imported !== undefined ? undefined : await lookAt(engine, tracked.path, options);
    const isAsRecorded =
      imported !== undefined || (!isNamed && (present === undefined || isSame(present, tracked.entry)));
    const state = isAsRecorded ? 'unchanged' : 'frozen';
    return { told: { ...told, state, ...(isAsRecorded ? {} : { frozenFile: pointer.file }) }, written: [] };
  }
  const ignored = isNamed ? ignoredPaths(engine, [path]) : [];
  if (ignored.length > 0) throw new PipeError(ignored);
  const wasStored = engine.store.has(tracked.entry.digest);
  const present = await storeNow(engine, path, options);
  if (present === undefined) {
    if (tracked !== stated && below === '') {
      const { file } = writePointer(engine.project, tracked, tracked.entry);
      return { told: { ...told, state: 'changed' }, written: [absoluteOf(engine.project, file)] };
    }
    if (isNamed) throw notThere(path);
    return { told: { ...told, state: 'missing' }, written: [] };
  }
  const recorded = entryAt(engine.store, tracked.entry, below);
  const edits = [{ path: below, entry: present }];
  const settled: Settled =
    below === ''
      ? await settle(engine, { tracked, present, force: options.force === true })
      : { entry: present, kept: 0, behind: [], edits };
  const { entry, kept, behind } = settled;
  const { done, file } =
    below === '' ? writePointer(engine.project, tracked, entry) : await editTracked(engine, tracked, edits);
  const state = done !== 'unchanged' ? 'changed' : wasStored ? 'unchanged' : 'stored';
  if (settled.edits === undefined) noteBases(engine.project, [[path, entry]]);
  else await noteParts(engine, { path: tracked.path, edits: settled.edits });
  await relinkStored(engine, [[path, present]], options);
  const keptOut = ensureIgnored(engine.project, [absoluteOf(engine.project, pointer.path)]);
  return {
    told: {
      ...told,
      state,
      ...changesOf(engine, new Map(recorded && [[path, recorded]]), new Map([[path, entry]])),
      ...(kept === 0 ? {} : { kept }),
      ...(behind.length === 0 ? {} : { behind }),
    },
    written: [...(state === 'changed' ? [absoluteOf(engine.project, file)] : []), ...keptOut],
  };
}

function notThere(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_DEP_MISSING',
    message: `${path} is not in the workspace: there is nothing to commit`,
    hint: `bring it back with \`pipe checkout ${path}\`, or track it no more with \`pipe remove ${path}\``,
  });
}
