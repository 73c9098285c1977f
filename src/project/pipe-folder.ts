import { mkdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic, writeProblem } from '../kit/atomic-file.ts';

const GITIGNORE = ['/config.local.yaml', '/tmp', '/cache', ''].join('\n');

/**
 * Makes the `.pipe` folder where it is missing, and tells Git to leave alone what is not to be shared. A DVC project
 * has none until something is kept in it.
 * @returns the absolute paths of the files it made
 * @throws {PipeError} PIPE_FILE_WRITE
 */
export function ensurePipeFolder(pipeDir: string): string[] {
  const file = join(pipeDir, '.gitignore');
  if (existsSync(file)) return [];
  try {
    mkdirSync(pipeDir, { recursive: true });
  } catch (error) {
    throw writeProblem(pipeDir, error);
  }
  writeFileAtomic(file, GITIGNORE);
  return [file];
}
