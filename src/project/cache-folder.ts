import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Project } from './project.ts';

/**
 * The folder of the cache, absolute: `cache.dir` relative to `.pipe`, as DVC takes it, or `.pipe/cache`. In a linked Git
 * worktree that sets none it is the cache of the main worktree, so that nothing is computed or fetched twice; one that
 * has a cache of its own already keeps it.
 */
export function cacheFolder({ pipeDir, config, main }: Pick<Project, 'pipeDir' | 'config' | 'main'>): string {
  const set = config.get('cache.dir');
  const own = join(pipeDir, 'cache');
  if (set !== undefined) return resolve(pipeDir, set);
  return main === undefined || isStore(own) ? own : cacheFolder(main);
}

function isStore(folder: string): boolean {
  return statSync(join(folder, 'format'), { throwIfNoEntry: false }) !== undefined;
}
