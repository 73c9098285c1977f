import { existsSync, realpathSync, rmdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { appendTo } from '../kit/append-to.ts';
import { ancestors } from '../kit/path.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Needs } from '../lockfile/needed.ts';
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
  const isFree = outsideOf(tracked.map(({ path }) => foldedPath(path)));
  const liesThere = whatLies(project);
  const found = [...left].filter(([path]) => isFree(foldedPath(path)) && liesThere(path));
  if (found.length === 0) return new Map();
  // A lock also names outs that Git keeps, and somebody may have given Git what pipe kept.
  const isOurs = outsideOf(await trackedByGit(command, found.map(([path]) => path))); // prettier-ignore
  return new Map(found.filter(([path]) => isOurs(path)));
}

/** Tells whether a path is none of some, lies in none of them, and has none in it. */
function outsideOf(paths: readonly string[]): (path: string) => boolean {
  const own = new Set(paths);
  const above = new Set(paths.flatMap((path) => [...ancestors(path)]));
  return (path) => !own.has(path) && !above.has(path) && ![...ancestors(path)].some((folder) => own.has(folder));
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
  const leaving = new Map(moves.flatMap(({ before, leaves }, at) => (leaves ? [[before, at] as const] : [])));
  const coming = new Map(moves.map(({ after }, at) => [after, at]));
  const last = (commits: readonly string[], known: ReadonlyMap<string, number>): number =>
    commits.reduce((latest, commit) => Math.max(latest, known.get(commit) ?? -1), -1);
  const back = new Map<string, number>();
  // The names of commits are made when they are asked for: once, and not kept.
  const all = roots.map(({ path, file, entry, revisions: commits }) => {
    back.set(path, Math.max(back.get(path) ?? -1, last(commits, coming)));
    return { path, file, entry, at: last(commits, leaving) };
  });
  const isUnclear = unclearAt(problems.map(({ file, revisions }) => ({ file, at: last(revisions, coming) })));
  const left = new Map<string, Entry[]>();
  for (const { path, file, entry, at } of all) {
    if (at >= 0 && (back.get(path) ?? -1) < at && !isUnclear(file, at)) appendTo(left, path, entry);
  }
  return left;
}

/**
 * Tells whether something that cannot be read, at a move or after it, may record what a file recorded: the file itself, a
 * folder that it lies in, or a lock there.
 */
function unclearAt(
  problems: readonly { readonly file: string; readonly at: number }[],
): (file: string, at: number) => boolean {
  const unclear = new Map<string, number>();
  for (const { file, at } of problems) {
    const place = file.endsWith('/')
      ? posix.normalize(file.slice(0, -1))
      : file.endsWith('.lock')
        ? posix.dirname(file)
        : file;
    unclear.set(place, Math.max(unclear.get(place) ?? -1, at));
  }
  return (file, at) => [file, ...ancestors(file), '.'].some((place) => (unclear.get(place) ?? -1) >= at);
}

/**
 * Tells whether something lies at a path. As Git does, nothing is removed by way of a symbolic link: the path may be another
 * name of what is tracked.
 */
function whatLies(project: Engine['project']): (path: string) => boolean {
  const root = realpathSync(project.root);
  const real = new Map<string, boolean>();
  const isReal = (folder: string): boolean => {
    const known = real.get(folder) ?? realpathSync(folder) === folder;
    real.set(folder, known);
    return known;
  };
  return (path) => {
    const absolute = join(root, path);
    try {
      return statNow(absolute) !== undefined && isReal(dirname(absolute));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  };
}

/** Disks that ignore case, forms of Unicode or invisible characters take two names of one such form for one. */
function foldedPath(path: string): string {
  return path
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase();
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
        // As a whole, whoever asks to stop: a part of it would count as changed from then on.
        await removeData(engine, path, { seen });
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
