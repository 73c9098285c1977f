import type { DataSet } from './data-set.ts';

/** What a scenario needs of a place. */
export interface Space {
  readonly bytes: number;
  /** How many files there may be at once. */
  readonly files: number;
}

/** About what the system keeps of each file beside its bytes; on tmpfs that is memory, too. */
const INODE = 1024;

/** Both tmpfs and common disks keep a file in whole blocks of this many bytes. */
const BLOCK = 4096;

/** What copies of a data set take, blocks and all. */
export function spaceFor(set: DataSet, copies: number): Space {
  let blocks = 0;
  for (let number = 0; number < set.files; number++) blocks += Math.ceil(set.sizeOf(number) / BLOCK);
  return { bytes: copies * (blocks * BLOCK + set.files * INODE), files: copies * set.files };
}
