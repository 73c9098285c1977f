import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

/** How names begin of what is not finished yet; they never count as data. */
export const TEMPORARY_PREFIX = '.pipe-tmp-';

/** A new name beside `path`, on the same disk, to be renamed when it is finished. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${randomBytes(6).toString('hex')}`);
}
