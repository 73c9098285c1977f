import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemFault } from './system-fault.ts';

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

/** The number of the file system of a path that exists; elsewhere than on Linux the numbers mean something else. */
export function diskOf(path: string): number {
  return process.platform === 'linux' ? statfsSync(path).type : 0;
}

/**
 * Whether a path, there or not, lies on the disk of another machine, as far as the system tells.
 * @param disk see {@link diskOf}; tests say something else
 */
export function isOnNetworkDisk(path: string, disk: (path: string) => number = diskOf): boolean {
  try {
    return NETWORK_DISKS.has(disk(path) >>> 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What is not there yet will be on the disk of the folder above.
    if ((code === 'ENOENT' || code === 'ENOTDIR') && dirname(path) !== path)
      return isOnNetworkDisk(dirname(path), disk);
    if (code === 'ENOSYS' || systemFault(error) !== undefined) return false;
    throw error;
  }
}
