import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processFields, ZOMBIE } from '../kit/owner.ts';

/** The variable that marks every process of a run, so that what a killed run left behind can be found. */
export const RUN_ID_VARIABLE = 'PIPE_RUN_ID';

/** How long a process group may take to end by itself. */
export const GRACE_MS = 5_000;

/** Sends a signal to a whole process group; a group that is gone is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/**
 * Whether a process group has any member that runs. One that has ended counts as long as nobody has asked for its exit
 * code, which may be for ever where process 1 is no init (in a container, say), so on Linux members are looked at.
 */
export function groupIsAlive(group: number): boolean {
  if (!isAlive(-group)) return false;
  return process.platform !== 'linux' || readdirSync('/proc').some((name) => isMember(name, group));
}

function isMember(pid: string, group: number): boolean {
  const [state, , its] = /^\d+$/.test(pid) ? (processFields(pid) ?? []) : [];
  return its === String(group) && state !== ZOMBIE;
}

/**
 * Ends the processes that a dead run left behind: gently, then firmly, and returns when they are gone. On Linux they
 * are told by their environment, which also finds those that left the process group; elsewhere by the group.
 */
export async function endOrphans(
  runId: string,
  groups: readonly number[],
  onFound: (count: number) => void,
): Promise<void> {
  const find = (): number[] => processesOf(runId) ?? groups.filter(groupIsAlive).map((group) => -group);
  let left = find();
  if (left.length > 0) onFound(left.length);
  const started = Date.now();
  for (let signal: NodeJS.Signals = 'SIGTERM'; left.length > 0; left = find()) {
    if (Date.now() - started > GRACE_MS) signal = 'SIGKILL';
    for (const pid of left) signalProcess(pid, signal);
    await sleep(25);
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Processes with the mark in their environment; `undefined` where the system does not tell. */
function processesOf(runId: string): number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const mark = `${RUN_ID_VARIABLE}=${runId}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark) && !isZombie(name))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return '';
    throw error;
  }
}

function isZombie(pid: string): boolean {
  return (processFields(pid)?.[0] ?? ZOMBIE) === ZOMBIE;
}
