import { existsSync, realpathSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { appendTo } from '../kit/append-to.ts';
import { isWithin } from '../kit/path.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Needs, Root } from '../lockfile/needed.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { readNeeds } from '../lockfile/read-needs.ts';
import type { HeadMove } from '../project/head-moves.ts';
import { headMoves, keptCommits } from '../project/head-moves.ts';
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
 * Removes from the workspace what the moves of Git's head since the last time took away (a switch of branches, a merge, a
 * pull), as Git removes its own files: what a commit records that was left, and none that was come to since; where the path
 * is, to the byte, what is recorded, the store has all of it, and a branch or tag leads to that commit. Whatever else lies
 * there stays.
 * @param tracked everything that the project tracks now, also what Git keeps
 * @throws {PipeError} PIPE_FILE_CHANGED at a file that was touched meanwhile, PIPE_GIT
 */
export async function leaveBehind(
  engine: Engine,
  tracked: readonly TrackedPlace[],
  options: Pick<DataOptions, 'signal' | 'progress'>,
): Promise<Left[]> {
  const { moves, done } = headMoves(engine.project);
  const candidates = await leftThere(engine, tracked, moves);
  const removed = candidates.size === 0 ? [] : await removeAll(engine, candidates, options);
  done();
  return removed;
}

/** What was left, still lies in the workspace and belongs to nobody now. */
async function leftThere(
  { project, env }: Engine,
  tracked: readonly TrackedPlace[],
  moves: readonly HeadMove[],
): Promise<Candidates> {
  const command = { cwd: project.root, env };
  const kept = new Set(await keptCommits(command, unique(moves.filter(leavesOne).map(({ before }) => before))));
  const known = moves.map((move) => ({ ...move, leaves: move.leaves && kept.has(move.before) }));
  const first = known.findIndex(({ leaves }) => leaves);
  if (first < 0) return new Map();
  const ids = unique(known.slice(first).flatMap(({ before, after, leaves }) => (leaves ? [before, after] : [after])));
  const commits = ids.filter((id) => !NO_COMMIT.test(id)).map((commit) => ({ commit, names: [commit] }));
  const left = leftBy(known, await readNeeds({ project, env, readPointer: readPointerOuts, commits }));
  const owned = tracked.map(({ path }) => foldedPath(path));
  const isFree = (path: string): boolean => !owned.some((each) => isWithin(each, path) || isWithin(path, each));
  const found = [...left].filter(([path]) => liesAt(project, path) && isFree(foldedPath(path)));
  if (found.length === 0) return new Map();
  // A lock also names outs that Git keeps, and somebody may have given Git what pipe kept.
  const inGit = await trackedByGit(command, found.map(([path]) => path)); // prettier-ignore
  return new Map(found.filter(([path]) => !inGit.some((file) => isWithin(path, file))));
}

const NO_COMMIT = /^0+$/;

function leavesOne({ before, after, leaves }: HeadMove): boolean {
  return leaves && before !== after && !NO_COMMIT.test(before);
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

/** What the commits record that were left, as long as none that was come to afterwards records something there. */
function leftBy(moves: readonly HeadMove[], { roots, problems }: Needs): Candidates {
  const recorded = new Map<string, Root[]>();
  for (const root of roots) for (const commit of root.revisions) appendTo(recorded, commit, root);
  const unclear = new Set(problems.flatMap(({ revisions }) => revisions));
  const left = new Map<string, Entry[]>();
  for (const { before, after, leaves } of moves) {
    if (leaves) for (const { path, entry } of recorded.get(before) ?? []) appendTo(left, path, entry);
    if (unclear.has(after)) left.clear();
    for (const { path } of recorded.get(after) ?? []) left.delete(path);
  }
  return left;
}

/** As Git does, nothing is removed by way of a symbolic link: the path may be another name of what is tracked. */
function liesAt(project: Engine['project'], path: string): boolean {
  const absolute = absoluteOf(project, path);
  if (statNow(absolute) === undefined) return false;
  return realpathSync(dirname(absolute)) === join(realpathSync(project.root), dirname(path));
}

/** Disks that ignore case, or forms of Unicode, take two names of one such form for one. */
function foldedPath(path: string): string {
  return path.normalize('NFKC').toLowerCase();
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
        removeData(engine, path, seen);
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
