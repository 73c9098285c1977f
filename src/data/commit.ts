import { join, posix } from 'node:path';
import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import { globBase } from '../graph/glob.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { LockEntry } from '../lockfile/block.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import { recordBlock, storeOuts, storedOf } from '../run/commit.ts';
import type { Engine } from '../run/engine.ts';
import type { StageFacts } from '../run/facts.ts';
import { gatherFacts, isCacheable, keyOf } from '../run/facts.ts';
import { openHistory } from '../run/history.ts';
import { forgetParts, openPartialOuts } from '../run/partial-outs.ts';
import { differences, isSameEntry } from '../run/plan.ts';
import { relinkStored } from '../run/relink.ts';
import { foldLocks } from '../run/repro.ts';
import { stageProblems } from '../run/stage-problem.ts';
import { boundedTrees } from '../store/count-folders.ts';
import type { TreeChange } from '../store/diff-tree.ts';
import { diffTrees } from '../store/diff-tree.ts';
import { entryAt } from '../store/entry-at.ts';
import { readRunRecords, writeRunRecord } from '../store/run-record.ts';
import type { Entry } from '../store/tree.ts';
import { contradicted } from '../store/true-entry.ts';
import { commitPointers } from './commit-pointers.ts';
import type { CommitOptions, Committable, Committed } from './committed.ts';
import { changesOf } from './committed.ts';
import { cannotTell } from './inputs/settle.ts';
import { absoluteOf, claimed } from './workspace.ts';

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
  const isWritten = new Set(writes);
  const claim = {
    writes,
    reads: reads.filter((path) => !isWritten.has(path)),
    signal: options.signal,
    name: 'commit',
  };
  return claimed(engine, claim, async () => {
    const facts = await lookAtStages(engine, wanted, options);
    const done = new Map<Committable, Committed>();
    const written: string[] = [];
    for (const each of wanted) {
      if (each.kind !== 'stage') continue;
      const committed = await commitStage(engine, each.stage, { facts, options });
      done.set(each, committed.told);
      written.push(...committed.written);
    }
    const pointers = wanted.filter((each) => each.kind === 'pointer');
    const committed = await commitPointers(engine, pointers, options);
    for (const [at, each] of pointers.entries()) done.set(each, committed.told[at] as Committed);
    const locks = await foldLocks(engine, options.signal);
    engine.index.save();
    const told = wanted.flatMap((each) => done.get(each) ?? []);
    return { committed: told, written: [...locks, ...written, ...committed.written] };
  });
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
    const partial = options.force === true ? [] : partialOuts(engine, facts);
    const found = [...stageProblems(engine, facts), ...missingOuts(facts), ...partial];
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

/** Outs of which a checkout has put only a part in place: what is missing there would be recorded as removed. */
function partialOuts({ project }: Engine, { stage, outs, recorded }: StageFacts): Problem[] {
  const partial = openPartialOuts(project);
  return stage.outs.flatMap(({ as, path, at }): Problem[] => {
    const [now, before] = [outs.get(as), recorded?.outs.find((each) => each.path === as)];
    if (now?.state !== 'known' || before === undefined || isSameEntry('out', now.entry, before)) return [];
    if (!partial.has(path)) return [];
    return [
      {
        code: 'PIPE_OUT_PARTIAL',
        message: `of ${path}, an out of "${stage.address}", only a part was put in place: what is missing there would be recorded as removed`,
        hint: `\`pipe checkout ${path}\` brings the rest; --force records what lies there, and nothing else`,
        at,
      },
    ];
  });
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
  forgetParts(engine.project, stage.outs.map(({ path }) => path)); // prettier-ignore
  const kept = stage.outs.filter(({ cache }) => cache).map(({ path }) => absoluteOf(engine.project, path));
  return {
    told: {
      ...told,
      state: isAsRecorded ? (wasStored ? 'unchanged' : 'stored') : 'changed',
      ...changesOf(engine, recordedOf(engine.store, facts), entriesOf(outs)),
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
    const [was, is] = [new Map([[path, trueOf(store, before)]]), new Map([[path, entryOf(after)]])];
    const isReplaced = replacedIn(store, path, entryOf(after));
    for (const change of diffTrees(was, is, boundedTrees(store))) {
      const mayBeLost = change.kind === 'unknown' || (change.kind === 'deleted' && !store.has(change.before.digest));
      if (mayBeLost && !isReplaced(change)) throw cannotTell(`the lock records of ${change.path}`, stage.address);
    }
  }
}

/** Whether something else lies where a file or folder was: a folder in place of a file, or the other way round. */
function replacedIn(store: Engine['store'], out: string, now: Entry): (change: TreeChange) => boolean {
  return (change) => {
    if (!('before' in change) || 'after' in change) return false;
    const names = change.path === out ? [] : posix.relative(out, change.path).split('/');
    const isFolder = change.before.kind === 'dir';
    const found = entryAt(store, now, names.join('/'));
    if (found !== undefined) return (found.kind === 'dir') !== isFolder;
    return names.some((_, at) => (entryAt(store, now, names.slice(0, at).join('/')) ?? now).kind !== 'dir');
  };
}

/** What was recorded, with the sizes that digests stand for: a list is not read by another one. */
function recordedOf(store: Engine['store'], { recorded }: StageFacts): Map<string, Entry> {
  return new Map((recorded?.outs ?? []).map((out) => [out.path, trueOf(store, out)]));
}

function trueOf(store: Engine['store'], out: LockEntry): Entry {
  return contradicted(store, entryOf(out)) ?? entryOf(out);
}

function entriesOf(outs: readonly LockEntry[]): Map<string, Entry> {
  return new Map(outs.map((out) => [out.path, entryOf(out)]));
}

function isRecorded(facts: StageFacts, outs: readonly LockEntry[]): boolean {
  const { recorded } = facts;
  if (recorded === undefined || differences(facts).some(({ kind }) => kind !== 'out')) return false;
  const before = new Map(recorded.outs.map((entry) => [entry.path, entry]));
  return (
    before.size === outs.length &&
    outs.every((out) => {
      const was = before.get(out.path);
      return was !== undefined && isSameEntry('out', out, was) && out.size === was.size && out.files === was.files;
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
