import { isComplete } from '../../store/completeness.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { DataProject } from '../data-project.ts';
import type { SharedThing } from './thing.ts';

/** Whether the store has all of what is meant: then nobody need be asked for it. */
export function isAtHand(
  { engine: { store } }: Pick<DataProject, 'engine'>,
  { entry, below }: Pick<SharedThing, 'entry' | 'below'>,
): boolean {
  const meant = entryAt(store, entry, below);
  return meant !== undefined && isComplete(store, meant);
}
