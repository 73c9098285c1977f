import type { WalkOptions } from '../fingerprint/file.ts';
import { fingerprintPath } from '../fingerprint/file.ts';
import { canonical } from '../kit/canonical.ts';
import type { Digest } from '../kit/digest.ts';
import type { LockEntry } from '../lockfile/block.ts';
import { entryOf, lockEntry } from '../lockfile/entry.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { ingest } from '../store/ingest.ts';
import { writeRunRecord } from '../store/run-record.ts';
import type { Entry } from '../store/tree.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import { gatherFacts, isCacheable, keyOf } from './facts.ts';
import type { WholeLog } from './log-file.ts';
import { walkRecording } from './link-rules.ts';
import { forgetParts } from './partial-outs.ts';
import { relinkStored } from './relink.ts';
import { storeSink } from './sink.ts';
import { changedDep, missingOut } from './stage-problem.ts';
import type { StageOptions } from './stage-options.ts';

/** A run whose command ended well. */
export interface FinishedRun {
  readonly options: StageOptions;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly log: WholeLog | undefined;
}

/**
 * Stores what a run made and records it, unless an out is missing or something it read has changed meanwhile. Whoever
 * asks gently to stop still gets it: the work is done, and only an insistent one is worth losing it.
 */
export async function commit(engine: Engine, facts: StageFacts, run: FinishedRun): Promise<Problem | undefined> {
  const { stage } = facts;
  const { options } = run;
  const outs = await storeOuts(engine, stage, options);
  if (!Array.isArray(outs)) return missingOut(stage, outs);
  const changed = await changedInput(engine, facts, options);
  if (changed !== undefined) return changedDep(stage, changed);
  const key = keyOf(engine, facts);
  if (key !== undefined && isCacheable(stage) && options.noCommit !== true) {
    writeRunRecord(engine.store, engine.blake3, {
      key,
      stage: stage.name,
      startedAt: run.startedAt,
      durationMs: Math.round(run.durationMs),
      outs,
      log: run.log === undefined ? null : await storeLog(engine, run.log),
      signer: engine.signing.signer(),
    });
  }
  recordBlock(engine, facts, outs);
  // What the stage left there is all there is, in a folder that it kept, too.
  forgetParts(engine.project, stage.outs.map(({ path }) => path)); // prettier-ignore
  if (options.noCommit !== true) await linkOuts(engine, { stage, outs }, options);
  return undefined;
}

/** Stores the outs; where one is missing, that one. */
export async function storeOuts(
  engine: Engine,
  stage: Stage,
  options: Pick<StageOptions, 'noCommit' | 'forceSignal'> & Pick<WalkOptions, 'onProgress'>,
): Promise<LockEntry[] | Out> {
  const signal = options.forceSignal;
  const writer = options.noCommit === true ? undefined : engine.store.writer();
  const sink = writer && storeSink(writer, signal);
  const how = { follow: false, signal, onProgress: options.onProgress, ...(sink === undefined ? {} : { sink }) };
  try {
    const outs = await walkRecording(writer ?? engine.store, async (rules) => {
      const entries: LockEntry[] = [];
      let missing: Out | undefined;
      // To the end: one out may hold the bytes that a link in another one leads to.
      for (const out of stage.outs) {
        const entry = await fingerprintPath(out.path, { ...how, rules }, engine.fingerprint);
        if (entry === undefined) missing ??= out;
        else entries.push(lockEntry(out.as, entry));
      }
      return missing ?? entries;
    });
    if (Array.isArray(outs)) await writer?.finish();
    return outs;
  } finally {
    writer?.discard();
  }
}

/** Outs that the store keeps are linked to it, now that all is recorded. */
async function linkOuts(
  engine: Engine,
  { stage, outs }: { readonly stage: Stage; readonly outs: readonly LockEntry[] },
  { forceSignal: signal }: StageOptions,
): Promise<void> {
  await relinkStored(engine, storedOf(stage, outs), { links: engine.links, signal });
}

/** What the store keeps of the outs of a stage, by path. */
export function storedOf(stage: Stage, outs: readonly LockEntry[]): [path: string, entry: Entry][] {
  return stage.outs.flatMap(({ as, path, cache }): [string, Entry][] => {
    const locked = outs.find((each) => each.path === as);
    return cache && locked !== undefined ? [[path, entryOf(locked)]] : [];
  });
}

async function storeLog({ store, blake3 }: Engine, log: WholeLog): Promise<Digest> {
  return 'text' in log ? store.put(log.text) : (await ingest(store, log.file, { blake3 })).digest;
}

/** A dep or parameter that is no longer what it was when the stage started. */
async function changedInput(engine: Engine, facts: StageFacts, options: StageOptions): Promise<string | undefined> {
  const after = await gatherFacts(engine, { ...facts.stage, outs: [] }, { ...options, signal: options.forceSignal });
  for (const [as, seen] of facts.deps) {
    const now = after.deps.get(as);
    if (seen.state !== 'known' || now?.state !== 'known' || now.entry.digest !== seen.entry.digest) return as;
  }
  const unchanged = canonical(after.inputs?.params ?? null) === canonical(facts.inputs?.params ?? null);
  return unchanged ? undefined : 'a parameter file';
}

/**
 * Writes down what a stage now has: the last step, so that whatever is recorded is complete.
 * @throws {PipeError} PIPE_STORE_LEASE
 */
export function recordBlock(engine: Engine, facts: StageFacts, outs: readonly LockEntry[]): void {
  engine.store.ensureLasting();
  if (facts.inputs !== undefined) engine.locks.record(facts.stage, { ...facts.inputs, outs });
}
