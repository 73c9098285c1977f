import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

const READ_ONLY = 0o444;

/** Makes the bytes of a file safe from a crash, and nobody's to write to. */
export async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(READ_ONLY);
    await handle.datasync();
  } finally {
    await handle.close();
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
