import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeDisposable } from '../kit/disposable-file.ts';
import { folderIdentity } from '../kit/folder-identity.ts';
import { parseJson } from '../kit/parse-json.ts';
import { isWithin } from '../kit/path.ts';
import { unlessDenied } from '../kit/system-fault.ts';
import { readTextFile } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import { withEditLock } from '../project/edit-lock.ts';
import type { Project } from '../project/project.ts';
import { removeEmptyFolder } from '../store/apply.ts';
import { checkInside } from '../store/restore.ts';
import { statNow } from '../store/untouched.ts';

const SCHEMA = 'pipe.partial-outs/2';

type Place = Pick<Project, 'root' | 'pipeDir'>;

/** What of an out is put in place at once. */
interface OutPart {
  /** The out, relative to the project. */
  readonly path: string;
  /** Relative to the out; `''` for all of it. */
  readonly below: string;
}

/** The folder of an out, and what of it may not be in place. */
interface Noted {
  /** Which folder it is; `''` of one that was about to be made. */
  readonly folder: string;
  /** Relative to the out; `''` where nobody knows what is missing. */
  readonly parts: ReadonlySet<string>;
}

/**
 * Outs of stages that may hold a part of what is recorded, since not all of it was put in place: what is missing there was
 * not removed (docs/formats.md, `pipe.partial-outs/2`). Disposable: without it, what lies there counts as all there is.
 */
interface PartialOuts {
  /** Whether the folder at a path, relative to the project, is one of them. A folder that was made anew since is not. */
  has(path: string): boolean;
}

/** The partial outs of a project, as they are noted now. */
export function openPartialOuts(project: Place): PartialOuts {
  const noted = readNoted(fileOf(project));
  return {
    has(path) {
      const known = noted.get(path);
      return known !== undefined && isAbout(known, identityOf(project, path));
    },
  };
}

/**
 * Notes what is about to be put in place, before any of it is. Several processes may put parts of one out in place at
 * once: each part is claimed by one of them, and what is noted of the others stays.
 * @param all `makes`: whether the folder of the out is made where nothing lies; the rest of it is missing then
 * @throws {PipeError} PIPE_PATH_ESCAPES, PIPE_FILE_BUSY
 */
export function beginParts(project: Place, all: readonly (OutPart & { readonly makes: boolean })[]): void {
  const file = fileOf(project);
  // What is no folder is replaced in one step.
  const parts = all.filter(({ path, makes }) => makes || isFolder(project, path));
  const before = readNoted(file);
  const isSaid = ({ path, below }: OutPart): boolean => {
    const known = before.get(path);
    return known?.parts.has(below) === true && isAbout(known, identityOf(project, path));
  };
  if (parts.every(isSaid)) return;
  const makes = new Set(parts.flatMap((each) => (each.makes ? [each.path] : [])));
  const toMake = (): string[] => [...makes].filter((path) => isAbsent(project, path));
  for (const path of toMake()) checkInside(join(project.root, path), project.root);
  const isNoted = whileLocked(project, () => {
    const noted = readNoted(file);
    const absent = toMake();
    if (absent.length > 0) {
      // Killed in between, nobody could tell an empty folder from one that was emptied.
      for (const path of absent) noted.set(path, { folder: '', parts: new Set(['']) });
      write(file, noted);
      makeFolders(project, absent);
      for (const path of absent) if (isAbsent(project, path)) noted.delete(path);
    }
    for (const { path, below } of parts) {
      if (!isFolder(project, path)) continue;
      const folder = identityOf(project, path);
      const known = noted.get(path);
      const others = known !== undefined && isAbout(known, folder) ? known.parts : [];
      noted.set(path, { folder, parts: new Set([...others, below]) });
    }
    write(file, noted);
  });
  if (!isNoted) makeFolders(project, toMake());
}

/**
 * Notes what has come of parts that were begun. Where nothing came into a folder that was made for parts, and nobody else
 * is about to put one there, it goes again.
 * @param whole what is in place as a whole
 * @param left what is not
 * @throws {PipeError} PIPE_FILE_BUSY
 */
export function endParts(project: Place, whole: readonly OutPart[], left: readonly OutPart[]): void {
  const file = fileOf(project);
  const before = readNoted(file);
  if (![...whole, ...left].some(({ path }) => before.has(path))) return;
  whileLocked(project, () => {
    const noted = readNoted(file);
    for (const { path, below } of whole) {
      const known = noted.get(path);
      if (known === undefined) continue;
      const rest = [...known.parts].filter((each) => below !== '' && (each === '' || !isWithin(below, each)));
      if (rest.length === 0) noted.delete(path);
      else noted.set(path, { ...known, parts: new Set(rest) });
    }
    for (const path of new Set(left.flatMap((each) => (each.below === '' ? [] : [each.path])))) {
      const known = noted.get(path);
      if (known?.parts.has('') !== true) continue;
      // That something is missing is said already; what else is named, another process is about to bring.
      const own = new Set(left.flatMap((each) => (each.path === path && each.below !== '' ? [each.below] : [])));
      const parts = new Set([...known.parts].filter((each) => !own.has(each)));
      noted.set(path, { ...known, parts });
      if (parts.size > 1) continue;
      removeEmptyFolder(join(project.root, path));
      if (isAbsent(project, path)) noted.delete(path);
    }
    write(file, noted);
  });
}

/**
 * Forgets outs of which all that lies there is recorded.
 * @throws {PipeError} PIPE_FILE_BUSY
 */
export function forgetParts(project: Place, paths: readonly string[]): void {
  endParts(project, paths.map((path) => ({ path, below: '' })), []); // prettier-ignore
}

/** Whether something is noted of the very folder that lies there. */
function isAbout({ folder }: Noted, now: string): boolean {
  return now !== '' && (folder === '' || folder === now);
}

function identityOf({ root }: Place, path: string): string {
  return folderIdentity(join(root, path));
}

function isFolder({ root }: Place, path: string): boolean {
  return statNow(join(root, path))?.isDirectory() === true;
}

function isAbsent({ root }: Place, path: string): boolean {
  return statNow(join(root, path)) === undefined;
}

function makeFolders({ root }: Place, paths: readonly string[]): void {
  for (const path of paths) {
    // Where this user may not, whoever puts the parts in place says so, and others are put in place.
    unlessDenied(() => mkdirSync(join(root, path), { recursive: true }));
  }
}

/** Does it while no other process changes the file; `false` where nothing can be written: then the file stays as it was. */
function whileLocked({ pipeDir }: Place, change: () => void): boolean {
  try {
    withEditLock(join(pipeDir, 'tmp', 'partial-outs-lock'), change);
    return true;
  } catch (error) {
    if (error instanceof PipeError && error.problems[0]?.code === 'PIPE_FILE_WRITE') return false;
    throw error;
  }
}

function fileOf({ pipeDir }: Place): string {
  return join(pipeDir, 'tmp', 'partial-outs.json');
}

function write(file: string, noted: ReadonlyMap<string, Noted>): void {
  const folders = [...noted].map(([path, { folder, parts }]) => [path, { folder, parts: [...parts].sort() }]);
  writeDisposable(file, JSON.stringify({ schema: SCHEMA, folders: Object.fromEntries(folders) as unknown }));
}

function readNoted(file: string): Map<string, Noted> {
  const value = parseJson(readTextFile(file, file) ?? '') as { schema?: unknown; folders?: unknown } | null | undefined;
  if (value?.schema !== SCHEMA || typeof value.folders !== 'object') return new Map();
  return new Map(
    Object.entries(value.folders ?? {}).flatMap(([path, each]: [string, unknown]): [string, Noted][] => {
      const { folder, parts } = (each ?? {}) as Partial<Record<keyof Noted, unknown>>;
      const isList = Array.isArray(parts) && parts.every((part) => typeof part === 'string');
      return typeof folder === 'string' && isList && parts.length > 0
        ? [[path, { folder, parts: new Set(parts) }]]
        : [];
    }),
  );
}
