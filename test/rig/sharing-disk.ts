import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/**
 * Mounts a disk whose files can share blocks (btrfs) over an empty folder.
 * @returns what takes it away again; `undefined` where the system knows no such disk, or lets nobody mount it
 */
export function mountSharingDisk(folder: string): (() => void) | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const run = (line: string): boolean => spawnSync('sh', ['-ec', line, folder], { stdio: 'ignore' }).status === 0;
  run('modprobe btrfs');
  if (!readFileSync('/proc/filesystems', 'utf8').includes('btrfs')) return undefined;
  const image = `${folder}.btrfs`;
  if (!run('truncate -s 256M "$0.btrfs"; mkfs.btrfs -q "$0.btrfs"; mount -o loop "$0.btrfs" "$0"')) {
    rmSync(image, { force: true });
    return undefined;
  }
  return () => {
    run('umount -l "$0"');
    rmSync(image);
  };
}
