import { withTrueSize } from './misstated.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { isWithin } from '../kit/path.ts';
import type { PointerPlace, TrackedPath } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import { readPointers } from '../project/pointer-files.ts';
import type { Project } from '../project/project.ts';
import type { WrittenPointer } from '../project/write-pointer.ts';
import { writePointer } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import type { TreeEdit, TreeSink } from '../store/edit-tree.ts';
import { editTree } from '../store/edit-tree.ts';
import { BrokenTree } from '../store/read-tree.ts';
import type { StoreWriter } from '../store/store-writer.ts';
import type { Entry } from '../store/tree.ts';

/** The pointer that tracks a folder around a path. */
export function pointerAround<T extends PointerPlace>(pointers: readonly T[], path: string): T | undefined {
  return pointers.find((each) => each.path !== path && isWithin(each.path, path));
}

/**
 * Changes what a pointer records of some paths inside its folder, which need not lie in the workspace. The caller has
 * claimed the folder; the objects of the new entries are in the store.
 * @param edits relative to the folder, none inside another
 * @throws {PipeError} PIPE_FROZEN, PIPE_OBJECT_MISSING when the store lacks what lists the folder, PIPE_POINTER_CONFLICT
 * when the pointer tracks no folder, and as `writePointer` does
 */
export async function editTracked(
  engine: Engine,
  pointer: Pick<TrackedPath, 'file'>,
  edits: readonly TreeEdit[],
): Promise<WrittenPointer> {
  const { tracked, entry } = await storeEdited(engine, pointer, edits);
  return writePointer(engine.project, tracked, entry);
}

/**
 * The first half of {@link editTracked}: the store has what the folder is to be, and nothing is recorded yet.
 * @returns the pointer as it stands, and what it is to record
 */
export async function storeEdited(
  engine: Engine,
  pointer: Pick<TrackedPath, 'file'>,
  edits: readonly TreeEdit[],
): Promise<{ tracked: TrackedPath; entry: Entry }> {
  // As it is now: another process may have changed it while this one waited.
  const tracked = withTrueSize(engine.store, readPointer(engine.project, pointer.file));
  refuseFrozen(tracked);
  if (tracked.entry.kind !== 'dir') throw noFolder(tracked);
  const writer = engine.store.writer();
  try {
    const entry = editTree(engine.store, treeSink(engine, writer), { root: tracked.entry, edits });
    await writer.finish();
    return { tracked, entry };
  } catch (error) {
    throw error instanceof BrokenTree ? listMissing(tracked) : error;
  } finally {
    writer.discard();
  }
}

/**
 * A pointer as it stands on the disk.
 * @throws {PipeError} what is wrong with it; PIPE_TARGET_UNKNOWN when it is gone
 */
export function readPointer(project: Pick<Project, 'root'>, file: string): TrackedPath {
  const tracked = readPointerIfThere(project, file);
  if (tracked !== undefined) return tracked;
  throw new PipeError({ code: 'PIPE_TARGET_UNKNOWN', message: `${file} is gone`, hint: 'another process removed it' });
}

/**
 * The same, or nothing when there is none.
 * @throws {PipeError} what is wrong with it
 */
export function readPointerIfThere({ root }: Pick<Project, 'root'>, file: string): TrackedPath | undefined {
  const { pointers, problems } = readPointers(root, [file]);
  if (problems.length > 0) throw new PipeError(problems);
  return pointers[0];
}

/** @throws {PipeError} PIPE_FROZEN; PIPE_IMPORTED for what an update alone changes */
export function refuseFrozen(tracked: TrackedPath): void {
  const { file, path, pointer } = tracked;
  if (pointer.frozen !== true) {
    refuseImported(tracked);
    return;
  }
  throw new PipeError({
    code: 'PIPE_FROZEN',
    message: `${path} is frozen: no command changes what ${file} records`,
    hint: `let it change again: pipe unfreeze ${file}`,
  });
}

/** @throws {PipeError} PIPE_IMPORTED */
export function refuseImported({ file, path, pointer }: TrackedPath): void {
  if (pointer.imported === undefined) return;
  throw new PipeError({
    code: 'PIPE_IMPORTED',
    message: `${path} is imported: ${file} records what was imported`,
    hint: `bring it up to date with \`pipe update ${path}\`, or take a change back with \`pipe checkout --force ${path}\`; to make it your own, remove deps from ${file}`,
  });
}

/** The store lacks the object that lists a folder. */
export function listMissing({ path }: Pick<TrackedPath, 'path'>): PipeError {
  return new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `the cache lacks what lists ${path}, or holds it damaged`,
    hint: `\`pipe fetch ${path}\` brings it from a remote; where all of ${path} lies in the workspace, \`pipe add ${path}\` stores it again`,
  });
}

function noFolder({ path, file, at }: TrackedPath): PipeError {
  return new PipeError({
    code: 'PIPE_POINTER_CONFLICT',
    message: `${file} tracks ${path} as a file, so nothing can be tracked inside it`,
    hint: `if it is a folder now, track it as a whole: pipe add ${path}`,
    at,
  });
}

/** Takes in lists of folders. */
export function treeSink({ blake3 }: Pick<Engine, 'blake3'>, writer: StoreWriter): TreeSink {
  return {
    put(text) {
      const bytes = Buffer.from(text);
      const digest = blake3.raw(bytes);
      writer.addNow(digest, bytes);
      return digestOfRaw(digest);
    },
  };
}
