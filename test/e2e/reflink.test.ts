import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project } from './data/commands.ts';
import { withSharingDisk } from './faults/disk.ts';
import { fsck } from './upkeep/project.ts';

/** Of some files, those whose blocks are those of other files, too. */
async function sharing(rig: Rig, ...names: string[]): Promise<string[]> {
  await rig.run('sync', ['-f', '.']);
  const shared: string[] = [];
  for (const name of names) {
    const run = await rig.run('filefrag', ['-v', name]);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    if (run.stdout.includes('shared')) shared.push(name);
  }
  return shared;
}

test('on a disk that can, files share their blocks with the cache, and to edit one in place changes no object', async ({
  rig,
}) => {
  const isDone = await withSharingDisk(rig, '.', async () => {
    await project(rig);
    const [one, two, inside] = ['1'.repeat(200_000), '2'.repeat(10 << 20), 'i'.repeat(100_000)];
    const names = ['one', 'two', 'data/inside'];
    await rig.write({ one, two, 'data/inside': inside, 'data/small': 'small' });
    await does(rig, 'add', 'one', 'two', 'data');
    expect(await sharing(rig, ...names)).toEqual(names);
    await rig.remove(...names);
    await does(rig, 'checkout');
    expect(await sharing(rig, ...names)).toEqual(names);
    for (const [name, text] of [
      ['one', one],
      ['two', two],
      ['data/inside', inside],
    ] as const) {
      // prettier-ignore
      expect(await rig.read(name)).toBe(text);
      const bytes = await readFile(rig.path(name));
      await writeFile(rig.path(name), bytes.fill('x', 0, 5_000), { flag: 'r+' });
    }
    expect(await fsck(rig)).toMatchObject({ ok: true });
    expect((await rig.pipe(['status'])).stdout).toContain('one');
    await does(rig, 'checkout', '-f');
    expect([await rig.read('one'), await rig.read('two')]).toEqual([one, two]);
    expect(await sharing(rig, ...names)).toEqual(names);
    await rig.pipe(['config', 'cache.type', 'reflink,copy']);
    await does(rig, 'checkout', '--relink');
    expect(await sharing(rig, ...names)).toEqual(names);
    expect(await rig.files()).toEqual(expect.arrayContaining([...names, 'data/small']));
  });
  if (!isDone) expect(await readFile('/proc/filesystems', 'utf8')).not.toContain('btrfs');
});
