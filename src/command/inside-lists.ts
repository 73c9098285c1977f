import { pointerAround } from '../data/tracked-folder.ts';
import type { Context } from './command.ts';
import type { DataProject } from './data-project.ts';

/**
 * Brings what is needed to change paths inside tracked folders that were never downloaded; nothing where no path lies in
 * one, and then nothing is loaded either.
 * @param paths relative to the project
 */
export async function bringListsFor(data: DataProject, context: Context, paths: readonly string[]): Promise<void> {
  if (!paths.some((path) => pointerAround(data.pointers, path) !== undefined)) return;
  const { bringLists } = await import('./share/bring-lists.ts');
  await bringLists(data, context, paths);
}

/**
 * Brings what lists tracked folders of which nothing is here, so that it can be told what was removed in them from what
 * never came. Where no remote gives it, whoever needs it says so: it is not needed for a folder that is as it was recorded.
 * @param paths of the folders, relative to the project
 */
export async function bringListsOf(data: DataProject, context: Context, paths: readonly string[]): Promise<void> {
  const { store } = data.engine;
  const unlisted = data.pointers.filter(
    ({ path, entry }) => entry.kind === 'dir' && paths.includes(path) && !store.has(entry.digest),
  );
  if (unlisted.length === 0) return;
  const { bringWholeLists } = await import('./share/bring-lists.ts');
  await bringWholeLists(data, context, unlisted);
}
