import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Environment } from '../test/rig/environment.ts';
import type { Command, Finished } from './scenario.ts';

const STOPWATCH = join(import.meta.dirname, 'stopwatch.child.mjs');

/** Far more than anything measured here prints. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/** A process that has ended as it should, and how long it took from before its start until after its end. */
export interface Timed extends Finished {
  readonly seconds: number;
}

interface Observed extends Timed {
  /** What it ended with: an exit code, a signal, or why it did not start. */
  readonly end: number | string;
}

/**
 * Runs one whole process, and times it.
 *
 * Starting a process costs the more, the more memory the starting one holds (at 140 MB, as much as ninja takes for all
 * its work), so a small process of its own holds the stopwatch.
 * @param at the folder and environment that it runs in, and the exit code it must end with (default 0)
 * @throws {Error} with what it printed, when it cannot be started or ends in another way
 */
export function runProcess(command: Command, at: { folder: string; env: Environment; code?: number }): Timed {
  const { stdout, stderr, error } = spawnSync(process.execPath, [STOPWATCH], {
    input: JSON.stringify({ ...command, cwd: at.folder, env: at.env }),
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
  });
  if (error !== undefined || stdout === '') throw new Error(`the stopwatch failed: ${stderr}`, { cause: error });
  const { end, ...timed } = JSON.parse(stdout) as Observed;
  if (end === (at.code ?? 0)) return timed;
  throw new Error(`${[command.file, ...command.args].join(' ')} ended with ${end}\n${timed.stdout}${timed.stderr}`);
}
