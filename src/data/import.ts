import { lstatSync } from 'node:fs';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import { sortedBy } from '../kit/order.ts';
import { lockEntry } from '../lockfile/entry.ts';
import type { Import, UrlImport } from '../lockfile/pointer-import.ts';
import type { PendingImport, Pointer, TrackedPath } from '../lockfile/pointer.ts';
import { parsePending, pointerFileOf } from '../lockfile/pointer.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import { readPointerText } from '../project/pointer-files.ts';
import { writeImport, writePending } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import type { Entry } from '../store/tree.ts';
import type { Known } from './known.ts';
import type { CheckedOut } from './checkout.ts';
import { putInPlace } from './checkout.ts';
import { pathsInGit } from './refuse-paths.ts';
import { untrackable } from './refuse.ts';
import { pointerAround, readPointerIfThere } from './tracked-folder.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf, claimed } from './workspace.ts';

/** Something that is imported; its objects are in the store, unless it is not to be put in place. */
export interface Imported {
  /** Posix, relative to the project root. */
  readonly path: string;
  readonly entry: Entry;
  readonly imported: Import;
  /** The remote that has the data, where it is not the default one. */
  readonly remote?: string | undefined;
  /** The pointer that it had when the download began. */
  readonly own?: TrackedPath | undefined;
  /** That pointer, where it only said where the data come from. */
  readonly pending?: PendingImport | undefined;
  /** What the project tracks by now; asked where there was no pointer. */
  readonly known: () => KnownInFull;
}

/** Of a path that has a pointer, what that says: only whether it is an import, which nobody else's command changes. */
type KnownInFull = Pick<Known, 'stages'> & { readonly pointers: readonly TrackedPath[] };

/**
 * Refuses a path that nothing can be imported to, before anything is downloaded.
 * @returns the pointer that the path has already
 * @throws {PipeError} PIPE_PATH_RESERVED, PIPE_STAGE_OUT, PIPE_POINTER_CONFLICT; PIPE_USAGE where something lies there
 * and `force` is not set
 */
export function checkImport(
  engine: Engine,
  path: string,
  { known: { stages, pointers }, force }: { readonly known: KnownInFull; readonly force: boolean },
): TrackedPath | undefined {
  const problems = untrackable([path], stages);
  const file = pointerFileOf(path);
  const entry: Entry = { kind: 'file', digest: '' as Entry['digest'], size: 0 };
  const at = { source: { file }, offset: 0, length: 0 };
  const planned = { file, path, entry, pointer: { out: lockEntry(path, entry) }, at };
  const own = pointers.find((each) => each.path === path);
  const around = pointerAround(pointers, path);
  if (around !== undefined) throw inside(path, around);
  const others = pointers.filter((each) => each !== own);
  if (problems.length === 0) problems.push(...pointerConflicts([...others, own ?? planned], stages));
  if (problems.length > 0) throw new PipeError(problems);
  if (force) return own;
  const isThere = lstatSync(absoluteOf(engine.project, path), { throwIfNoEntry: false }) !== undefined;
  if (own === undefined && !isThere) return undefined;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: own === undefined ? `${path} exists already` : `${path} is tracked already, by ${own.file}`,
    hint: own?.pointer.imported === undefined ? 'replace it with --force' : `bring it up to date with \`pipe update ${own.file}\`, or replace it with --force`, // prettier-ignore
  });
}

/**
 * Refuses a path that Git tracks, or a folder with files that it does. What has a pointer was looked at when it got it.
 * @throws {PipeError} PIPE_PATH_IN_GIT
 */
export async function refuseInGit(engine: Engine, path: string, own: TrackedPath | undefined): Promise<void> {
  const problems = own === undefined ? await pathsInGit(engine, [path]) : [];
  if (problems.length > 0) throw new PipeError(problems);
}

function inside(path: string, { file, path: folder }: TrackedPath): PipeError {
  return new PipeError({
    code: 'PIPE_POINTER_CONFLICT',
    message: `${path} lies inside ${folder}, which ${file} tracks as a whole`,
    hint: 'import it to another place',
  });
}

export interface ImportOptions extends DataOptions {
  /** Overwrite files whose bytes are nowhere else. */
  readonly force: boolean;
  /** Leave the workspace alone. */
  readonly isOnlyRecorded: boolean;
}

/**
 * Puts what was imported in place, and writes its pointer: in this order, so that a pointer never says what somebody
 * did not get because files of theirs would be lost. A download takes long: what others did to the path meanwhile stays.
 * @returns what was done, and the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_FILE_CHANGED when the pointer is not what it was; PIPE_UNSAVED, and as {@link checkImport},
 * `checkout` and `writeImport` do
 */
export async function recordImport(
  engine: Engine,
  imported: Imported,
  options: ImportOptions,
): Promise<{ readonly checkedOut: CheckedOut | undefined; readonly changed: boolean; readonly written: string[] }> {
  const { project, store } = engine;
  const { path, entry, own, pending, remote } = imported;
  const file = (own ?? pending)?.file ?? pointerFileOf(path);
  store.hold();
  return claimed(engine, { writes: [path], signal: options.signal, name: 'import' }, async () => {
    refuseChanged(engine, imported, options);
    const checkedOut = options.isOnlyRecorded ? undefined : await putInPlace(engine, { path, entry }, options);
    const { done } = writeImport(project, { path, file }, { entry, imported: imported.imported, remote });
    const ignored = ensureIgnored(project, [absoluteOf(project, path)]);
    const isChanged = done !== 'unchanged';
    return { checkedOut, changed: isChanged, written: [...(isChanged ? [absoluteOf(project, file)] : []), ...ignored] };
  });
}

/**
 * Writes a pointer that says where something comes from, for it to be downloaded later.
 * @returns the absolute paths of the files that Git should know of
 * @throws {PipeError} as {@link checkImport} and `writePending` do
 */
export async function recordPending(
  engine: Engine,
  { path, imported, known }: Pick<Imported, 'path' | 'known'> & { readonly imported: UrlImport },
  { force, signal }: Pick<ImportOptions, 'force' | 'signal'>,
): Promise<string[]> {
  const { project } = engine;
  return claimed(engine, { writes: [path], signal, name: 'import' }, () => {
    const own = checkImport(engine, path, { known: known(), force });
    const { file, done } = writePending(project, { path, file: own?.file ?? pointerFileOf(path) }, imported);
    const ignored = ensureIgnored(project, [absoluteOf(project, path)]);
    return Promise.resolve([...(done === 'unchanged' ? [] : [absoluteOf(project, file)]), ...ignored]);
  });
}

/** What is known of a path was read before the download: the path is claimed now, so it is looked at again. */
function refuseChanged(
  engine: Engine,
  { path, entry, imported, own, pending, known }: Imported,
  { force }: ImportOptions,
): void {
  if (pending !== undefined) {
    const done = known().pointers.find((each) => each.path === path);
    if (done !== undefined && saidOf(done) === saidOf({ path, entry, pointer: { imported } })) return;
    const now = readPendingIfThere(engine.project, pending.file);
    const isSame = now?.path === path && JSON.stringify(now.imported) === JSON.stringify(pending.imported);
    if (!isSame) throw changedMeanwhile(pending.file, path, done === undefined && now === undefined ? 'removed' : 'changed'); // prettier-ignore
  }
  const now = own === undefined ? checkImport(engine, path, { known: known(), force: force || pending !== undefined }) : readPointerIfThere(engine.project, own.file); // prettier-ignore
  const isAsWanted = now !== undefined && saidOf(now) === saidOf({ path, entry, pointer: { imported } });
  if (isAsWanted || (now === undefined ? own === undefined : own !== undefined && saidOf(now) === saidOf(own))) return;
  const file = now?.file ?? own?.file ?? path;
  throw changedMeanwhile(file, path, now === undefined ? 'removed' : own === undefined ? 'made' : 'changed');
}

function readPendingIfThere({ root }: Engine['project'], file: string): PendingImport | undefined {
  const text = unwrap(readPointerText(root, file));
  return text === undefined ? undefined : parsePending(text, { file });
}

function changedMeanwhile(file: string, path: string, what: 'changed' | 'made' | 'removed'): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${file} was ${what} by somebody else while ${path} was downloaded`,
    hint: 'see what it says now, and run the command again',
  });
}

type Said = Pick<TrackedPath, 'path' | 'entry'> & { readonly pointer: Pick<Pointer, 'imported' | 'frozen'> };

/** What counts of a pointer: not its comments. */
function saidOf({ path, entry, pointer }: Said): string {
  const source = Object.entries(pointer.imported ?? {}).filter(([, value]) => value !== undefined);
  return JSON.stringify([path, entry.kind, entry.digest, pointer.frozen === true, sortedBy(source, ([name]) => name)]);
}
