import { posix } from 'node:path';
import { pointerAround } from '../../data/tracked-folder.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import { findWanted } from '../../remote/wanted.ts';
import { withLists } from '../../remote/reach.ts';
import { editTree } from '../../store/edit-tree.ts';
import { BrokenTree } from '../../store/read-tree.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { withRemote } from './open-remotes.ts';
import { listsFrom } from './push-roots.ts';

/**
 * Brings what lists tracked folders from their remotes, as far as the store lacks it and it is needed to change some
 * paths in them: so a folder can be added to that was never downloaded. Without a remote nothing comes, and whoever needs
 * a list says so.
 * @param paths relative to the project
 */
export async function bringLists(data: DataProject, context: Context, paths: readonly string[]): Promise<void> {
  const { engine } = data;
  const { config } = engine.project;
  for (const [pointer, inside] of byPointer(data, paths)) {
    const name = pointer.pointer.out.remote ?? config.get('core.remote');
    if (pointer.entry.kind !== 'dir' || name === undefined || areHere(data, pointer, inside)) continue;
    await withRemote(engine, { name, context, options: {} }, async (remote) => {
      const source = listsFrom(remote, engine.store, { keep: true });
      for (const path of inside) {
        await withLists(source, (read) => tryEdit(data, { pointer, path, read }), () => undefined); // prettier-ignore
      }
    });
  }
}

/**
 * Brings all lists of tracked folders from their remotes. A remote that cannot be asked, or lacks them, is no problem
 * here.
 */
export async function bringWholeLists(
  { engine }: DataProject,
  context: Context,
  pointers: readonly TrackedPath[],
): Promise<void> {
  for (const { entry, pointer } of pointers) {
    const name = pointer.out.remote ?? engine.project.config.get('core.remote');
    if (name === undefined) continue;
    try {
      await withRemote(engine, { name, context, options: {} }, async (remote) => {
        const source = listsFrom(remote, engine.store, { keep: true });
        await findWanted([{ entry }], { ...source, signal: context.signal });
      });
    } catch (error) {
      if (!(error instanceof PipeError) || context.signal.aborted) throw error;
    }
  }
}

function byPointer({ pointers }: DataProject, paths: readonly string[]): Map<TrackedPath, string[]> {
  const found = new Map<TrackedPath, string[]>();
  for (const path of paths) {
    const around = pointerAround(pointers, path);
    if (around === undefined) continue;
    const inside = found.get(around) ?? [];
    found.set(around, inside);
    inside.push(posix.relative(around.path, path));
  }
  return found;
}

function areHere(data: DataProject, pointer: TrackedPath, paths: readonly string[]): boolean {
  const { store } = data.engine;
  return paths.every((path) => tryEdit(data, { pointer, path, read: (digest) => store.read(digest) }));
}

/** Anything may be about to lie there: the lists that are read for it are the same. */
const ANY: Entry = { kind: 'file', digest: `b3:${'0'.repeat(64)}` as Entry['digest'], size: 0 };

/** Whether all is here that is needed to put something at a path, and to take it away. */
function tryEdit(
  { engine: { blake3 } }: DataProject,
  { pointer, path, read }: { readonly pointer: TrackedPath; readonly path: string; readonly read: Reading },
): boolean {
  const store = { read: (digest: Entry['digest']) => read(digest) };
  const sink = { put: (text: string) => blake3.hash(text) };
  try {
    for (const entry of [ANY, undefined]) editTree(store, sink, { root: pointer.entry, edits: [{ path, entry }] });
    return true;
  } catch (error) {
    if (error instanceof BrokenTree) return false;
    throw error;
  }
}

type Reading = (digest: Entry['digest']) => Buffer | undefined;
