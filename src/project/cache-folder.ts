import { resolve } from 'node:path';
import type { Project } from './project.ts';

/** The folder of the cache, absolute: `cache.dir` relative to `.pipe`, as DVC takes it, or `.pipe/cache`. */
export function cacheFolder({ pipeDir, config }: Pick<Project, 'pipeDir' | 'config'>): string {
  return resolve(pipeDir, config.get('cache.dir') ?? 'cache');
}
