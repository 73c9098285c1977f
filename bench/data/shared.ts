import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { sharedFolder } from '../place.ts';
import type { World } from '../scenario.ts';
import type { DataSet } from './data-set.ts';
import { writeData } from './files.ts';

/**
 * A copy of a data set for those who only read it, made once in a place and kept for one scenario: with one for each
 * contender, a million files would not fit into memory.
 */
export function sharedData({ place }: World, set: DataSet): string {
  const path = join(sharedFolder(place), set.name);
  if (existsSync(path)) return path;
  const unfinished = `${path}.part`;
  writeData(unfinished, set);
  renameSync(unfinished, path);
  return path;
}
