import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../../rig/process.ts';

/**
 * Stops a process as soon as a condition holds, which still does when it stands.
 * @throws {Error} when the process ends first
 */
export async function stopWhen(running: Running, holds: () => Promise<boolean>): Promise<void> {
  while (!running.ended) {
    if (await holds()) {
      running.kill('SIGSTOP');
      if (await holds()) return;
      running.kill('SIGCONT');
    }
    await sleep(1);
  }
  throw new Error(`it ended too early\n${running.stdout}\n${running.stderr}`);
}
