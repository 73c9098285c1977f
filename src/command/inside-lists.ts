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
