import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Rig } from '../../rig/rig.ts';

const KEPT = ['project', 'home'];

/**
 * Keeps the project and the user's folders as they are, to begin from there again and again.
 * @returns what brings them back
 */
export async function beginAgain(rig: Rig): Promise<() => Promise<void>> {
  const root = dirname(rig.project);
  const copy = async (from: string, to: string): Promise<void> => {
    // Unlike Node.js, cp knows hard links.
    const { code, stderr } = await rig.run('cp', ['-a', `${from}/.`, to], { cwd: '..' });
    if (code !== 0) throw new Error(stderr);
  };
  for (const name of KEPT) {
    await mkdir(join(root, 'kept', name), { recursive: true });
    await copy(join(root, name), join(root, 'kept', name));
  }
  return async () => {
    for (const name of KEPT) {
      await empty(join(root, name));
      await copy(join(root, 'kept', name), join(root, name));
    }
  };
}

/** Removes what lies in a folder. The folder itself stays: a disk may be mounted there, or in it. */
async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    await rm(path, { recursive: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      return empty(path);
    });
  }
}
