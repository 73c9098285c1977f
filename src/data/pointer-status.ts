import type { Problem } from '../problem/problem.ts';
import { isSame, isSameObject } from '../store/diff-tree.ts';
import { trueEntry } from '../store/true-entry.ts';
import { canCome } from './can-come.ts';
import { misstated } from './misstated.ts';
import type { Digest } from '../kit/digest.ts';
import { isWithin } from '../kit/path.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import { readPointers } from '../project/pointer-files.ts';
import type { Engine } from '../run/engine.ts';
import type { Entry } from '../store/tree.ts';
import type { DataOptions } from './workspace.ts';
import { lookAt } from './workspace.ts';

/**
 * What became of the data of a pointer: `uncached` is as it should be, but the store does not have it; `lost` is neither in
 * the workspace nor in the store; of what is `pending`, an import, nothing was ever downloaded.
 */
export interface PointerStatus {
  readonly path: string;
  readonly pointer: string;
  readonly state: 'unchanged' | 'modified' | 'deleted' | 'uncached' | 'lost' | 'pending';
  /** Whether no commit changes what is recorded: it is frozen, or imported. */
  readonly isFixed?: boolean;
  /** Whether neither a remote nor a source can bring it. */
  readonly isOnlyHere?: boolean;
}

export interface PointerStatusOptions extends Pick<DataOptions, 'signal' | 'progress'> {
  /** Paths relative to the project: a pointer, what it tracks, something in it, or a folder above; none: all. */
  readonly targets: readonly string[];
  /** Whether the project has a remote for data. */
  readonly hasRemote: boolean;
}

/**
 * Compares pointers with what lies in the workspace. Files that the index knows are not read.
 * @param files the pointers
 * @throws {PipeError} with what is wrong with the pointers
 */
export async function pointerStatus(
  engine: Engine,
  files: readonly string[],
  { targets, hasRemote, ...how }: PointerStatusOptions,
): Promise<PointerStatus[]> {
  const { pointers, problems, pending } = readPointers(engine.project.root, files);
  if (problems.length > 0) throw new PipeError(problems);
  const result: PointerStatus[] = [];
  const wrong: Problem[] = [];
  for (const { path, file, at, entry, pointer } of pointers) {
    const isAsked = targets.length === 0 || targets.some((each) => isMeant({ path, file }, each));
    if (!isAsked) continue;
    const present = await lookAt(engine, path, how);
    const known = present !== undefined && isSameObject(present, entry) ? present : trueEntry(engine.store, entry);
    if (known !== undefined && !isSame(known, entry)) wrong.push(misstated({ path, file, at, pointer }, entry, known));
    const has = (digest: Digest): boolean => pointer.out.cache === false || engine.store.has(digest);
    const isFixed = pointer.frozen === true || pointer.imported !== undefined;
    const isOnlyHere = !canCome({ pointer }, hasRemote);
    result.push({
      path,
      pointer: file,
      state: stateOf({ entry, present }, has),
      ...(isFixed ? { isFixed } : {}),
      ...(isOnlyHere ? { isOnlyHere } : {}),
    });
  }
  if (wrong.length > 0) throw new PipeError(wrong);
  for (const { path, file } of pending) {
    const isAsked = targets.length === 0 || targets.some((each) => isMeant({ path, file }, each));
    if (isAsked) result.push({ path, pointer: file, state: 'pending' });
  }
  return result;
}

function stateOf(
  { entry, present }: { readonly entry: Entry; readonly present: Entry | undefined },
  has: (digest: Digest) => boolean,
): PointerStatus['state'] {
  if (present === undefined) return has(entry.digest) ? 'deleted' : 'lost';
  if (present.kind !== entry.kind || present.digest !== entry.digest) return 'modified';
  return has(entry.digest) ? 'unchanged' : 'uncached';
}

/** The targets that mean pointers, or what they track, relative to the project; the others are for stages. */
export function pointerTargets(root: string, files: readonly string[], targets: readonly string[]): Set<string> {
  const { pointers, pending } = readPointers(root, files);
  return new Set(targets.filter((each) => [...pointers, ...pending].some((pointer) => isMeant(pointer, each))));
}

function isMeant({ path, file }: Pick<TrackedPath, 'path' | 'file'>, target: string): boolean {
  return target === file || isWithin(path, target) || isWithin(target, path);
}
