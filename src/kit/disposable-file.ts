import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import type { FileData } from './atomic-file.ts';
import { writeFileAtomic, writeProblem } from './atomic-file.ts';

/**
 * Writes a file that only saves time, and makes its folder. Where the disk is full, read-only or not ours, or somebody
 * tidies the folder away just then, the file stays as it was: that must not keep anybody from what they asked for.
 */
export function writeDisposable(file: string, data: FileData): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomic(file, data);
  } catch (error) {
    const isTidiedAway = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isTidiedAway && !(writeProblem(file, error) instanceof PipeError)) throw error;
  }
}
