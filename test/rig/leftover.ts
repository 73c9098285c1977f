import { readdir, readFile } from 'node:fs/promises';
import { RIG_VARIABLE } from './environment.ts';

/**
 * The processes that still run in a rig's environment, whoever their parent is by now. Reads `/proc`; none are found
 * where a system has no such folder.
 */
export async function leftovers(rigName: string): Promise<number[]> {
  const mark = `${RIG_VARIABLE}=${rigName}`;
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(ifGone<string[]>([]))) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`, 'latin1').catch(ifGone(''));
    if (environment.split('\0').includes(mark)) found.push(Number(entry));
  }
  return found;
}

/** Kills what a rig's commands left behind, until nothing is left: a dying parent may just have started one more. */
export async function killLeftovers(rigName: string): Promise<void> {
  for (let left = await leftovers(rigName); left.length > 0; left = await leftovers(rigName)) {
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

/** Another value when a process has ended in the meantime or belongs to somebody else. */
function ifGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return value;
    throw error;
  };
}
