import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process that owns files beside those of others; the name tells whether it still runs. */
export interface Owner {
  readonly host: string;
  /** Changes at each start of the machine, so that process ids of an earlier one are not mistaken. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, in ticks since boot: tells a process from a later one with the same id. */
  readonly start: string;
  /** The PID namespace that `pid` counts in (pid_namespaces(7)); empty where the system has none, or it is not known. */
  readonly namespace: string;
}

/** This process. */
export function thisOwner(): Owner {
  const start = startOf(process.pid) ?? '';
  return { host: hostname(), boot: bootId(), pid: process.pid, start, namespace: pidNamespace() };
}

/** A name for a file that only this process writes: its owner can be read back from it. */
export function ownedName(owner: Owner): string {
  const parts = [encodeURIComponent(owner.host), owner.boot, String(owner.pid), owner.start, owner.namespace];
  return [...parts, randomBytes(4).toString('hex')].join('+');
}

/** The owner that a file's name tells of; `undefined` for other names. */
export function ownerOfName(name: string): Owner | undefined {
  const [host, boot, pid, start, ...more] = name.replace(/\.[a-z]+$/, '').split('+');
  if (host === undefined || boot === undefined || start === undefined) return undefined;
  const decoded = decodeHost(host);
  if (decoded === undefined || !PID.test(pid ?? '')) return undefined;
  // Names that an earlier version gave tell of no namespace.
  const namespace = more.length < 2 ? '' : (more[0] ?? '');
  return { host: decoded, boot, pid: Number(pid), start, namespace };
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

/** Whether an owner is known to be gone. Of one that nothing can be asked of it is not known. */
export function isGone(owner: Owner): boolean {
  return stateOf(owner) === 'gone';
}

/**
 * What is known of an owner's process: `unknown` of one on another host or in another PID namespace, where its number
 * means nothing here, and of one that exists while the system keeps from us whose it is (hidepid).
 */
export function stateOf(owner: Owner): 'runs' | 'gone' | 'unknown' {
  if (owner.host !== hostname()) return 'unknown';
  if (owner.boot !== bootId()) return owner.boot === NO_BOOT_ID || bootId() === NO_BOOT_ID ? 'unknown' : 'gone';
  if (owner.namespace !== '' && owner.namespace !== pidNamespace()) return 'unknown';
  if (!isAlive(owner.pid)) return 'gone';
  if (owner.start === '') return processFields(owner.pid)?.[0] === ZOMBIE ? 'gone' : 'runs';
  const fields = processFields(owner.pid);
  // It may have ended since it was asked.
  if (fields === undefined) return isAlive(owner.pid) ? 'unknown' : 'gone';
  return fields[START] !== owner.start || fields[0] === ZOMBIE ? 'gone' : 'runs';
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

const NO_BOOT_ID = 'unknown';

let boot: string | undefined;

function bootId(): string {
  boot ??= readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? NO_BOOT_ID;
  return boot;
}

let namespace: string | undefined;

/** The number of the PID namespace of this process, out of `pid:[4026531836]`. */
function pidNamespace(): string {
  namespace ??= /\d+/.exec(fromProc(() => readlinkSync('/proc/self/ns/pid')) ?? '')?.[0] ?? '';
  return namespace;
}

/** The start time of a process on Linux (proc(5), field 22 of stat); elsewhere unknown. */
export function startOf(pid: number): string | undefined {
  return processFields(pid)?.[START];
}

/** Where the start time stands in {@link processFields}. */
const START = 19;

/** The state of a process that has ended while nobody has asked for its exit code, perhaps for ever. */
export const ZOMBIE = 'Z';

/** What Linux tells of a process (proc(5), stat) from the third field on: state, parent, group, …; else `undefined`. */
export function processFields(pid: number | string): readonly string[] | undefined {
  const stat = readProc(`/proc/${String(pid)}/stat`);
  // The second field is the program's name in parentheses and may hold anything, so fields are counted behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string | undefined {
  return fromProc(() => readFileSync(path, 'latin1'));
}

/** What /proc tells; `undefined` of what is not there, or not for us: `hidepid` answers EPERM, or ENOENT. */
function fromProc(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}
