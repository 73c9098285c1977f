import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPath } from '../fingerprint/file.ts';
import type { WalkOptions } from '../fingerprint/walk-options.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import { takeTurn } from '../kit/turn.ts';
import type { Project } from '../project/project.ts';
import type { Claims } from '../run/claims.ts';
import { waitNotice } from '../run/claims.ts';
import type { Engine } from '../run/engine.ts';
import type { Sizes } from '../run/link-rules.ts';
import { namingRules, walkRecording } from '../run/link-rules.ts';
import { storeSink } from '../run/sink.ts';
import type { Links } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';
import { statNow } from '../store/untouched.ts';

/** Told how far long work is. What is said is added to what was said before. */
export interface WorkProgress {
  /** Something else is done from now on: `looking at`. What was counted so far is over. */
  readonly begin: (what: string) => void;
  /** So much more is to be done; less, where it turns out that it need not. */
  readonly expect: OnProgress;
  /** So much more is done. */
  readonly done: OnProgress;
}

/** What commands for data go about with: how files are linked, what is told, what stops them. */
export interface DataOptions {
  readonly links: Links;
  readonly signal: AbortSignal;
  readonly progress?: WorkProgress;
}

type LookOptions = Pick<DataOptions, 'signal' | 'progress'>;

/**
 * What lies at a path of the workspace now. Files that the index knows are not read. A link whose object is not there
 * counts as the object, where the store has it: the engine's `strays` tell.
 */
export function lookAt(engine: Engine, path: string, options: LookOptions): Promise<Entry | undefined> {
  const { signal, progress } = options;
  const how = { follow: false, rules: namingRules(engine.store), signal, onProgress: progress?.done };
  return fingerprintPath(path, how, engine.fingerprint);
}

/** Stores what lies at a path of the workspace; `undefined` when nothing does. */
export async function storeNow(engine: Engine, path: string, options: LookOptions): Promise<Entry | undefined> {
  return (await storeAllNow(engine, [path], options)).get(path);
}

/**
 * What lies at some paths, as it is to be recorded; nothing of those where nothing lies.
 * @param how `into`: what the walk stores into, or the store where it stores nothing
 * @throws {PipeError} PIPE_LINK_OBJECT with every link whose object is nowhere
 */
export function recordPaths(
  engine: Engine,
  paths: readonly string[],
  { into, ...how }: Omit<WalkOptions, 'rules'> & { readonly into: Sizes },
): Promise<Map<string, Entry>> {
  return walkRecording(into, async (rules) => {
    const entries = new Map<string, Entry>();
    for (const path of paths) {
      const entry = await fingerprintPath(path, { ...how, rules }, engine.fingerprint);
      if (entry !== undefined) entries.set(path, entry);
    }
    return entries;
  });
}

/**
 * Stores what lies at paths of the workspace, those left out where nothing does. What was read need not be read again,
 * whatever came of it.
 */
export async function storeAllNow(
  engine: Engine,
  paths: readonly string[],
  { signal, progress }: LookOptions,
): Promise<Map<string, Entry>> {
  const writer = engine.store.writer();
  const how = { follow: false, signal, sink: storeSink(writer, signal), onProgress: progress?.done };
  try {
    const found = await recordPaths(engine, paths, { ...how, into: writer });
    await writer.finish();
    await takeTurn(signal);
    return found;
  } finally {
    writer.discard();
    engine.index.save();
  }
}

/** What lies at a path, with what tells later whether it was touched since. */
export interface Seen {
  readonly entry: Entry | undefined;
  /** From before it was read; `undefined` when nothing was there. */
  readonly stat: Stats | undefined;
}

/** Nothing lies there. */
export const NOTHING: Seen = { entry: undefined, stat: undefined };

/** Like `lookAt`, for what is to be replaced or removed. */
export async function see(engine: Engine, path: string, options: LookOptions): Promise<Seen> {
  const stat = statNow(absoluteOf(engine.project, path));
  return { stat, entry: await lookAt(engine, path, options) };
}

/** Paths that a command works on. */
interface ClaimedPaths {
  readonly writes: readonly string[];
  readonly reads?: readonly string[];
  readonly signal: AbortSignal;
  /** What others that wait are told. */
  readonly name: string;
}

/** Works on paths while no other process does. */
export async function claimed<T>(
  { claims, emit }: Pick<Engine, 'emit'> & { readonly claims: Claims },
  { writes, reads = [], signal, name }: ClaimedPaths,
  work: () => Promise<T>,
): Promise<T> {
  const release = await claims.acquire({ stage: name, reads, writes }, (blocker) => { emit(waitNotice(blocker)); }, signal); // prettier-ignore
  try {
    return await work();
  } finally {
    release();
    claims.close();
  }
}

/** The absolute form of a path of the project. */
export function absoluteOf(project: Pick<Project, 'root'>, path: string): string {
  return join(project.root, path);
}
