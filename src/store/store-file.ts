import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../kit/make-folder.ts';
import type { StoreLayout } from './layout.ts';

/** Opens a new file of a store for writing; its folder is made when it is missing. */
export async function openMakingFolder(path: string, layout: StoreLayout): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(dirname(path), layout);
    return open(path, 'wx', 0o600);
  }
}

/** The text of a file; `undefined` when there is none. */
export function readIfThere(path: string): string | undefined {
  return readBytesIfThere(path)?.toString('utf8');
}

/** The bytes of a file; `undefined` when there is none. */
export function readBytesIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
