import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { readTextFile } from '../kit/text-file.ts';
import { lockPathOf } from '../lockfile/lock.ts';
import type { PointerPlace, TrackedPath } from '../lockfile/pointer.ts';
import { editRemove } from '../pipeline/edit-remove.ts';
import type { Stage } from '../pipeline/model.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import { editLockFolder, withEditLock } from '../project/edit-lock.ts';
import { removeFromGitignore } from '../project/gitignore.ts';
import { writePointer } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { foldLocks } from '../run/repro.ts';
import { entryAt } from '../store/entry-at.ts';
import { checkInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import { noteParts } from './inputs/base-edits.ts';
import { removeData } from './remove-data.ts';
import { refuseUnsaved } from './refuse.ts';
import { listMissing, readPointer, refuseFrozen, storeEdited } from './tracked-folder.ts';
import { unprotectPath } from './unprotect.ts';
import type { DataOptions, Seen } from './workspace.ts';
import { absoluteOf, claimed, see } from './workspace.ts';

/** What is to be removed: a stage or group of stages, what a pointer tracks, or a path inside that. */
export type Removable =
  | { readonly kind: 'stage'; readonly file: string; readonly name: string; readonly stages: readonly Stage[] }
  | { readonly kind: 'pointer'; readonly pointer: PointerPlace; readonly below: string };

export interface RemoveOptions extends DataOptions {
  /** Also remove the data from the workspace. */
  readonly outs?: boolean;
  /** Remove files although their bytes are nowhere else. */
  readonly force?: boolean;
}

/**
 * Tracks things no more. Data that stays becomes plain files: nothing keeps the objects that it may be links to from
 * being collected. The record goes last, so that whoever is interrupted can say it again.
 * @returns the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_UNSAVED, PIPE_EDIT, PIPE_TARGET_UNKNOWN, PIPE_OBJECT_MISSING and PIPE_FROZEN, before anything
 * is removed; PIPE_FILE_CHANGED at a file that somebody works on
 */
export async function remove(
  engine: Engine,
  wanted: readonly Removable[],
  options: RemoveOptions,
): Promise<{ written: string[] }> {
  const writes = wanted.flatMap((each) =>
    each.kind === 'stage' ? [...new Set([lockPathOf(each.file), ...outPaths(each.stages)])] : [each.pointer.path],
  );
  // What is found in the store is all there is of the files that go.
  engine.store.hold();
  // What others have finished is in the locks before these are claimed.
  await foldLocks(engine, options.signal);
  return claimed(engine, { writes, signal: options.signal, name: 'remove' }, async () => {
    const present = new Map<string, Seen>();
    for (const each of wanted) await check(engine, each, { ...options, present });
    const written: string[] = [];
    const whole: PointerPlace[] = [];
    for (const each of wanted) {
      if (each.kind === 'stage') written.push(...(await removeStage(engine, each, { ...options, present })));
      else if (each.below === '') whole.push(each.pointer);
      else written.push(...(await removeInside(engine, each, { ...options, present })));
    }
    written.push(...(await removePointers(engine, whole, { ...options, present })));
    return { written: [...new Set(written)] };
  });
}

function outPaths(stages: readonly Stage[]): string[] {
  return stages.flatMap(({ outs }) => outs.map(({ path }) => path));
}

interface RemoveStep extends RemoveOptions {
  /** What lies in the workspace, by path. */
  readonly present: Map<string, Seen>;
}

async function check(engine: Engine, each: Removable, options: RemoveStep): Promise<void> {
  if (each.kind === 'stage') {
    unwrap(editRemove(sourceOf(engine, each.file), each.name));
    if (options.outs === true) for (const path of outPaths(each.stages)) await checkData(engine, path, options);
    return;
  }
  const { pointer, below } = each;
  if (below === '') {
    if (options.outs === true) await checkData(engine, pointer.path, options);
    return;
  }
  const recorded = readPointer(engine.project, pointer.file);
  refuseFrozen(recorded);
  recordedAt(engine, recorded, below);
  await checkData(engine, `${pointer.path}/${below}`, options);
}

async function checkData(engine: Engine, path: string, options: RemoveStep): Promise<void> {
  checkInside(absoluteOf(engine.project, path), engine.project.root);
  const seen = await see(engine, path, options);
  options.present.set(path, seen);
  if (options.force !== true) await refuseUnsaved(engine, { path, entry: seen.entry }, options);
}

/**
 * What a pointer records of a path inside its folder.
 * @throws {PipeError} PIPE_OBJECT_MISSING, PIPE_TARGET_UNKNOWN
 */
export function recordedAt(engine: Engine, pointer: TrackedPath, below: string): Entry {
  const entry = entryAt(engine.store, pointer.entry, below);
  if (entry !== undefined) return entry;
  if (engine.store.read(pointer.entry.digest) === undefined) throw listMissing(pointer);
  throw new PipeError({
    code: 'PIPE_TARGET_UNKNOWN',
    message: `${pointer.path}/${below} is not part of ${pointer.path}, as ${pointer.file} records it`,
    hint: 'check the spelling; a file that was never added is not tracked',
  });
}

function sourceOf({ project }: Engine, file: string): { readonly file: string; readonly text: string } {
  return { file, text: readTextFile(join(project.root, file), file) ?? '' };
}

/** Removes the data of a path whose record goes, or leaves it as plain files. */
async function letGo(engine: Engine, path: string, { outs, present, signal }: RemoveStep): Promise<void> {
  if (outs === true) await removeData(engine, path, { seen: present.get(path), signal });
  else await unprotectPath(engine, path, signal);
}

async function removeStage(
  engine: Engine,
  { file, name, stages }: Extract<Removable, { kind: 'stage' }>,
  options: RemoveStep,
): Promise<string[]> {
  const { project } = engine;
  for (const path of outPaths(stages)) await letGo(engine, path, options);
  const ignored = removeFromGitignore(project, outPaths(stages).map((path) => absoluteOf(project, path))); // prettier-ignore
  const locks = engine.locks.forget(stages);
  const path = join(project.root, file);
  withEditLock(editLockFolder(project.pipeDir), () => {
    writeFileAtomic(path, unwrap(editRemove(sourceOf(engine, file), name)));
  });
  return [...ignored, ...locks, path];
}

async function removePointers(
  engine: Engine,
  pointers: readonly PointerPlace[],
  options: RemoveStep,
): Promise<string[]> {
  const { project } = engine;
  for (const { path } of pointers) await letGo(engine, path, options);
  const ignored = removeFromGitignore(project, pointers.map(({ path }) => absoluteOf(project, path))); // prettier-ignore
  const files = pointers.map(({ file }) => absoluteOf(project, file));
  for (const file of files) rmSync(file, { force: true });
  return [...ignored, ...files];
}

async function removeInside(
  engine: Engine,
  { pointer, below }: Extract<Removable, { kind: 'pointer' }>,
  { present, signal }: RemoveStep,
): Promise<string[]> {
  // What may fail for want of space or a whole list comes before anything goes.
  const edits = [{ path: below, entry: undefined }];
  const { tracked, entry } = await storeEdited(engine, pointer, edits);
  const path = `${pointer.path}/${below}`;
  await removeData(engine, path, { seen: present.get(path), signal });
  const { file, done } = writePointer(engine.project, tracked, entry);
  await noteParts(engine, { path: pointer.path, edits });
  return done === 'unchanged' ? [] : [absoluteOf(engine.project, file)];
}
