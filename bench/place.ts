import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Space } from './data/space.ts';
import type { S3 } from './project/s3.ts';
import { formatSize } from './units.ts';

/** A folder of our own to measure in. */
export interface Place {
  readonly kind: 'disk' | 'tmpfs';
  /** Such as `ext4`. */
  readonly filesystem: string;
  /** Absolute. */
  readonly folder: string;
  /** A server that keeps its data there, while one is needed. */
  readonly s3?: S3;
}

/** Where Linux keeps a tmpfs that everybody may write to. */
const TMPFS_FOLDER = '/dev/shm';

/** Memory that must be left when files lie in memory. */
const KEPT_FOR_PROCESSES = 1e9;

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
 * @param where only the one of this kind
 * @throws {RangeError} when `disk` is not on a disk, or there is no place of the kind
 */
export function openPlaces(disk: string | undefined, where?: Place['kind']): Place[] {
  const hasTmpfs = existsSync(TMPFS_FOLDER) && filesystemOf(TMPFS_FOLDER) === 'tmpfs';
  if (where === 'tmpfs' && !hasTmpfs) throw new RangeError(`this machine has no tmpfs at ${TMPFS_FOLDER}`);
  if (where === 'tmpfs') return [open('tmpfs', TMPFS_FOLDER)];
  const onDisk = (disk === undefined ? [tmpdir(), homedir()] : [disk]).find(
    (folder) => filesystemOf(folder) !== 'tmpfs',
  );
  if (onDisk === undefined)
    throw new RangeError(`${disk ?? tmpdir()} is on tmpfs: name a folder on a disk with --disk DIR`);
  return [...(hasTmpfs && where !== 'disk' ? [open('tmpfs', TMPFS_FOLDER)] : []), open('disk', onDisk)];
}

/** Where a place keeps what several contenders read, by its folder. */
export function sharedFolder(place: string): string {
  return join(place, 'shared');
}

/**
 * Why a place has no room for something; undefined where it has. On tmpfs, files take memory that processes need too.
 */
export function lackOf(needs: Space | undefined, { kind, folder }: Place): string | undefined {
  if (needs === undefined) return undefined;
  const { bavail, bsize, ffree } = statfsSync(folder);
  const memory = kind === 'tmpfs' ? process.availableMemory() - KEPT_FOR_PROCESSES : Infinity;
  const free = Math.max(0, Math.min(bavail * bsize, memory));
  if (free < needs.bytes) return `it needs ${formatSize(needs.bytes)} on ${kind}, where ${formatSize(free)} are free`;
  // File systems that do not count files have none left, too.
  if (ffree > 0 && ffree < needs.files) return `it makes ${needs.files} files on ${kind}, where ${ffree} more fit`;
  return undefined;
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
