import { posix } from 'node:path';
import { fingerprintPath } from '../fingerprint/file.ts';
import { fingerprintGlob } from '../fingerprint/glob.ts';
import { knownFile } from '../fingerprint/look.ts';
import { commandLines, stageKey } from '../fingerprint/stage.ts';
import { globMeets } from '../graph/glob.ts';
import type { Digest } from '../kit/digest.ts';
import { sortedBy } from '../kit/order.ts';
import { ancestors, isWithin } from '../kit/path.ts';
import type { ValueMap } from '../kit/value.ts';
import type { LockBlock, LockEntry } from '../lockfile/block.ts';
import { entryOf, lockEntry } from '../lockfile/entry.ts';
import type { Dep, Out, Stage } from '../pipeline/model.ts';
import type { ProblemCode } from '../problem/code.ts';
import { PipeError } from '../problem/problem.ts';
import { entryAt } from '../store/entry-at.ts';
import { readTree } from '../store/read-tree.ts';
import { isComplete } from '../store/completeness.ts';
import type { Restorable, StoredRun } from '../store/run-record.ts';
import { originOf, readRunRecords } from '../store/run-record.ts';
import type { Entry, Tree } from '../store/tree.ts';
import type { Away } from './away.ts';
import type { Engine } from './engine.ts';
import { environmentOf } from './environment.ts';
import type { AwayThing } from './inputs.ts';
import type { ParamValues } from './param-files.ts';

/** What is known of a path: its bytes, that it is not there, or that a stage must make it first. */
export type SeenPath =
  | {
      readonly state: 'known';
      readonly entry: LockEntry;
      /** Its bytes are not in the workspace: see {@link Away}. */
      readonly away?: true;
      /** Paths in it that are recorded elsewhere and never came here: no command may read it like that. */
      readonly lacks?: readonly AwayThing[];
    }
  | { readonly state: 'missing' }
  | ({ readonly state: 'unknown' } & ToBeMade);

/** Of what is not on disk yet: the address of the stage that must make it first, or the path that must come first. */
export type ToBeMade = { readonly maker: string } | { readonly awaited: string };

/** Whether parameters are not known yet. */
export function isToBeMade(values: ParamValues | ToBeMade): values is ToBeMade {
  return 'maker' in values || 'awaited' in values;
}

/** Everything that decides about one stage. Plain data: `decide` needs nothing else. */
export interface StageFacts {
  readonly stage: Stage;
  readonly recorded?: LockBlock;
  /** By `as`. */
  readonly deps: ReadonlyMap<string, SeenPath>;
  /** By the file's `as`. */
  readonly params: ReadonlyMap<string, ParamValues | ToBeMade>;
  readonly env: ReadonlyMap<string, Digest>;
  /** By `as`: what lies in the workspace. */
  readonly outs: ReadonlyMap<string, SeenPath>;
  /** Working folder relative to the lock's folder. */
  readonly wdir: string;
  /** The block's part that is known before a run; absent while a dep or parameter is missing or unknown. */
  readonly inputs?: Omit<LockBlock, 'outs'>;
}

/**
 * What stages before this one will have made by the time it runs, by path; whatever is not listed lies on the disk.
 * Nothing runs while many stages are looked at, so whatever several of them need is looked at once and remembered.
 */
export interface Expectation {
  readonly outs: ReadonlyMap<string, ExpectedOut>;
  /** What lies at a path, or is found by a pattern in a working folder. */
  readonly found: Map<string, Entry>;
  /** Folders of the store. */
  readonly trees: Map<Digest, Tree | undefined>;
}

/** An out that is not there yet, with its bytes where they are known from a finished run. */
export interface ExpectedOut {
  readonly maker: string;
  readonly entry?: Entry;
}

/** How the facts of a stage are gathered. */
export interface FactOptions {
  /** What stages before it will have made by then; absent: what lies on the disk now counts. */
  readonly expected?: Expectation;
  /** Makes it reject with an AbortError. */
  readonly signal?: AbortSignal;
  /** A missing file counts as what the lock recorded (`--allow-missing`). */
  readonly allowMissing?: boolean;
  /** What is missing because it was not downloaded counts as what it is (`--pull`). */
  readonly away?: Away | undefined;
  /** Without `--pull`: what of the data of others never came. */
  readonly absent?: Away | undefined;
}

/** Looks at everything that decides about a stage. Files that the stat index knows are not read. */
export async function gatherFacts(engine: Engine, stage: Stage, options: FactOptions): Promise<StageFacts> {
  const { signal } = options;
  const recorded = engine.locks.block(stage);
  const lenient = (found: SeenPath, entries: readonly LockEntry[] | undefined, as: string): SeenPath => {
    const entry = options.allowMissing === true ? entries?.find((each) => each.path === as) : undefined;
    return found.state === 'missing' && entry !== undefined ? { state: 'known', entry, away: true } : found;
  };
  const deps = new Map<string, SeenPath>();
  for (const dep of stage.deps) {
    const found = knownDep(engine, dep, options) ?? (await seeDep(engine, dep, { ...options, stage }));
    deps.set(dep.as, lacking(dep, lenient(found, recorded?.deps, dep.as), options));
  }
  const outs = new Map<string, SeenPath>();
  for (const out of stage.outs) {
    const entry = knownFile(out.path, false, engine.fingerprint);
    const found = entry === undefined ? await seeOut(engine, out, signal) : seen(out.as, entry);
    outs.set(out.as, lenient(found, recorded?.outs, out.as));
  }
  const facts: StageFacts = {
    stage,
    ...(recorded === undefined ? {} : { recorded }),
    deps,
    params: readParams(engine, stage, options),
    env: environmentOf(engine, stage),
    outs,
    wdir: posix.relative(posix.dirname(stage.file), stage.wdir) || '.',
  };
  const inputs = inputsOf(facts);
  return inputs === undefined ? facts : { ...facts, inputs };
}

/** What was found of a dep, with what it lacks; `--allow-missing` takes that for what it is. */
function lacking(dep: Dep, found: SeenPath, { absent, allowMissing }: FactOptions): SeenPath {
  if (absent === undefined || dep.url || found.state !== 'known') return found;
  const parts = absent.partsOf(dep);
  if (parts.length === 0) return found;
  const whole = allowMissing === true && !dep.glob ? absent.incomplete(dep.path) : undefined;
  if (whole !== undefined) return { state: 'known', entry: lockEntry(dep.as, whole.entry), away: true };
  return { ...found, lacks: parts };
}

/** The stage key; `undefined` while an input is missing or unknown, and for stages that are never restored. */
export function keyOf(engine: Engine, facts: StageFacts): Digest | undefined {
  if (facts.inputs === undefined || !isCacheable(facts.stage)) return undefined;
  return stageKey(
    facts.inputs,
    facts.stage.outs.map((out) => out.as),
    engine.blake3,
  );
}

/**
 * The newest finished run under the stage's key whose outs are all in the store; for a frozen stage, what the lock says
 * that it made.
 */
export function findRecord(engine: Engine, facts: StageFacts): Restorable | undefined {
  if (facts.stage.frozen) return lostOuts(engine, facts);
  const key = keyOf(engine, facts);
  if (key === undefined) return undefined;
  const isHere = ({ outs }: KnownRun): boolean => outs.every((out) => isComplete(engine.store, entryOf(out)));
  return recordsOf(engine, facts, key).find(isHere);
}

/** The finished runs under a key that made just the outs that the stage has now, the newest first. */
export function recordsOf(engine: Engine, { stage }: StageFacts, key: Digest): KnownRun[] {
  const outs = new Set(stage.outs.map((out) => out.as));
  const isOfStage = ({ outs: made }: KnownRun): boolean =>
    made.length === outs.size && made.every(({ path }) => outs.has(path));
  return knownRuns(engine, key).filter(isOfStage);
}

/** All finished runs under a key that count, the newest first. */
export function knownRuns({ store, blake3, signing }: Engine, key: Digest): KnownRun[] {
  return readRunRecords(store.layout, blake3, key)
    .map((record): KnownRun => ({ ...record, from: originOf(store.layout, record) }))
    .filter((run) => run.from === undefined || signing.isTrusted(run.text));
}

/** A finished run, and where its record came from. */
export interface KnownRun extends StoredRun {
  readonly from: string | undefined;
}

/** The recorded outs of a stage that are not in the workspace, if the store has them all. */
function lostOuts(engine: Engine, { recorded, outs }: StageFacts): Restorable | undefined {
  const lost = recorded?.outs.filter(({ path }) => outs.get(path)?.state === 'missing') ?? [];
  if (!lost.every((out) => isComplete(engine.store, entryOf(out)))) return undefined;
  return { outs: lost, startedAt: '', durationMs: 0, log: null };
}

/** Whether a run may stand for another: not when nothing tells runs apart, or an out carries over from run to run. */
export function isCacheable(stage: Stage): boolean {
  const inputs = stage.deps.length + stage.params.length + stage.env.size + stage.envDeps.length;
  if (stage.alwaysChanged || inputs === 0) return false;
  return stage.outs.length > 0 && !stage.outs.some((out) => out.persist);
}

/** The part of a lock block that is known before the stage runs; `undefined` while anything is missing. */
function inputsOf(facts: StageFacts): Omit<LockBlock, 'outs'> | undefined {
  const deps: LockEntry[] = [];
  for (const dep of facts.deps.values()) {
    if (dep.state !== 'known') return undefined;
    deps.push(dep.entry);
  }
  const params = new Map<string, ValueMap>();
  for (const [file, values] of facts.params) {
    if (isToBeMade(values)) return undefined;
    const present = new Map(
      [...values].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
    );
    if (present.size < values.size) return undefined;
    params.set(file, present);
  }
  const cmd = typeof facts.stage.cmd === 'string' ? facts.stage.cmd : commandLines(facts.stage.cmd);
  return { cmd, wdir: facts.wdir, deps: sortedBy(deps, (dep) => dep.path), params, env: facts.env };
}

/** What no store can hold (a socket, say) is nothing that a finished run made: it counts as missing, and gives way. */
const UNSTORABLE = new Set<string>([
  'PIPE_FILE_KIND',
  'PIPE_NAME_NOT_UTF8',
  'PIPE_NAME_UNSAFE',
] satisfies ProblemCode[]);

async function seeOut(engine: Engine, out: Out, signal: AbortSignal | undefined): Promise<SeenPath> {
  try {
    return seen(out.as, await fingerprintPath(out.path, { follow: false, ...given(signal) }, engine.fingerprint));
  } catch (error) {
    if (error instanceof PipeError && error.problems.every(({ code }) => UNSTORABLE.has(code)))
      return { state: 'missing' };
    throw error;
  }
}

/** A dep that is a file the stat index knows, where all lies on the disk: the usual case, and done without waiting. */
function knownDep(engine: Engine, dep: Dep, { expected, away }: FactOptions): SeenPath | undefined {
  if (dep.glob || (expected !== undefined && expected.outs.size > 0)) return undefined;
  const entry = expected?.found.get(dep.path) ?? knownFile(dep.path, true, engine.fingerprint);
  // A part of a folder may be away.
  if (entry === undefined || (away !== undefined && entry.kind === 'dir')) return undefined;
  expected?.found.set(dep.path, entry);
  return seen(dep.as, entry);
}

interface DepOptions extends FactOptions {
  readonly stage: Stage;
}

async function seeDep(engine: Engine, dep: Dep, options: DepOptions): Promise<SeenPath> {
  const { expected, stage, away } = options;
  const made =
    expected === undefined || expected.outs.size === 0 ? undefined : seeExpected(engine, dep, { expected, stage });
  if (made !== undefined) return made;
  const found = await findOnce(engine, dep, options);
  return (away && seeAway(engine, dep, { away, found })) ?? seen(dep.as, found);
}

async function findOnce(engine: Engine, dep: Dep, options: DepOptions): Promise<Entry | undefined> {
  const { expected, stage } = options;
  if (expected === undefined) return findDep(engine, dep, options);
  const place = dep.glob ? `${stage.wdir}\0${dep.path}` : dep.path;
  const known = expected.found.get(place) ?? (await findDep(engine, dep, options));
  // Not that it is missing: another process may put it there between a rehearsal and the look that counts.
  if (known !== undefined) expected.found.set(place, known);
  return known;
}

/** What a dep is that, or a part of which, was not downloaded. */
function seeAway(
  { store }: Engine,
  dep: Dep,
  { away, found }: { readonly away: Away; readonly found: Entry | undefined },
): SeenPath | undefined {
  if (dep.url) return undefined;
  const whole = found === undefined || dep.glob ? undefined : away.incomplete(dep.path);
  if (whole !== undefined) return { state: 'known', entry: lockEntry(dep.as, whole.entry), away: true };
  const part = found === undefined || found.kind === 'dir' ? away.partOf(dep) : undefined;
  if (part !== undefined) return { state: 'unknown', awaited: part.path };
  const thing = found === undefined && !dep.glob ? away.around(dep.path) : undefined;
  const entry = thing && entryAt(store, thing.entry, posix.relative(thing.path, dep.path));
  return entry && { state: 'known', entry: lockEntry(dep.as, entry), away: true };
}

function findDep(engine: Engine, dep: Dep, { stage, signal }: DepOptions): Promise<Entry | undefined> {
  const how = { follow: true, ...given(signal) };
  if (dep.glob) return fingerprintGlob({ pattern: dep.path, wdir: stage.wdir }, how, engine.fingerprint);
  return fingerprintPath(dep.path, how, engine.fingerprint);
}

function given(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function seeExpected(
  engine: Engine,
  dep: Dep,
  { expected, stage }: { readonly expected: Expectation; readonly stage: Stage },
): SeenPath | undefined {
  const { outs } = expected;
  if (!dep.glob) {
    for (const path of [dep.path, ...ancestors(dep.path)]) {
      const made = outs.get(path);
      if (made === undefined) continue;
      if (made.entry === undefined) return { state: 'unknown', maker: made.maker };
      return seen(dep.as, entryWithin(engine, { ...expected, entry: made.entry }, dep.path.slice(path.length + 1)));
    }
  }
  const { needs, stages } = engine.graph;
  for (const maker of needs.get(stage.address) ?? []) {
    // A part of the folder, or of what the pattern finds, is not on disk yet.
    const isPart = (path: string): boolean => (dep.glob ? globMeets(dep.path, path) : isWithin(dep.path, path));
    if (stages.get(maker)?.outs.some(({ path }) => outs.has(path) && isPart(path)) === true) {
      return { state: 'unknown', maker };
    }
  }
  return undefined;
}

/** What lies at a path below an entry of the store. */
function entryWithin(
  engine: Engine,
  { entry, trees }: { readonly entry: Entry; readonly trees: Expectation['trees'] },
  below: string,
): Entry | undefined {
  let at: Entry | undefined = entry;
  for (const name of below === '' ? [] : below.split('/')) {
    if (at.kind === 'dir' && !trees.has(at.digest)) trees.set(at.digest, readTree(engine.store, at));
    at = trees.get(at.digest)?.get(name);
    if (at === undefined) return undefined;
  }
  return at;
}

function readParams(
  engine: Engine,
  stage: Stage,
  { expected, away }: FactOptions,
): Map<string, ParamValues | ToBeMade> {
  const params = new Map<string, ParamValues | ToBeMade>();
  for (const param of stage.params) {
    const made = [param.path, ...ancestors(param.path)].find((path) => expected?.outs.has(path));
    const maker = expected?.outs.get(made ?? '')?.maker;
    const awaited = maker === undefined && away !== undefined && !engine.params.has(param) && away.around(param.path);
    if (awaited) params.set(param.as, { awaited: awaited.path });
    else params.set(param.as, maker === undefined ? engine.params.values(param) : { maker });
  }
  return params;
}

function seen(as: string, entry: Entry | undefined): SeenPath {
  return entry === undefined ? { state: 'missing' } : { state: 'known', entry: lockEntry(as, entry) };
}
