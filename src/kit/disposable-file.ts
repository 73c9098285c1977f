import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import { writeFileAtomic, writeProblem } from './atomic-file.ts';

/**
 * Writes a file that only saves time, and makes its folder. Where the disk is full, read-only or not ours, the file
 * stays as it was: that must not keep anybody from what they asked for.
 */
export function writeDisposable(file: string, data: string | Uint8Array): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomic(file, data);
  } catch (error) {
    if (!(writeProblem(file, error) instanceof PipeError)) throw error;
  }
}
