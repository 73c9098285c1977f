import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { systemFault } from '../kit/system-fault.ts';

/**
 * Numbers that Linux gives to file systems whose disk is that of another machine, or may be: of FUSE nobody can tell.
 * There neither times nor appending can be relied on when two machines meet.
 */
const NETWORK_DISKS: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x01021997, // 9p
  0x65735546, // FUSE
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // AFS of the kernel
  0x73757245, // Coda
  0x19830326, // BeeGFS
  0xaad7aaea, // PanFS
  0x20030528, // OrangeFS
  0x7461636f, // OCFS2
  0x01161970, // GFS2
]);

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
  const base = cacheBase(env);
  const project = nameOf(root);
  if (base !== undefined && !isOnNetwork(base, machine)) return join(base, 'pipe', 'index', project);
  const own = ownTemporaryFolder(machine);
  return own === undefined ? undefined : join(own, project);
}

/** The folder of the clones of other repositories, beside {@link indexFolder} and for the same reasons. */
export function clonesFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const machine = thisMachine();
  const base = cacheBase(env);
  if (base !== undefined && !isOnNetwork(base, machine)) return join(base, 'pipe', 'clones');
  const own = ownTemporaryFolder(machine);
  return own === undefined ? undefined : join(own, 'clones');
}

/** A short name for something long, which no other has. */
export function nameOf(long: string): string {
  return createHash('sha256').update(long).digest('hex').slice(0, 24);
}

/** Paths that are not absolute count as not set, as the XDG rules say. */
function cacheBase(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_CACHE_HOME: cache = '', HOME: home = homedir() } = env;
  if (isAbsolute(cache)) return cache;
  return isAbsolute(home) ? join(home, '.cache') : undefined;
}

function isOnNetwork(path: string, machine: Machine): boolean {
  try {
    return NETWORK_DISKS.has(machine.diskOf(path) >>> 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What is not there yet will be on the disk of the folder above.
    if ((code === 'ENOENT' || code === 'ENOTDIR') && dirname(path) !== path) return isOnNetwork(dirname(path), machine);
    if (code === 'ENOSYS' || systemFault(error) !== undefined) return false;
    throw error;
  }
}

/** Everybody may write to the folder around it: what is there counts only if it is the user's own and nobody else's. */
function ownTemporaryFolder(machine: Machine): string | undefined {
  const { temporary, user } = machine;
  if (user === undefined || isOnNetwork(temporary, machine)) return undefined;
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
  return {
    // Elsewhere the numbers mean something else.
    diskOf: (path) => (process.platform === 'linux' ? statfsSync(path).type : 0),
    temporary: tmpdir(),
    user: process.geteuid?.(),
  };
}
