import { existsSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isWithin } from '../kit/path.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { readNeeds } from '../lockfile/read-needs.ts';
import { keptCommits, leftCommits } from '../project/git-left.ts';
import { trackedByGit } from '../project/git-tracked.ts';
import type { Engine } from '../run/engine.ts';
import { isSame } from '../store/diff-tree.ts';
import { checkInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import { filesOf } from '../store/tree.ts';
import { statNow } from '../store/untouched.ts';
import { removeData } from './remove-data.ts';
import type { TrackedPlace } from './tracked.ts';
import { unsavedFiles } from './unsaved.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf, claimed, see } from './workspace.ts';

/** What became of a path that only a commit tracks which the work tree was switched away from. */
export interface Left {
  readonly path: string;
  /** `changed`: it is not what was recorded; `unsaved`: the store lacks some of it. Both stay. */
  readonly state: 'removed' | 'changed' | 'unsaved';
  /** How many files there were. */
  readonly files: number;
}

/** A path with all that commits say lies there. */
type Candidates = ReadonlyMap<string, readonly Entry[]>;

/**
 * Removes from the workspace what only the commits track that were left since the last time (a switch of branches, a merge,
 * a pull), as Git removes its own files: where it is, to the byte, what one of them records, the store has all of it, and a
 * branch or tag leads to that commit. Whatever else lies there stays.
 * @param tracked everything that the project tracks now, also what Git keeps
 * @throws {PipeError} PIPE_FILE_CHANGED at a file that was touched meanwhile, PIPE_GIT
 */
export async function leaveBehind(
  engine: Engine,
  tracked: readonly TrackedPlace[],
  options: Pick<DataOptions, 'signal' | 'progress'>,
): Promise<Left[]> {
  const left = leftCommits(engine.project);
  const candidates = left.commits.length === 0 ? new Map() : await onlyTrackedThere(engine, tracked, left.commits);
  const done = candidates.size === 0 ? [] : await removeAll(engine, candidates, options);
  left.done();
  return done;
}

async function onlyTrackedThere(
  { project, env }: Engine,
  tracked: readonly TrackedPlace[],
  left: readonly string[],
): Promise<Candidates> {
  const command = { cwd: project.root, env };
  const commits = (await keptCommits(command, left)).map((commit) => ({ commit, names: [commit] }));
  const { roots } = await readNeeds({ project, env, readPointer: readPointerOuts, commits });
  const found = new Map<string, Entry[]>();
  const isFree = (path: string): boolean =>
    !tracked.some((each) => isWithin(each.path, path) || isWithin(path, each.path));
  for (const { path, entry } of roots) {
    const known = found.get(path);
    if (known !== undefined) known.push(entry);
    else if (isFree(path) && statNow(absoluteOf(project, path)) !== undefined) found.set(path, [entry]);
  }
  if (found.size === 0) return found;
  // A lock also names outs that Git keeps, and somebody may have given Git what pipe kept.
  const inGit = await trackedByGit(command, [...found.keys()]);
  return new Map([...found].filter(([path]) => !inGit.some((file) => isWithin(path, file))));
}

async function removeAll(
  engine: Engine,
  candidates: Candidates,
  options: Pick<DataOptions, 'signal' | 'progress'>,
): Promise<Left[]> {
  // What is found in the store is all there is of the files that go.
  engine.store.hold();
  const writes = [...candidates.keys()].sort();
  return claimed(engine, { writes, signal: options.signal, name: 'checkout' }, async () => {
    const done: Left[] = [];
    for (const path of writes) {
      // Somebody may have begun to track it meanwhile.
      if (existsSync(absoluteOf(engine.project, pointerFileOf(path)))) continue;
      checkInside(absoluteOf(engine.project, path), engine.project.root);
      const seen = await see(engine, path, options);
      const { entry } = seen;
      if (entry === undefined) continue;
      const files = filesOf(entry);
      const isRecorded = candidates.get(path)?.some((each) => isSame(each, entry)) === true;
      if (!isRecorded) {
        done.push({ path, state: 'changed', files });
        continue;
      }
      const unsaved = await unsavedFiles(engine, { path, entry }, { signal: options.signal, limit: 1 });
      if (unsaved.length > 0) done.push({ path, state: 'unsaved', files });
      else {
        await removeData(engine, path, { seen, signal: options.signal });
        removeEmpty(engine, path);
        done.push({ path, state: 'removed', files });
      }
    }
    return done;
  });
}

/** Removes the folders around a path that nothing is left in, as Git does. */
function removeEmpty({ project }: Engine, path: string): void {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    try {
      rmdirSync(absoluteOf(project, folder));
    } catch {
      return; // something lies in it
    }
  }
}
