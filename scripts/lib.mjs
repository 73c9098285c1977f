/** Small things that the scripts share. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = resolve(fileURLToPath(new URL('..', import.meta.url)));

/** Whether the module of that URL is the one that `node` was asked to run. */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

/** Whether an operation failed because a file or folder is not there. */
export function isMissing(error) {
  return error?.code === 'ENOENT';
}
