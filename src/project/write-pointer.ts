import { mkdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { prepareFiles, writeFileAtomic } from '../kit/atomic-file.ts';
import { lockEntry } from '../lockfile/entry.ts';
import { editImport, editPending, editPointer, editRemote, movePointer } from '../lockfile/pointer-edit.ts';
import type { Import, UrlImport } from '../lockfile/pointer-import.ts';
import { whyNotTracked } from '../lockfile/pointer-path.ts';
import { pendingText, pointerText } from '../lockfile/pointer-text.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { parsePending, parsePointer, pointerFileOf } from '../lockfile/pointer.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import { checkInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import { editLockFolder, withEditLock } from './edit-lock.ts';
import { readPointerText } from './pointer-files.ts';
import { walkCheck } from './project-walk.ts';
import type { Project } from './project.ts';

/** What became of a pointer. */
export interface WrittenPointer {
  /** Relative to the project root. */
  readonly file: string;
  readonly done: 'created' | 'changed' | 'unchanged';
}

/**
 * Makes the pointer of a path say what lies there: a new one beside it, or the one there is, of which all else stays as
 * it is. In one step; safe with other processes. Whether other pointers or stages claim the path is for the caller to
 * ask (`pointerConflicts`).
 * @param tracked posix, relative to the project root; its folder exists. A pointer of another name comes with it
 * @throws {PipeError} PIPE_PATH_OUTSIDE, PIPE_PATH_RESERVED or PIPE_PATH_ESCAPES for a path that cannot be tracked;
 * PIPE_POINTER_IGNORED where it would not be found; PIPE_POINTER_CONFLICT when the pointer there tracks something else;
 * what is wrong with that pointer; PIPE_EDIT when only a person can change it; PIPE_FILE_WRITE.
 */
export function writePointer(
  project: Project,
  tracked: string | Pick<TrackedPath, 'path' | 'file'>,
  entry: Entry,
): WrittenPointer {
  const { path, file } = typeof tracked === 'string' ? { path: tracked, file: pointerFileOf(tracked) } : tracked;
  checkPlace(project, path, file);
  return putText(project, file, (before) => textFor({ path, file, entry }, before));
}

/** A pointer, and what it is to say of its path. */
interface PointerToWrite extends Pick<TrackedPath, 'path' | 'file'> {
  readonly entry: Entry;
}

/**
 * {@link writePointer} for many: their new texts become durable together, which takes long, and only then are they put in
 * place, each in one step. So whoever is killed in between leaves each as it was or as it is to be.
 * @returns what became of each, in the order given
 * @throws {PipeError} as {@link writePointer} does, before any is changed; PIPE_FILE_WRITE also in between
 */
export async function writePointers(project: Project, wanted: readonly PointerToWrite[]): Promise<WrittenPointer[]> {
  const check = placeCheck(project);
  const planned = wanted.map((each) => {
    check(each.path, each.file);
    const before = unwrap(readPointerText(project.root, each.file));
    return { ...each, before, text: textFor(each, before) };
  });
  const changing = planned.filter(({ before, text }) => text !== before);
  const prepared = await prepareFiles(new Map(changing.map(({ file, text }) => [join(project.root, file), text])));
  try {
    return withEditLock(editLockFolder(project.pipeDir), () =>
      planned.map((each) => {
        const { file, text } = each;
        const before = unwrap(readPointerText(project.root, file));
        // Somebody else has changed it meanwhile.
        if (before !== each.before) return putTextNow(project, file, (now) => textFor(each, now));
        if (text === before) return { file, done: 'unchanged' };
        prepared.put(join(project.root, file));
        return { file, done: before === undefined ? 'created' : 'changed' };
      }),
    );
  } finally {
    prepared.discard();
  }
}

function textFor({ path, file, entry }: PointerToWrite, before: string | undefined): string {
  return before === undefined ? newText(path, entry) : changedText(path, entry, { file, text: before });
}

/**
 * Makes the pointer of a path say what was imported there. One that was imported from the same place keeps all else that
 * it says; any other one is written anew.
 * @throws {PipeError} as {@link writePointer} does
 */
export function writeImport(
  project: Project,
  { path, file }: Pick<TrackedPath, 'path' | 'file'>,
  {
    entry,
    imported,
    remote,
  }: { readonly entry: Entry; readonly imported: Import; readonly remote?: string | undefined },
): WrittenPointer {
  checkPlace(project, path, file);
  // Its folder may not be there yet: nothing was put in place.
  mkdirSync(dirname(join(project.root, file)), { recursive: true });
  return putText(project, file, (before) => {
    if (before !== undefined && isSamePlace(before, file, imported)) {
      const text = unwrap(editImport({ file, text: before }, entry, imported));
      return remote === undefined ? text : unwrap(editRemote({ file, text }, remote));
    }
    const name = posix.relative(posix.dirname(file), path);
    return pointerText({ imported, out: { ...lockEntry(name, entry), ...(remote === undefined ? {} : { remote }) } });
  });
}

/**
 * Writes a pointer that says where something comes from, and not yet what it is. Replaces any that is there.
 * @throws {PipeError} as {@link writePointer} does
 */
export function writePending(
  project: Project,
  { path, file }: Pick<TrackedPath, 'path' | 'file'>,
  imported: UrlImport,
): WrittenPointer {
  checkPlace(project, path, file);
  mkdirSync(dirname(join(project.root, file)), { recursive: true });
  return putText(project, file, () => pendingText(imported, posix.relative(posix.dirname(file), path)));
}

/**
 * Makes a pointer say what the URL tells now that it comes from, and no more what it is: until it is downloaded, nobody
 * knows. All else that it says stays.
 * @param isAsExpected asked of the text that is to be changed
 * @throws {PipeError} PIPE_FILE_CHANGED when it is not; as {@link writePointer} does
 */
export function makePending(
  project: Project,
  { path, file }: Pick<TrackedPath, 'path' | 'file'>,
  { imported, isAsExpected }: { readonly imported: UrlImport; readonly isAsExpected: (text: string) => boolean },
): WrittenPointer {
  checkPlace(project, path, file);
  return putText(project, file, (before) => {
    if (before !== undefined && isAsExpected(before)) return unwrap(editPending({ file, text: before }, imported));
    throw new PipeError({
      code: 'PIPE_FILE_CHANGED',
      message: `${file} was ${before === undefined ? 'removed' : 'changed'} by somebody else meanwhile`,
      hint: 'see what it says now, and run the command again',
    });
  });
}

/** Makes a pointer of another text, while nobody else changes it. */
function putText(project: Project, file: string, change: (before: string | undefined) => string): WrittenPointer {
  return withEditLock(editLockFolder(project.pipeDir), () => putTextNow(project, file, change));
}

/** The same for who has the lock. */
function putTextNow(project: Project, file: string, change: (before: string | undefined) => string): WrittenPointer {
  const before = unwrap(readPointerText(project.root, file));
  const text = change(before);
  if (text === before) return { file, done: 'unchanged' };
  writeFileAtomic(join(project.root, file), text);
  return { file, done: before === undefined ? 'created' : 'changed' };
}

/** Whether a pointer says that it was imported from the same path of the same repository, or the same URL. */
function isSamePlace(text: string, file: string, imported: Import): boolean {
  const parsed = parsePointer(text, { file });
  const before = parsed.ok ? parsed.value.pointer.imported : parsePending(text, { file })?.imported;
  if (before?.kind !== imported.kind || before.url !== imported.url) return false;
  return before.kind === 'url' || (imported.kind === 'repo' && before.path === imported.path && before.remote === imported.remote); // prettier-ignore
}

/**
 * Writes a pointer for another path that says what one says already, with its comments.
 * @param path posix, relative to the project root; its folder exists
 * @throws {PipeError} as {@link writePointer} does; PIPE_POINTER_CONFLICT when there is a pointer that says something else
 */
export function copyPointer(project: Project, { file: from }: Pick<TrackedPath, 'file'>, path: string): WrittenPointer {
  const file = pointerFileOf(path);
  checkPlace(project, path, file);
  return withEditLock(editLockFolder(project.pipeDir), () => {
    const text = unwrap(readPointerText(project.root, from)) ?? '';
    const moved = unwrap(movePointer({ file: from, text }, { file, name: path.slice(path.lastIndexOf('/') + 1) }));
    const before = unwrap(readPointerText(project.root, file));
    if (before === moved) return { file, done: 'unchanged' };
    if (before !== undefined) throw taken(file);
    writeFileAtomic(join(project.root, file), moved);
    return { file, done: 'created' };
  });
}

function taken(file: string): PipeError {
  const hint = 'remove it first: `pipe remove`';
  return new PipeError({ code: 'PIPE_POINTER_CONFLICT', message: `there is a pointer ${file} already`, hint });
}

function checkPlace(project: Project, path: string, file: string): void {
  placeCheck(project)(path, file);
}

/** Whether pointers may be written, for many of them; it throws where one may not. */
function placeCheck(project: Project): (path: string, file: string) => void {
  const whyNot = walkCheck(project);
  const inside = new Set<string>();
  return (path, file) => {
    const refusal = whyNotTracked(path);
    if (refusal !== undefined) {
      const code = refusal.outside ? 'PIPE_PATH_OUTSIDE' : 'PIPE_PATH_RESERVED';
      throw new PipeError({ code, message: `${path} cannot be tracked: it ${refusal.why}` });
    }
    const folder = posix.dirname(file);
    if (!inside.has(folder)) checkInside(join(project.root, file), project.root);
    inside.add(folder);
    const why = whyNot(file);
    if (why === undefined) return;
    const hint = 'a pointer there would never be found: change the rule, or move the data';
    throw new PipeError({ code: 'PIPE_POINTER_IGNORED', message: `the pointer ${file} ${why}`, hint });
  };
}

function newText(path: string, entry: Entry): string {
  return pointerText({ out: lockEntry(path.slice(path.lastIndexOf('/') + 1), entry) });
}

function changedText(path: string, entry: Entry, source: { readonly file: string; readonly text: string }): string {
  const pointer = unwrap(parsePointer(source.text, source));
  if (pointer.path === path) return unwrap(editPointer(source, entry));
  throw new PipeError({
    code: 'PIPE_POINTER_CONFLICT',
    message: `${source.file} tracks ${pointer.path}, so it cannot be the pointer of ${path}`,
    hint: 'give that pointer another name',
    at: pointer.at,
  });
}
