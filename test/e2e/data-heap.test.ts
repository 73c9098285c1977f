import { chmod, lstat, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project } from './data/commands.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';

const FOLDERS = 18;
const FILES = 1_000;

/** So many files that helper threads read them, look at them again, and write them. */
async function makeHeap(rig: Rig): Promise<void> {
  const program = `
import os
for folder in range(${String(FOLDERS)}):
    os.makedirs(f"data/{folder:02}/deep")
    for at in range(${String(FILES)}):
        with open(f"data/{folder:02}/{'deep/' if at % 5 == 0 else ''}{at:04}", "w") as file:
            file.write(f"{folder} {at}\\n")
`;
  expect(await rig.run('python3', ['-c', program])).toMatchObject({ code: 0 });
}

function nameOf(number: number): string {
  const [folder, at] = [Math.floor(number / FILES), number % FILES];
  return `data/${String(folder).padStart(2, '0')}/${at % 5 === 0 ? 'deep/' : ''}${String(at).padStart(4, '0')}`;
}

/** What the pointer says of the folder when nothing is remembered of it. */
async function freshEntry(rig: Rig): Promise<string> {
  await rig.run('cp', ['-a', 'data', '../fresh-data']);
  const fresh = { cwd: '../fresh' };
  await rig.run('sh', ['-c', 'rm -rf ../fresh; mkdir ../fresh; mv ../fresh-data ../fresh/data']);
  await rig.run('git', ['init', '-q'], fresh);
  for (const args of [['init'], ['add', 'data']]) expect(await rig.pipe(args, fresh)).toMatchObject({ code: 0 });
  return rig.read('../fresh/data.pipe');
}

test(`changes among thousands of files are found, whoever looks at them, seed ${FAULT_SEED}`, async ({ rig }) => {
  const random = seededRandom(FAULT_SEED);
  await project(rig);
  await makeHeap(rig);
  await does(rig, 'add', 'data');
  await does(rig, 'add', 'data');
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
  for (let round = 0; round < 2; round += 1) {
    for (let change = 0; change < 12; change += 1) {
      const path = rig.path(nameOf(random.next(FOLDERS * FILES)));
      const stat = await lstat(path).catch(() => undefined);
      if (stat?.isFile() !== true) continue;
      const kind = random.next(5);
      if (kind === 0) {
        // As long as it was, and as old: only ctime tells.
        await writeFile(path, (await readFile(path)).map((byte) => byte ^ 1)); // prettier-ignore
        await utimes(path, stat.atime, stat.mtime);
      } else if (kind === 1) await writeFile(path, `longer than before ${String(change)}`);
      else if (kind === 2) await chmod(path, stat.mode ^ 0o111);
      else {
        await rig.run('rm', [path]);
        if (kind === 3) await symlink('nowhere', path);
      }
    }
    const before = await rig.read('data.pipe');
    expect((await rig.pipe(['status'])).stdout, `round ${String(round)}`).toContain('data');
    await does(rig, 'add', 'data');
    const after = await rig.read('data.pipe');
    expect(after).not.toBe(before);
    expect(after, `round ${String(round)}`).toBe(await freshEntry(rig));
  }
  await rig.run('rm', ['-rf', 'data']);
  await does(rig, 'checkout');
  expect(await rig.read('data.pipe')).toBe(await freshEntry(rig));
  expect((await rig.pipe(['status'])).stdout).toContain('Everything is up to date');
});
