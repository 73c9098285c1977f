import type { PlanState } from '../event/event.ts';
import type { Change, Reason } from '../event/reason.ts';
import { commandLines } from '../fingerprint/stage.ts';
import { canonical, equalValues } from '../kit/canonical.ts';
import type { Value, ValueMap } from '../kit/value.ts';
import type { LockBlock, LockEntry } from '../lockfile/block.ts';
import type { Restorable } from '../store/run-record.ts';
import type { SeenPath, StageFacts, ToBeMade } from './facts.ts';
import type { ParamValues } from './param-files.ts';

/** What is asked of a run, beside its targets. */
export interface PlanOptions {
  readonly force?: boolean;
  /** Run although a finished run with the same key is known (`--no-run-cache`). */
  readonly noRestore?: boolean;
}

/** Which finished run a stage could be restored from: only asked for when it would run otherwise. */
export type FindRecord = (facts: StageFacts) => Restorable | undefined;

/** What a decision depends on beside the facts of the stage. */
export interface Circumstances {
  /** The states of the stages that it needs. */
  readonly before: readonly PlanState[];
  readonly options: PlanOptions;
  readonly findRecord: FindRecord;
}

/** What will happen to a stage, and why. */
export interface Decision {
  readonly state: PlanState;
  readonly reasons: readonly Reason[];
  /** For `restore`: the finished run that it is restored from. */
  readonly record?: Restorable;
}

/**
 * Decides about one stage from facts alone: the same for `--dry`, `explain`, `status` and the run itself.
 */
export function decide(facts: StageFacts, { before, options, findRecord }: Circumstances): Decision {
  const { stage } = facts;
  if (stage.when?.holds === false || before.includes('skip')) return { state: 'skip', reasons: [] };
  if (stage.frozen) return decideFrozen(facts, findRecord);
  const upstream = upstreamOf(facts);
  const reasons = [...differences(facts), ...upstream];
  if (options.force === true) return { state: 'run', reasons: [{ kind: 'forced' }, ...reasons] };
  if (stage.alwaysChanged) return { state: 'run', reasons: [{ kind: 'always-changed' }, ...reasons] };
  if (stage.deps.length + stage.params.length + stage.outs.length === 0) {
    return { state: 'run', reasons: [{ kind: 'no-deps' }, ...reasons] };
  }
  if (upstream.length > 0) return { state: 'may-run', reasons };
  if (reasons.length === 0) return { state: 'fresh', reasons };
  const isPartial = [...facts.deps.values()].some((dep) => dep.state === 'known' && dep.lacks !== undefined);
  const record = options.noRestore === true || isPartial ? undefined : findRecord(facts);
  return record === undefined ? { state: 'run', reasons } : restored(reasons, record);
}

/** Instead of running, for the reasons given, a stage is restored from a finished run. */
export function restored(reasons: readonly Reason[], record: Restorable): Decision {
  return { state: 'restore', reasons: reasons.map(asKnown), record };
}

/** It did run before, though the lock does not say so. */
export function asKnown(reason: Reason): Reason {
  return reason.kind === 'new' ? { kind: 'new', known: true } : reason;
}

/** A frozen stage never runs, but what it made and is no longer there comes back. */
function decideFrozen(facts: StageFacts, findRecord: FindRecord): Decision {
  const reasons = differences(facts).filter((reason) => reason.kind === 'out' && reason.change === 'missing');
  const record = reasons.length === 0 ? undefined : findRecord(facts);
  return record === undefined ? { state: 'frozen', reasons } : { state: 'restore', reasons, record };
}

/** The stages whose outs must be made before anything can be said. */
function upstreamOf(facts: StageFacts): Reason[] {
  const deps = [...facts.deps.values()].filter((dep) => dep.state === 'unknown');
  const params = [...facts.params.values()].filter((values) => 'maker' in values || 'awaited' in values);
  const waits: ToBeMade[] = [...deps, ...params];
  const makers = new Set(waits.flatMap((wait) => ('maker' in wait ? [wait.maker] : [])));
  const paths = new Set(waits.flatMap((wait) => ('awaited' in wait ? [wait.awaited] : [])));
  return [
    ...[...makers].map((stage): Reason => ({ kind: 'upstream', stage })),
    ...[...paths].map((path): Reason => ({ kind: 'download', path })),
  ];
}

/** Everything in which a stage differs from what its last run recorded. */
export function differences(facts: StageFacts): Reason[] {
  const { recorded } = facts;
  if (recorded === undefined) return [{ kind: 'new' }];
  const reasons: Reason[] = [];
  addCommandDifference(reasons, facts, recorded);
  addPathDifferences(reasons, 'dep', { now: facts.deps, recorded: recorded.deps });
  if (facts.params.size + recorded.params.size > 0) reasons.push(...paramDifferences(facts, recorded));
  if (facts.env.size + recorded.env.size > 0) reasons.push(...envDifferences(facts, recorded));
  addPathDifferences(reasons, 'out', { now: facts.outs, recorded: recorded.outs });
  return reasons;
}

function addCommandDifference(reasons: Reason[], { stage, wdir }: StageFacts, recorded: LockBlock): void {
  if (recorded.cmd !== stage.cmd) {
    const [before, after] = [commandLines(recorded.cmd), commandLines(stage.cmd)];
    // Not by the joined text: one command of two lines is not two commands.
    const isSame = before.length === after.length && before.every((line, at) => line === after[at]);
    if (!isSame) reasons.push({ kind: 'command', before: before.join('\n'), after: after.join('\n') });
  }
  if (recorded.wdir !== wdir) reasons.push({ kind: 'wdir', before: recorded.wdir, after: wdir });
}

interface Paths {
  readonly now: ReadonlyMap<string, SeenPath>;
  readonly recorded: readonly LockEntry[];
}

function addPathDifferences(reasons: Reason[], kind: 'dep' | 'out', { now, recorded }: Paths): void {
  if (areSame(kind, now, recorded)) return;
  const before = new Map(recorded.map((entry) => [entry.path, entry]));
  for (const [path, seen] of now) {
    const change = changeOf(kind, seen, before.get(path));
    if (change !== undefined) reasons.push({ kind, path, change });
  }
  for (const path of before.keys()) if (!now.has(path)) reasons.push({ kind, path, change: 'removed' });
}

/** Whether nothing differs: the usual case, told without a look at more than what was recorded. */
function areSame(kind: 'dep' | 'out', now: Paths['now'], recorded: Paths['recorded']): boolean {
  if (now.size !== recorded.length) return false;
  return recorded.every((entry) => {
    const seen = now.get(entry.path);
    return seen?.state === 'known' && isSameEntry(kind, seen.entry, entry);
  });
}

function changeOf(kind: 'dep' | 'out', seen: SeenPath, before: LockEntry | undefined): Change | undefined {
  if (seen.state === 'unknown') return undefined;
  if (before === undefined) return 'added';
  if (seen.state === 'missing') return 'missing';
  return isSameEntry(kind, seen.entry, before) ? undefined : 'modified';
}

/** Whether two entries stand for the same. The x bit counts for outs alone, which are restored with it. */
export function isSameEntry(kind: 'dep' | 'out', now: LockEntry, before: LockEntry): boolean {
  const isSame = now.digest === before.digest && (now.files === undefined) === (before.files === undefined);
  return isSame && now.link === before.link && (kind === 'dep' || now.exec === before.exec);
}

function* paramDifferences(facts: StageFacts, recorded: LockBlock): Generator<Reason> {
  for (const file of new Set([...facts.params.keys(), ...recorded.params.keys()])) {
    const now: ParamValues | ToBeMade = facts.params.get(file) ?? new Map<string, Value>();
    if ('maker' in now || 'awaited' in now) continue;
    const before: ParamValues = recorded.params.get(file) ?? new Map();
    for (const key of new Set([...now.keys(), ...before.keys()])) {
      const [old, value] = [before.get(key), now.get(key)];
      if (old !== undefined && value !== undefined && equalValues(old, value)) continue;
      // Recorded neither then nor now, and not asked for any more.
      if (old === undefined && !now.has(key)) continue;
      yield* valueDifferences({ file, key }, old, value);
    }
  }
}

/** Says which keys inside two maps differ, rather than that the maps do. */
function* valueDifferences(
  at: { readonly file: string; readonly key: string },
  old: Value | undefined,
  now: Value | undefined,
): Generator<Reason> {
  if (old instanceof Map && now instanceof Map) {
    const [before, after] = [old as ValueMap, now as ValueMap];
    for (const inner of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(inner), after.get(inner)];
      if (was !== undefined && is !== undefined && equalValues(was, is)) continue;
      yield* valueDifferences({ ...at, key: `${at.key}.${inner}` }, was, is);
    }
    return;
  }
  yield {
    kind: 'param',
    ...at,
    ...(old === undefined ? {} : { before: canonical(old) }),
    ...(now === undefined ? {} : { after: canonical(now) }),
  };
}

function* envDifferences(facts: StageFacts, recorded: LockBlock): Generator<Reason> {
  for (const [name, digest] of facts.env) {
    const before = recorded.env.get(name);
    if (before !== digest) yield { kind: 'env', name, change: before === undefined ? 'added' : 'modified' };
  }
  for (const name of recorded.env.keys()) if (!facts.env.has(name)) yield { kind: 'env', name, change: 'removed' };
}
