import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Rig } from '../../rig/rig.ts';

/**
 * Keeps the project and the user's folders as they are, to begin from there again and again.
 * @returns what brings them back
 */
export async function beginAgain(rig: Rig): Promise<() => Promise<void>> {
  const root = dirname(rig.project);
  const kept = `${root}/kept`;
  const copy = async (...args: string[]): Promise<void> => {
    // Unlike Node.js, cp knows hard links.
    const { code, stderr } = await rig.run('cp', ['-a', ...args], { cwd: '..' });
    if (code !== 0) throw new Error(stderr);
  };
  await rm(kept, { recursive: true, force: true });
  await rig.run('mkdir', [kept], { cwd: '..' });
  await copy('project', 'home', kept);
  return async () => {
    for (const name of ['project', 'home']) await rm(`${root}/${name}`, { recursive: true, force: true });
    await copy(`${kept}/project`, `${kept}/home`, '.');
  };
}
