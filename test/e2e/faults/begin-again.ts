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
      // The folder itself stays: a disk may be mounted there.
      for (const each of await readdir(join(root, name))) await rm(join(root, name, each), { recursive: true });
      await copy(join(root, 'kept', name), join(root, name));
    }
  };
}
