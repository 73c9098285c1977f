import { readPointers } from '../../project/pointer-files.ts';
import type { Engine } from '../../run/engine.ts';
import { isComplete, lackingFiles } from '../../store/completeness.ts';
import { filesOf } from '../../store/tree.ts';
import { canCome } from '../can-come.ts';
import { openBases } from './bases.ts';
import { lookAtUnit } from './inputs.ts';

export interface NotDownloaded {
  readonly count: number;
  /** Whether nothing else is different. */
  readonly isAll: boolean;
  /** Whether these are all files of folders whose lists are not here: some of them may lie here. */
  readonly isAtMost: boolean;
  /** Whether the cache has all of them. */
  readonly isCached: boolean;
  /** How many of them the cache lacks, where nothing can be downloaded; absent where it can, or where it lacks none. */
  readonly gone?: number;
}

/** Of more files, the cache is not asked which it has: the answer is only about words, and somebody waits. */
const MOST_LOOKED_AT = 50_000;

export interface NotDownloadedOptions {
  readonly signal: AbortSignal;
  /** Whether the project has a remote for data. */
  readonly hasRemote: boolean;
}

/**
 * How many files of tracked data were never put in place here.
 * @param files the pointers that are asked about, of which something lies in the workspace
 * @returns by pointer; nothing of those that lack none
 */
export async function filesNotDownloaded(
  engine: Engine,
  files: readonly string[],
  { signal, hasRemote }: NotDownloadedOptions,
): Promise<ReadonlyMap<string, NotDownloaded>> {
  const { store } = engine;
  const { pointers } = readPointers(engine.project.root, files);
  const bases = openBases(engine.project);
  const counts = new Map<string, NotDownloaded>();
  for (const pointer of pointers) {
    const unit = { thing: { path: pointer.path, entry: pointer.entry, pointer }, below: '', isDep: false };
    const differing = await lookAtUnit(engine, unit, { bases, found: new Map(), signal });
    if (differing === undefined) continue;
    const { absent, edits, behind, unknown, unlisted, lost } = differing.difference;
    const lacking = [...absent, ...unlisted].map(({ entry }) => entry);
    const count = lacking.reduce((sum, entry) => sum + filesOf(entry), 0);
    if (count === 0) continue;
    const isAll = edits.length + behind.length + unknown.length + lost.length === 0;
    const isAtMost = unlisted.length > 0;
    const isFew = count <= MOST_LOOKED_AT;
    const isCached = isFew && !isAtMost && lacking.every((entry) => isComplete(store, entry));
    const isGone = isFew && !isCached && !canCome(pointer, hasRemote);
    const gone = isGone ? lacking.reduce((sum, entry) => sum + lackingFiles(store, entry), 0) : undefined;
    counts.set(pointer.file, { count, isAll, isAtMost, isCached, ...(gone === undefined ? {} : { gone }) });
  }
  return counts;
}
