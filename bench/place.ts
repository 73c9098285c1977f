import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of our own to measure in. */
export interface Place {
  readonly kind: 'disk' | 'tmpfs';
  /** Such as `ext4`. */
  readonly filesystem: string;
  /** Absolute. */
  readonly folder: string;
}

/** Where Linux keeps a tmpfs that everybody may write to. */
const TMPFS_FOLDER = '/dev/shm';

/** File systems by the magic number that `statfs(2)` gives. */
const FILESYSTEMS = new Map([
  [0x01021994, 'tmpfs'],
  [0x9123683e, 'btrfs'],
  [0xef53, 'ext4'], // ext2 and ext3 have the same
  [0x58465342, 'xfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlayfs'],
  [0x6969, 'nfs'],
]);

/**
 * Makes a folder on tmpfs, where the machine has one, and one on a disk.
 * @param disk a folder on the disk to measure; without it the temporary or the home folder, whichever is on a disk
 * @throws {RangeError} when `disk` is not on a disk
 */
export function openPlaces(disk: string | undefined): Place[] {
  const onDisk = (disk === undefined ? [tmpdir(), homedir()] : [disk]).find(
    (folder) => filesystemOf(folder) !== 'tmpfs',
  );
  if (onDisk === undefined)
    throw new RangeError(`${disk ?? tmpdir()} is on tmpfs: name a folder on a disk with --disk DIR`);
  const hasTmpfs = existsSync(TMPFS_FOLDER) && filesystemOf(TMPFS_FOLDER) === 'tmpfs';
  return [...(hasTmpfs ? [open('tmpfs', TMPFS_FOLDER)] : []), open('disk', onDisk)];
}

/** Removes the folders with all they hold. */
export function closePlaces(places: readonly Place[]): void {
  for (const { folder } of places) rmSync(folder, { recursive: true, force: true });
}

function open(kind: Place['kind'], base: string): Place {
  return { kind, filesystem: filesystemOf(base), folder: mkdtempSync(join(base, 'pipe-bench-')) };
}

function filesystemOf(folder: string): string {
  const { type } = statfsSync(folder);
  return FILESYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`;
}
