import { posix } from 'node:path';
import type { Ranges } from '../kit/ranges.ts';
import { addRange, numbersIn } from '../kit/ranges.ts';
import { joinPath, whyNoOut } from '../pipeline/paths.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { LockEntry } from './block.ts';
import { entryOf } from './entry.ts';
import type { Lock } from './lock.ts';
import { parseLock } from './lock.ts';

/** Something that a lock or a pointer says lies at a path: what a store must keep for the revisions that say so. */
export interface Root {
  readonly entry: Entry;
  /** Relative to the project, posix. */
  readonly path: string;
  /** The pointer, or the lock and its stage: `data.csv.pipe`, `pipeline.lock:train`. */
  readonly from: string;
  /** The pointer or the lock. */
  readonly file: string;
  /** The stage of a lock. */
  readonly stage?: string;
  /** What a pointer says of sharing it; a lock says nothing of it. */
  readonly sharing?: Sharing;
  /** The names of all revisions that say so. */
  readonly revisions: readonly string[];
}

/** Whether something is pushed, and where to. */
export interface Sharing {
  /** False: it is never pushed. */
  readonly push?: boolean;
  /** The remote that it is pushed to and pulled from. */
  readonly remote?: string;
}

/** Something that keeps a lock or a pointer from being understood: what it needs is not known. */
export interface NeedProblem {
  readonly problem: Problem;
  readonly file: string;
  /** The names of all revisions where it is so. */
  readonly revisions: readonly string[];
}

/** What some revisions need. Whoever deletes must not go by `roots` alone while there are problems. */
export interface Needs {
  /** By path, then by where they come from. */
  readonly roots: readonly Root[];
  readonly problems: readonly NeedProblem[];
}

/** What a pointer says: its outs, relative to a working folder, which is relative to the pointer's own. */
export interface PointedOuts {
  readonly wdir: string;
  readonly outs: readonly (LockEntry & { readonly sharing?: Sharing })[];
}

/** Reads the text of a pointer; `file` is what messages call it. Throws a {@link PipeError} when it cannot. */
export type ReadPointer = (text: string, file: string) => PointedOuts;

/** A lock or a pointer as it stood at some revisions, which are known by number. */
export interface RecordFile {
  readonly path: string;
  readonly content:
    { readonly text: string } | { readonly lock: Lock } | { readonly fault: string | readonly Problem[] };
  readonly revisions: Ranges;
}

/** Gathers what revisions need, file by file. */
export interface NeedCollector {
  readonly add: (file: RecordFile) => void;
  /** All that was added. `nameOf` gives the name of a revision by its number. */
  readonly needs: (nameOf: (revision: number) => string) => Needs;
}

/** What is gathered, with the revisions by number. */
type Numbered<T> = Omit<T, 'revisions'> & { readonly revisions: Ranges };

/** An empty collector. It holds what is needed, and no text. */
export function collectNeeds(readPointer: ReadPointer): NeedCollector {
  const roots = new Map<string, Numbered<Root>>();
  const problems = new Map<string, Numbered<NeedProblem>>();
  const note = <T>(known: Map<string, Numbered<T>>, key: string, found: Numbered<T>): void => {
    const before = known.get(key);
    if (before === undefined) known.set(key, found);
    else for (const [from, to] of found.revisions) addRange(before.revisions, from, to);
  };
  return {
    add(file) {
      const found = rootsOf(file, readPointer);
      for (const root of found.roots) {
        const sharing = JSON.stringify(root.sharing ?? {});
        note(roots, `${root.path}\0${root.from}\0${entryKey(root.entry)}\0${sharing}`, {
          ...root,
          revisions: copy(file),
        });
      }
      for (const problem of found.problems) {
        const key = `${file.path}\0${problem.code}\0${problem.message}`;
        note(problems, key, { problem, file: file.path, revisions: copy(file) });
      }
    },
    needs: (nameOf) => ({
      roots: inOrder(roots).map((root) => named(root, nameOf)),
      problems: inOrder(problems).map((problem) => named(problem, nameOf)),
    }),
  };
}

function copy({ revisions }: RecordFile): Ranges {
  return revisions.map(([from, to]) => [from, to]);
}

/** Revisions are named when somebody asks: of many commits there are many names. */
function named<T extends { readonly revisions: Ranges }>(
  { revisions, ...found }: T,
  nameOf: (revision: number) => string,
): Omit<T, 'revisions'> & { readonly revisions: readonly string[] } {
  return {
    ...found,
    get revisions() {
      return numbersIn(revisions).map(nameOf);
    },
  };
}

function inOrder<T>(found: ReadonlyMap<string, T>): T[] {
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

function entryKey(entry: Entry): string {
  return [entry.kind, entry.digest, entry.size, entry.kind === 'dir' ? entry.files : ''].join(' ');
}

type FoundRoot = Omit<Root, 'revisions'>;

interface FoundRoots {
  readonly roots: readonly FoundRoot[];
  readonly problems: readonly Problem[];
}

function rootsOf({ path, content }: RecordFile, readPointer: ReadPointer): FoundRoots {
  if ('fault' in content) {
    const { fault } = content;
    return { roots: [], problems: typeof fault === 'string' ? [unreadable(path, fault)] : fault };
  }
  try {
    if ('lock' in content) return rootsOfLock(content.lock, path);
    if (posix.basename(path) === 'pipeline.lock') return rootsOfLock(parseLock(content.text, path), path);
    const { wdir, outs } = readPointer(content.text, path);
    return placed(outs, { file: path, from: path, wdir });
  } catch (error) {
    if (error instanceof PipeError) return { roots: [], problems: error.problems.map(withoutText) };
    throw error;
  }
}

function rootsOfLock(lock: Lock, file: string): FoundRoots {
  const found = [...lock].map(([stage, { wdir, outs }]) =>
    placed(outs, { file, from: `${file}:${stage}`, stage, wdir }),
  );
  return { roots: found.flatMap(({ roots }) => roots), problems: found.flatMap(({ problems }) => problems) };
}

interface Origin extends Pick<Root, 'file' | 'from' | 'stage'> {
  readonly wdir: string;
}

function placed(outs: PointedOuts['outs'], { wdir, ...origin }: Origin): FoundRoots {
  const roots: FoundRoot[] = [];
  const problems: Problem[] = [];
  for (const out of outs) {
    const path = joinPath(joinPath(posix.dirname(origin.file), wdir), out.path);
    const { sharing } = out;
    const root = { entry: entryOf(out), path, ...origin, ...(sharing === undefined ? {} : { sharing }) };
    const why = whyNoPlace(path);
    if (why === undefined) roots.push(root);
    else problems.push(unreadable(origin.file, `its out ${JSON.stringify(out.path)} ${why}`));
  }
  return { roots, problems };
}

/** Why a place, joined of parts that a stranger may have written, cannot be that of an out; see the pipeline language. */
function whyNoPlace(path: string): string | undefined {
  return path.includes('\0') ? 'holds a name that cannot be stored' : whyNoOut(path)?.why;
}

function unreadable(file: string, why: string): Problem {
  const code = posix.basename(file) === 'pipeline.lock' ? 'PIPE_LOCK_FORMAT' : 'PIPE_POINTER_FORMAT';
  return { code, message: `cannot read ${file}: ${why}`, at: { source: { file }, offset: 0, length: 0 } };
}

/** A problem is kept for each file that has one; their texts would fill the memory. */
function withoutText(problem: Problem): Problem {
  if (problem.at?.source.text === undefined) return problem;
  const { at, ...rest } = problem;
  return { ...rest, at: { source: { file: at.source.file }, offset: 0, length: 0 } };
}
