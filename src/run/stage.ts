import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StageEndEvent } from '../event/event.ts';
import { globBase } from '../graph/glob.ts';
import { checkAborted, isAbort } from '../kit/abort.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Stage } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';
import { isComplete } from '../store/completeness.ts';
import { restoreEntry } from '../store/restore.ts';
import type { Restorable } from '../store/run-record.ts';
import { waitNotice } from './claims.ts';
import { recordBlock } from './commit.ts';
import type { Engine } from './engine.ts';
import { execute } from './execute.ts';
import type { StageFacts } from './facts.ts';
import { gatherFacts } from './facts.ts';
import { judge } from './judge.ts';
import { logPath } from './log-file.ts';
import { forgetParts } from './partial-outs.ts';
import { isSameEntry } from './plan.ts';
import type { Pull } from './pull.ts';
import { cancelledProblem, stageProblems, storageProblem } from './stage-problem.ts';
import type { StageOptions } from './stage-options.ts';

/**
 * Brings one stage up to date; what it needs is up to date already. The order matters: claim its paths, look, decide;
 * restore, or remove outs, run, look again; store, record, and lock last, so that whatever is recorded is complete.
 */
export async function runStage(engine: Engine, stage: Stage, options: StageOptions): Promise<StageEndEvent> {
  const started = performance.now();
  let release = (): void => undefined;
  try {
    if (options.pull !== undefined) await pullInputs(engine, stage, { ...options, pull: options.pull });
    release = await claimPaths(engine, stage, options.signal);
    engine.locks.refresh(stage);
    // Before anything is looked up that the lock may name afterwards.
    engine.store.hold();
    const { facts, decision } = await judge(engine, stage, options);
    const { reasons, record } = decision;
    const end = (outcome: StageEndEvent['outcome'], more: Partial<StageEndEvent> = {}): StageEndEvent => {
      const durationMs = outcome === 'fresh' || outcome === 'frozen' ? 0 : performance.now() - started;
      return { type: 'stage-end', stage: stage.address, outcome, reasons, durationMs, ...more };
    };
    if (decision.state === 'fresh' || decision.state === 'frozen') {
      options.pull?.noteOuts(facts);
      return end(decision.state);
    }
    if (record !== undefined && (await restore(engine, facts, { ...options, record }))) {
      const { startedAt, durationMs, from } = record;
      if (!stage.frozen) options.history.set(stage.address, { startedAt, durationMs, exitCode: 0 });
      return end('restored', {
        ...(stage.frozen ? {} : { savedMs: durationMs }),
        ...(from === undefined ? {} : { from }),
      });
    }
    if (stage.frozen) return end('frozen');
    // A command reads what lies on the disk: from here on nothing is taken for unchanged.
    const isLenient = options.allowMissing === true || options.pull !== undefined;
    const found = isLenient
      ? await gatherFacts(engine, stage, { signal: options.signal, absent: options.absent })
      : facts;
    const [problem] = stageProblems(engine, found);
    if (problem !== undefined) return end('failed', { problem });
    const isWanted = (await options.confirm?.(stage.address)) ?? true;
    if (!isWanted) return end('cancelled', { durationMs: 0 });
    // Outs are removed next: not for a run that is about to end.
    checkAborted(options.signal);
    for (const { path } of stage.outs) options.pull?.away.forget(path);
    return end(...(await execute(engine, found, { ...options, allowMissing: false, reasons })));
  } catch (error) {
    const stopped = options.signal.aborted && isAbort(error);
    const known = error instanceof PipeError ? error.problems[0] : storageProblem(stage, error);
    const problem = stopped ? cancelledProblem(stage) : known;
    if (problem === undefined) throw error;
    const durationMs = performance.now() - started;
    const outcome = stopped ? 'cancelled' : 'failed';
    return { type: 'stage-end', stage: stage.address, outcome, reasons: [], durationMs, problem };
  } finally {
    release();
  }
}

/** Brings what a stage is going to read, before its paths are claimed: others that only read them may go on. */
async function pullInputs(
  engine: Engine,
  stage: Stage,
  options: StageOptions & { readonly pull: Pull },
): Promise<void> {
  const { pull, signal } = options;
  engine.store.hold();
  await pull.placeUnknown(stage, signal);
  const { facts, decision } = await judge(engine, stage, options);
  if (decision.state === 'run') await pull.placeInputs(facts, signal);
}

function claimPaths(engine: Engine, stage: Stage, signal: AbortSignal): Promise<() => void> {
  const deps = stage.deps.filter((dep) => !dep.url).map((dep) => (dep.glob ? globBase(dep.path) : dep.path));
  const reads = [...deps, ...stage.params.map((param) => param.path)];
  const writes = stage.outs.map(({ path }) => path);
  return engine.claims.acquire(
    { stage: stage.address, reads, writes },
    (blocker) => {
      engine.emit({ ...waitNotice(blocker), stage: stage.address });
    },
    signal,
  );
}

/** The log of the run that made the outs; a stage without one has run all the same. */
async function restoreLog({ store }: Engine, { log }: Restorable, file: string): Promise<void> {
  rmSync(file, { force: true });
  if (log === null) return;
  mkdirSync(dirname(file), { recursive: true });
  await store.extract(log, file, { mode: 0o644 });
}

/** Puts the outs of a finished run into the workspace and records it. `false` when the store lacks some of them. */
async function restore(
  engine: Engine,
  facts: StageFacts,
  { record, signal, pull }: Pick<StageOptions, 'signal' | 'pull'> & { readonly record: Restorable },
): Promise<boolean> {
  const { stage } = facts;
  const { root, pipeDir } = engine.project;
  for (const locked of record.outs) {
    const out = stage.outs.find((each) => each.as === locked.path);
    const seen = facts.outs.get(locked.path);
    if (out === undefined) return false;
    if (seen?.state === 'known' && isSameEntry('out', seen.entry, locked)) continue;
    const thing = { path: out.path, entry: entryOf(locked), whole: out.path };
    if (pull !== undefined && !isComplete(engine.store, thing.entry)) {
      // What nobody reads need not come.
      pull.away.add(thing);
      if (seen?.state === 'missing' || (seen?.state === 'known' && seen.away === true)) continue;
      await pull.bring([thing], stage);
    }
    const memory = { index: engine.index, path: out.path, now: engine.now };
    const links = out.cache ? engine.links : undefined;
    const place = { target: join(root, out.path), root, signal, memory, links };
    if (!(await restoreEntry(engine.store, entryOf(locked), place))) return false;
    forgetParts(engine.project, [out.path]);
  }
  // Its lock is left alone: what it needs may have changed since.
  if (stage.frozen) return true;
  await restoreLog(engine, record, logPath(pipeDir, stage.address));
  recordBlock(engine, facts, record.outs);
  return true;
}
