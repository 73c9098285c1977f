import { firstNames } from '../kit/first-names.ts';
import { takeTurn } from '../kit/turn.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { Digest } from '../kit/digest.ts';
import type { Engine } from '../run/engine.ts';
import type { GivingWay } from '../store/giving-way.ts';
import { allIn, givingWayTo } from '../store/giving-way.ts';
import { linkedFile } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';
import { isWhole } from '../store/whole.ts';
import { healFromWorkspace } from './heal.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf } from './workspace.ts';

/** What `lookAt` has just seen at a path that is about to be replaced or removed. */
export interface Replaced {
  readonly path: string;
  readonly entry: Entry;
  /** What is to lie there: of a folder that stays one, only what differs gives way. */
  readonly wanted?: Entry | undefined;
}

export interface UnsavedOptions extends Pick<DataOptions, 'signal' | 'progress'> {
  /** As many are enough. */
  readonly limit?: number;
}

/** Files that are read between two turns of the event loop. */
const TURN_EVERY = 512;

/**
 * Files whose bytes would be lost, since the store does not have them. That it has an object by name is not enough where a
 * file may be the only right copy of it: each object is read, and a wrong one is stored again from the file.
 */
export async function unsavedFiles(
  engine: Engine,
  replaced: Replaced,
  { signal, progress, limit = 5 }: UnsavedOptions,
): Promise<string[]> {
  const unknown: string[] = [];
  for (const { path, digests, at } of givingWay(engine, replaced)) {
    if (!engine.store.hasRaw(digests, at)) unknown.push(path);
    if (unknown.length >= limit) break;
  }
  if (unknown.length > 0) return unknown;
  const wrong = new Map<string, Digest>();
  let seen = 0;
  for (const { path, digests, at, size } of givingWay(engine, replaced)) {
    // What is packed is read without waiting: signals would have no turn.
    if ((seen += 1) % TURN_EVERY === 0) await takeTurn(signal);
    const digest = digestOfRaw(digests.subarray(at, at + 32));
    if (!isItsObject(engine, path, digest) && !(await isWhole(engine, digest, signal))) wrong.set(path, digest);
    progress?.done(1, size);
  }
  return wrong.size === 0 ? [] : storeAgain(engine, wrong, { signal, limit });
}

function* givingWay({ index, store }: Engine, { path, entry, wanted }: Replaced): Generator<GivingWay> {
  if (entry.kind === 'dir' && wanted?.kind === 'dir') yield* givingWayTo(wanted, store, { index, path });
  else if (entry.kind === 'dir') yield* allIn({ index, path });
  else if (entry.digest !== wanted?.digest) yield { path, digests: rawOfDigest(entry.digest), at: 0, size: entry.size };
}

/** Whether a file is but another name of its object: the bytes stay when the name goes. */
function isItsObject({ project, store }: Engine, path: string, digest: Digest): boolean {
  if (store.packedPlace(digest) !== undefined) return false;
  const object = linkedFile(store.layout.loose(digest));
  const file = object && linkedFile(absoluteOf(project, path));
  return file !== undefined && file.ino === object?.ino && file.dev === object.dev;
}

/** Stores the bytes of files whose objects are wrong; returns the paths of those that do not hold the right ones either. */
async function storeAgain(
  engine: Engine,
  wrong: ReadonlyMap<string, Digest>,
  { signal, limit }: { readonly signal: AbortSignal; readonly limit: number },
): Promise<string[]> {
  const { store } = engine;
  await healFromWorkspace(engine, { writer: store.writer(), wanted: wrong.values(), paths: wrong.keys() });
  const [healed, lost]: [string[], string[]] = [[], []];
  for (const [path, digest] of wrong) {
    if (store.has(digest) && (await isWhole(engine, digest, signal))) healed.push(path);
    else lost.push(path);
  }
  const message = `what the workspace holds was stored again: ${firstNames(healed)}`;
  if (healed.length > 0) engine.emit({ type: 'notice', message });
  return lost.slice(0, limit);
}
