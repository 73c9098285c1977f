import { spawnSync } from 'node:child_process';
import type { Environment } from '../test/rig/environment.ts';
import type { Command, Finished } from './scenario.ts';

/** Far more than anything measured here prints. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/** A process that has ended as it should, and how long it took from before its start until after its end. */
export interface Timed extends Finished {
  readonly seconds: number;
}

/**
 * Runs one whole process. Synchronous: an event loop that does other things would add to the time.
 * @param at the folder and environment that it runs in, and the exit code it must end with (default 0)
 * @throws {Error} with what it printed, when it cannot be started or ends in another way
 */
export function runProcess(command: Command, at: { folder: string; env: Environment; code?: number }): Timed {
  const started = process.hrtime.bigint();
  const { status, signal, error, stdout, stderr } = spawnSync(command.file, command.args, {
    cwd: at.folder,
    env: at.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (error === undefined && status === (at.code ?? 0)) return { seconds, stdout, stderr };
  const end = error?.message ?? String(status ?? signal);
  throw new Error(`${[command.file, ...command.args].join(' ')} ended with ${end}\n${stdout}${stderr}`, {
    cause: error,
  });
}
