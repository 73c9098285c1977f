import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheHome } from '../kit/cache-home.ts';
import { diskOf, isOnNetworkDisk } from '../kit/network-disk.ts';
import { systemFault } from '../kit/system-fault.ts';

/** What the machine says; tests say something else. */
export interface Machine {
  /** The number of the file system of a path that exists. */
  readonly diskOf: (path: string) => number;
  /** The system's folder for temporary files. */
  readonly temporary: string;
  /** `undefined` where users have no number. */
  readonly user: number | undefined;
}

/**
 * The folder for what is remembered of a project. It lies in the user's cache folder: it must be on this machine, is
 * nobody else's business, and may be deleted at any time. Where that is on a network disk, it lies in a folder of the
 * user's in the system's temporary folder; where that cannot be had either, nowhere.
 */
export function indexFolder(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine = thisMachine(),
): string | undefined {
  const base = cacheHome(env);
  const project = nameOf(root);
  if (base !== undefined && !isOnNetworkDisk(base, machine.diskOf)) return join(base, 'pipe', 'index', project);
  const own = ownTemporaryFolder(machine);
  return own === undefined ? undefined : join(own, project);
}

/** The folder of the clones of other repositories, beside {@link indexFolder} and for the same reasons. */
export function clonesFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const machine = thisMachine();
  const base = cacheHome(env);
  if (base !== undefined && !isOnNetworkDisk(base, machine.diskOf)) return join(base, 'pipe', 'clones');
  const own = ownTemporaryFolder(machine);
  return own === undefined ? undefined : join(own, 'clones');
}

/** A short name for something long, which no other has. */
export function nameOf(long: string): string {
  return createHash('sha256').update(long).digest('hex').slice(0, 24);
}

/** Everybody may write to the folder around it: what is there counts only if it is the user's own and nobody else's. */
function ownTemporaryFolder(machine: Machine): string | undefined {
  const { temporary, user } = machine;
  if (user === undefined || isOnNetworkDisk(temporary, machine.diskOf)) return undefined;
  const folder = join(temporary, `pipe-index-${String(user)}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (systemFault(error) === undefined) throw error;
  }
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  const isPrivate = stat?.isDirectory() === true && stat.uid === user && (stat.mode & 0o777) === 0o700;
  return isPrivate ? folder : undefined;
}

function thisMachine(): Machine {
  return { diskOf, temporary: tmpdir(), user: process.geteuid?.() };
}
