import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process that owns files beside those of others; the name tells whether it still runs. */
export interface Owner {
  readonly host: string;
  /** Changes at each start of the machine, so that process ids of an earlier one are not mistaken. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, in ticks since boot: tells a process from a later one with the same id. */
  readonly start: string;
}

/** This process. */
export function thisOwner(): Owner {
  return { host: hostname(), boot: bootId(), pid: process.pid, start: startOf(process.pid) ?? '' };
}

/** A name for a file that only this process writes: its owner can be read back from it. */
export function ownedName(owner: Owner): string {
  const parts = [encodeURIComponent(owner.host), owner.boot, String(owner.pid), owner.start];
  return [...parts, randomBytes(4).toString('hex')].join('+');
}

/** The owner that a file's name tells of; `undefined` for other names. */
export function ownerOfName(name: string): Owner | undefined {
  const [host, boot, pid, start] = name.replace(/\.[a-z]+$/, '').split('+');
  if (host === undefined || boot === undefined || start === undefined) return undefined;
  const decoded = decodeHost(host);
  return decoded === undefined || !PID.test(pid ?? '') ? undefined : { host: decoded, boot, pid: Number(pid), start };
}

/** Any system's process ids; 0 would mean the caller's own process group. */
const PID = /^[1-9]\d{0,9}$/;

function decodeHost(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Whether an owner is known to be gone. Of a process on another host nothing is known: it counts as alive. */
export function isGone(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  if (owner.boot !== bootId()) return true;
  if (!isAlive(owner.pid) || (owner.start !== '' && startOf(owner.pid) !== owner.start)) return true;
  return processFields(owner.pid)?.[0] === ZOMBIE;
}

/** Whether a process exists (also one of another user), or with a negative id, a process group. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';
  return boot;
}

/** The start time of a process on Linux (proc(5), field 22 of stat); elsewhere unknown. */
export function startOf(pid: number): string | undefined {
  return processFields(pid)?.[19];
}

/** The state of a process that has ended while nobody has asked for its exit code, perhaps for ever. */
export const ZOMBIE = 'Z';

/** What Linux tells of a process (proc(5), stat) from the third field on: state, parent, group, …; else `undefined`. */
export function processFields(pid: number | string): readonly string[] | undefined {
  const stat = readProc(`/proc/${String(pid)}/stat`);
  // The second field is the program's name in parentheses and may hold anything, so fields are counted behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}
