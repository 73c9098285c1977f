import { existsSync } from 'node:fs';
import { mkdir, readFile, statfs } from 'node:fs/promises';
import type { Rig } from '../../rig/rig.ts';

/** A small disk of its own under a folder of the project. */
export interface Disk {
  /** Takes all the space that is left. */
  fill(): Promise<void>;
  /** Takes all the space but so many pages of 4 KiB, without a trace in the project. */
  leave(pages: number): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  readOnly(): Promise<void>;
  writable(): Promise<void>;
}

/**
 * Mounts a file system in memory over `folder` while `use` runs.
 * @throws {Error} where that is not allowed: these tests need root, as in CI
 */
export async function withDisk(
  rig: Rig,
  { folder, size = '8m' }: { readonly folder: string; readonly size?: string },
  use: (disk: Disk) => Promise<void>,
): Promise<void> {
  const path = rig.path(folder);
  await mkdir(path, { recursive: true });
  const root = async (command: string, ...args: string[]): Promise<void> => {
    const { code, stderr } = await rig.run(command, args, { cwd: '/' });
    if (code !== 0)
      throw new Error(`"${command} ${args.join(' ')}" failed; it needs root and CAP_SYS_ADMIN: ${stderr}`);
  };
  await root('mount', '-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', path);
  try {
    await use({
      async leave(pages) {
        const { bavail, bsize } = await statfs(path);
        await root('fallocate', '-l', String(Math.max(1, bavail - pages) * bsize), `${path}/.git/filler`);
      },
      fill: () => root('sh', '-c', 'cat /dev/zero > "$0/filler" 2>/dev/null; :', path),
      free: () => root('rm', '-f', `${path}/filler`, `${path}/.git/filler`),
      readOnly: () => root('mount', '-o', 'remount,ro', path),
      writable: () => root('mount', '-o', 'remount,rw', path),
    });
  } finally {
    await root('umount', '-l', path);
  }
}

/**
 * Mounts a disk that takes `A` and `a` for one name (exFAT) over `folder` while `use` runs.
 * @returns false where the system has no FUSE to mount it with
 * @throws {Error} where the Debian packages exfat-fuse and exfatprogs are missing
 */
export async function withFoldingDisk(rig: Rig, folder: string, use: () => Promise<void>): Promise<boolean> {
  if (!existsSync('/dev/fuse')) return false;
  const [path, image] = [rig.path(folder), rig.path('../tmp/exfat.img')];
  await mkdir(path, { recursive: true });
  const root = async (line: string): Promise<void> => {
    const { code, stderr } = await rig.run('sh', ['-c', line], { cwd: '/' });
    if (code !== 0) throw new Error(`"${line}" failed; it needs root, exfat-fuse and exfatprogs: ${stderr}`);
  };
  await root(`truncate -s 16M ${image} && mkfs.exfat ${image}`);
  await root(`mount.exfat-fuse -o fmask=0133,dmask=0022 "$(losetup -f --show ${image})" ${path}`);
  try {
    await use();
  } finally {
    await root(`umount ${path}; losetup -j ${image} | cut -d: -f1 | xargs losetup -d`);
  }
  return true;
}

/**
 * Mounts a disk whose files can share blocks (btrfs) over `folder` while `use` runs.
 * @returns false where the system knows no such disk
 * @throws {Error} where the Debian package btrfs-progs is missing
 */
export async function withSharingDisk(rig: Rig, folder: string, use: () => Promise<void>): Promise<boolean> {
  const [path, image] = [rig.path(folder), rig.path('../tmp/btrfs.img')];
  await mkdir(path, { recursive: true });
  const root = async (line: string): Promise<void> => {
    const { code, stderr } = await rig.run('sh', ['-c', line], { cwd: '/' });
    if (code !== 0) throw new Error(`"${line}" failed; it needs root and btrfs-progs: ${stderr}`);
  };
  await rig.run('modprobe', ['btrfs'], { cwd: '/' }).catch(() => undefined);
  if (!(await readFile('/proc/filesystems', 'utf8')).includes('btrfs')) return false;
  await root(`truncate -s 256M ${image} && mkfs.btrfs -q ${image}`);
  await root(`mount -o loop ${image} ${path}`);
  try {
    await use();
  } finally {
    await root(`umount ${path}`);
  }
  return true;
}
