import { canCome } from '../data/can-come.ts';
import { readPointers } from '../project/pointer-files.ts';
import { dataRemotes } from '../remote/open-remote.ts';
import { isComplete } from '../store/completeness.ts';
import type { DataProject } from './data-project.ts';
import type { KeptIn } from './data-words.ts';

/** Where everything can be had that the pointer of a path records by now. */
export function keptIn({ engine, pointers }: Pick<DataProject, 'engine' | 'pointers'>, path: string): KeptIn {
  const { project, store } = engine;
  const known = pointers.find((each) => each.path === path);
  const [tracked] = known === undefined ? [] : readPointers(project.root, [known.file]).pointers;
  if (tracked === undefined) return 'remote';
  if (isComplete(store, tracked.entry)) return 'cache';
  return canCome(tracked, dataRemotes(project.config).length > 0) ? 'remote' : 'nowhere';
}
