import { join, posix } from 'node:path';
import type { Downloaded } from '../event/event.ts';
import type { Digest } from '../kit/digest.ts';
import { isWithin } from '../kit/path.ts';
import type { LockEntry } from '../lockfile/block.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { Out, Stage } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';
import { entryAt } from '../store/entry-at.ts';
import { isComplete } from '../store/completeness.ts';
import { restoreEntry } from '../store/restore.ts';
import type { Restorable } from '../store/run-record.ts';
import type { AwayThing } from './inputs.ts';
import { Away } from './away.ts';
import { waitNotice } from './claims.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import { keyOf, recordsOf } from './facts.ts';
import type { Decision, PlanOptions } from './plan.ts';
import { restored } from './plan.ts';
import type { PullSource, WantedThing } from './pull-source.ts';
import { rehearse } from './rehearse.ts';

/** A stage may need what another one made, that one what a third one made: after so many turns each is asked for. */
const MOST_REHEARSALS = 3;

/** Two reports of how far a download is lie at least so far apart, in milliseconds. */
const PROGRESS_EVERY_MS = 100;

/**
 * What `--pull` does: it decides again about stages that would run only because something was not downloaded, and
 * brings what a stage that runs needs. Whatever is not needed stays where it is.
 */
export class Pull {
  readonly away: Away;
  readonly #engine: Engine;
  readonly source: PullSource;
  readonly #asked = new Map<string, Promise<number>>();
  readonly #placing = new Map<string, Promise<void>>();
  /** Outs of which it was told that the remote lacks a part. */
  readonly #told = new Set<string>();
  #downloaded = { objects: 0, bytes: 0, records: 0 };

  constructor(engine: Engine, source: PullSource, away?: Away) {
    this.#engine = engine;
    this.source = source;
    this.away = away ?? new Away(engine.project.root);
    if (away === undefined) for (const thing of source.tracked) this.away.add(thing);
  }

  /**
   * Finds out what a look at many stages is going to ask, and asks that at once; then again, as long as run records come,
   * for what these name. What follows from that is asked when it turns up.
   * @param look looks at the stages with what it is given: that takes for granted that outs can be had, and that there are
   *   no run records but those of this machine
   */
  async ahead(look: (rehearsal: Pull) => Promise<unknown>): Promise<void> {
    for (let turn = 0; turn < MOST_REHEARSALS; turn += 1) {
      const questions = await rehearse(this.source, (source) => look(new Pull(this.#engine, source, this.away.copy())));
      const records = questions.records.filter(({ stage, key }) => !this.#asked.has(idOf(stage, key)));
      if (records.length + questions.outs.length === 0) return;
      const count = await this.source.ahead({ ...questions, records });
      this.#downloaded.records += count;
      for (const { stage, key } of records) this.#asked.set(idOf(stage, key), Promise.resolve(0));
      if (count === 0) return;
    }
  }

  /** What came so far. */
  get downloaded(): Downloaded {
    return this.#downloaded;
  }

  /**
   * Brings the lists of folders without which deps inside of what is away cannot be told.
   * @param expected what stages before it will have made, by path, where that is known
   */
  async lists(stage: Stage, expected: (path: string) => AwayThing | undefined): Promise<void> {
    for (const { path, glob, url } of stage.deps) {
      if (glob || url) continue;
      const thing = expected(path) ?? (this.away.isHere(path) ? undefined : this.away.around(path));
      if (thing === undefined || thing.path === path || thing.entry.kind !== 'dir') continue;
      const below = posix.relative(thing.path, path);
      if (entryAt(this.#engine.store, thing.entry, below) === undefined) await this.source.lists(thing, below);
    }
  }

  /**
   * Decides again about a stage that would run, or that has lost outs: outs that are known and can be had need not be in
   * the workspace, and a run record may be on the remote.
   */
  async reconsider(facts: StageFacts, decision: Decision, options: PlanOptions): Promise<Judged> {
    const { stage } = facts;
    const { state, reasons } = decision;
    const isLost = reasons.length > 0 && reasons.every((each) => each.kind === 'out' && each.change === 'missing');
    if ((state === 'run' || state === 'frozen') && isLost) {
      const found = await this.#findLost(facts);
      if (found !== undefined) return { facts: found, decision: { state: stage.frozen ? 'frozen' : 'fresh', reasons: [] } }; // prettier-ignore
    }
    if (state !== 'run' || options.noRestore === true) return { facts, decision };
    if (reasons.some(({ kind }) => kind === 'forced' || kind === 'always-changed' || kind === 'no-deps')) return { facts, decision }; // prettier-ignore
    const record = await this.#findRecord(facts);
    return { facts, decision: record === undefined ? decision : restored(reasons, record) };
  }

  /** A stage is up to date: outs that are not in the workspace can be had. */
  noteOuts({ stage, outs }: StageFacts): void {
    for (const out of stage.outs) {
      const seen = outs.get(out.as);
      if (seen?.state === 'known' && seen.away) this.away.add({ path: out.path, entry: entryOf(seen.entry) });
    }
  }

  /** Puts in place what has to lie there before more can be said of a stage: parts of deps, parameter files. */
  async placeUnknown(stage: Stage, signal: AbortSignal): Promise<void> {
    const params = stage.params.filter(({ path }) => !this.away.isHere(path));
    const things = [
      ...stage.deps.flatMap((dep) => (dep.url ? [] : this.away.partsOf(dep))),
      ...params.flatMap(({ path }) => this.away.around(path) ?? []),
    ];
    if (things.length > 0) await this.place(things.map(asWhole), { stage, signal });
  }

  /** Puts in place what the commands of a stage are going to read. */
  async placeInputs(facts: StageFacts, signal: AbortSignal): Promise<void> {
    const { stage, deps, recorded } = facts;
    const wanted: WantedThing[] = [];
    for (const dep of stage.deps) {
      const seen = deps.get(dep.as);
      const parts = this.away.incomplete(dep.path) === undefined ? [] : this.away.partsOf(dep);
      wanted.push(...parts.map(asWhole));
      if (parts.length > 0) continue;
      const thing = seen?.state === 'known' && seen.away ? this.away.around(dep.path) : undefined;
      if (seen?.state !== 'known' || thing === undefined) continue;
      const isPart = thing.path !== dep.path && this.#isUsedInParts(thing.path);
      wanted.push(isPart ? { path: dep.path, entry: entryOf(seen.entry), whole: thing.path } : asWhole(thing));
    }
    for (const out of stage.outs) {
      const locked = out.persist ? recorded?.outs.find(({ path }) => path === out.as) : undefined;
      const thing = locked && { path: out.path, entry: entryOf(locked) };
      if (thing === undefined || this.away.isHere(out.path)) continue;
      if ((await this.source.lack(out, thing)) === undefined) wanted.push(asWhole(thing));
    }
    if (wanted.length > 0) await this.place(wanted, { stage, signal });
  }

  /**
   * Brings things, and puts those in place that are not there. Two stages that need the same share it.
   * @throws {PipeError} PIPE_OBJECT_MISSING with what the remotes do not have
   */
  async place(
    things: readonly WantedThing[],
    { stage, signal }: { readonly stage?: Stage | undefined; readonly signal: AbortSignal },
  ): Promise<void> {
    const shared = things.filter(({ path }) => this.#placing.has(path));
    const awaited: Promise<unknown>[] = shared.flatMap(({ path }) => this.#placing.get(path)?.catch(asLack) ?? []);
    const own = things.filter(({ path }) => !this.#placing.has(path) && !this.away.isHere(path));
    const mine = new Map(own.map((thing) => [thing.path, thing]));
    if (mine.size > 0) {
      const work = this.#placeMine([...mine.values()], { stage, signal });
      for (const path of mine.keys()) this.#placing.set(path, work);
      awaited.push(
        work.finally(() => {
          for (const path of mine.keys()) this.#placing.delete(path);
        }),
      );
    }
    await Promise.all(awaited);
    // What the other one lacked may not be needed here; if it is, that is told of this stage.
    const left = shared.filter(({ path }) => !this.away.isHere(path));
    if (left.length > 0) await this.place(left, { stage, signal });
  }

  async #placeMine(
    things: readonly WantedThing[],
    { stage, signal }: { readonly stage: Stage | undefined; readonly signal: AbortSignal },
  ): Promise<void> {
    const { claims, emit, project, store, index, now, links, graph } = this.#engine;
    const name = stage?.address ?? 'download';
    const claim = { stage: name, reads: [], writes: things.map(({ path }) => path) };
    const release = await claims.acquire(claim, (blocker) => { emit(waitNotice(blocker)); }, signal); // prettier-ignore
    try {
      const missing = things.filter(({ path }) => !this.away.isHere(path));
      const fault = await this.bring(missing, stage).then(() => undefined, asLack);
      const uncached = new Set([...graph.stages.values()].flatMap(({ outs }) => outs.filter(({ cache }) => !cache)).map(({ path }) => path)); // prettier-ignore
      for (const { path, entry } of missing) {
        if (fault !== undefined && !isComplete(store, entry)) continue;
        const memory = { index, path, now };
        const place = { target: join(project.root, path), root: project.root, signal, memory };
        const isWhole = await restoreEntry(store, entry, { ...place, links: uncached.has(path) ? undefined : links });
        if (!isWhole) throw lacking([path], { stage, remote: 'a remote', graph });
      }
      if (fault !== undefined) throw fault;
    } finally {
      release();
    }
  }

  /**
   * Brings what the store lacks of things, and leaves the workspace alone.
   * @throws {PipeError} PIPE_OBJECT_MISSING
   */
  async bring(things: readonly WantedThing[], stage: Stage | undefined): Promise<void> {
    const { store, emit } = this.#engine;
    const absent = things.filter(({ entry }) => !isComplete(store, entry));
    if (absent.length === 0) return;
    const named = stage === undefined ? {} : { stage: stage.address };
    const started = performance.now();
    let shown = -Infinity;
    const pulled = await this.source.bring(absent, (remote, progress) => {
      const now = performance.now();
      if (now - shown < PROGRESS_EVERY_MS) return;
      shown = now;
      emit({ type: 'download', remote, ...named, ...progress });
    });
    for (const { remote = '', objects, bytes, things: own } of pulled) {
      this.#downloaded.objects += objects;
      this.#downloaded.bytes += bytes;
      const paths = own.map(({ path }) => path);
      if (objects > 0) emit({ type: 'downloaded', remote, ...named, paths, objects, bytes, durationMs: performance.now() - started }); // prettier-ignore
    }
    const missing = pulled.flatMap((each) => each.missing);
    const lack = pulled.find((each) => each.missing.length > 0);
    if (lack !== undefined) throw lacking(missing, { stage, remote: lack.remote, graph: this.#engine.graph });
  }

  /** The facts with the outs that were lost, where all of these can be had. */
  async #findLost(facts: StageFacts): Promise<StageFacts | undefined> {
    const { stage, recorded } = facts;
    const outs = new Map(facts.outs);
    for (const out of stage.outs) {
      if (outs.get(out.as)?.state !== 'missing') continue;
      const entry = recorded?.outs.find(({ path }) => path === out.as);
      if (entry === undefined || !(await this.#canBeHad(stage, out, entry))) return undefined;
      outs.set(out.as, { state: 'known', entry, away: true });
    }
    return { ...facts, outs };
  }

  async #findRecord(facts: StageFacts): Promise<Restorable | undefined> {
    const key = keyOf(this.#engine, facts);
    if (key === undefined) return undefined;
    await this.#ask(facts.stage, key);
    for (const record of recordsOf(this.#engine, facts, key)) {
      if (await this.#allCanBeHad(facts.stage, record)) return record;
    }
    return undefined;
  }

  async #allCanBeHad(stage: Stage, record: Restorable): Promise<boolean> {
    for (const locked of record.outs) {
      const out = stage.outs.find(({ as }) => as === locked.path);
      if (out === undefined || !(await this.#canBeHad(stage, out, locked))) return false;
    }
    return true;
  }

  /** Whether all of an out can be had. Of what looks as if it could, it is told why not. */
  async #canBeHad({ address }: Stage, out: Out, locked: LockEntry): Promise<boolean> {
    const { path } = out;
    const lack = await this.source.lack(out, { path, entry: entryOf(locked) });
    if (lack === undefined) return true;
    const id = `${path}\0${locked.digest}`;
    if (lack.isPart && !this.#told.has(id)) {
      const objects = lack.objects === 1 ? '1 object' : `${String(lack.objects)} objects`;
      this.#engine.emit({
        type: 'notice',
        stage: address,
        message: `${path} cannot be downloaded: ${lack.remote ?? 'the cache'} has its list, and lacks ${objects} of it`,
        hint: 'it is made again; `pipe push` where it is at hand makes the remote whole',
      });
    }
    this.#told.add(id);
    return false;
  }

  /** Each key is asked for once a run. */
  async #ask(stage: Stage, key: Digest): Promise<void> {
    const id = idOf(stage, key);
    const known = this.#asked.get(id);
    if (known !== undefined) {
      await known;
      return;
    }
    const asking = this.source.records(stage, key);
    this.#asked.set(id, asking);
    const records = await asking;
    // Not in one: others add theirs meanwhile.
    this.#downloaded.records += records;
  }

  /** Whether nothing needs all of a thing: then a part of it in the workspace leads nobody astray. */
  #isUsedInParts(path: string): boolean {
    const { stages } = this.#engine.graph;
    for (const stage of stages.values()) {
      if (stage.outs.some((out) => out.path === path)) return false;
      for (const dep of stage.deps) {
        if (dep.url) continue;
        if (dep.glob ? this.away.partsOf(dep).some((each) => each.path === path) : isWithin(dep.path, path)) return false; // prettier-ignore
      }
    }
    return true;
  }
}

/** A stage's facts, and what follows from them. */
export interface Judged {
  readonly facts: StageFacts;
  readonly decision: Decision;
}

function idOf({ address }: Stage, key: Digest): string {
  return `${address}\0${key}`;
}

function asWhole(thing: AwayThing): WantedThing {
  return { ...thing, whole: thing.whole ?? thing.path };
}

/** What is not there keeps nobody from what is: it is told afterwards. */
function asLack(error: unknown): PipeError {
  if (error instanceof PipeError && error.problems[0]?.code === 'PIPE_OBJECT_MISSING') return error;
  throw error;
}

const NO_REMOTE = 'no remote is set up that could have it: `pipe remote add -d NAME URL`';

/** Paths that are named. */
const MOST_NAMED = 5;

interface Lack {
  readonly stage: Stage | undefined;
  readonly remote?: string | undefined;
  readonly graph: Engine['graph'];
}

function lacking(paths: readonly string[], { stage, remote, graph }: Lack): PipeError {
  const isMade = (path: string): boolean => [...graph.stages.values()].some(({ outs }) => outs.some((out) => isWithin(out.path, path))); // prettier-ignore
  const how = paths.every(isMade) ? 'or make it again: `pipe repro` without --pull' : 'then `pipe pull` here';
  const more = paths.length > MOST_NAMED ? ` and ${String(paths.length - MOST_NAMED)} more` : '';
  const names = `${paths.slice(0, MOST_NAMED).join(', ')}${more}`;
  const who = stage === undefined ? '' : `"${stage.address}" needs what cannot be had: `;
  return new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `${who}neither the cache nor ${remote ?? 'a remote'} has all of ${names}`,
    hint: remote === undefined ? NO_REMOTE : `\`pipe push\` where it is at hand, ${how}`,
    ...(stage === undefined ? {} : { at: stage.at }),
  });
}
