import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project } from './data/commands.ts';
import { stopWhen } from './faults/stop.ts';
import { fsck } from './upkeep/project.ts';

/** The files in a folder of the cache; none where there is no folder. */
async function inCache(rig: Rig, folder: string): Promise<string[]> {
  return readdir(rig.path('.pipe/cache/v1', folder)).catch(() => []);
}

/** Many small files, each as large as a pack takes some hundred of. */
function manyFiles(folder: string, count: number): Record<string, string> {
  const entries = Array.from({ length: count }, (_, at) => [`${folder}/${at}`, `${at} `.repeat(6_000)] as const);
  return Object.fromEntries(entries);
}

test('what a process in another PID namespace is writing is left alone', async ({ rig }) => {
  await project(rig);
  await rig.write({ ...manyFiles('d', 1_500), w: 'w\n', ...manyFiles('e', 20) });
  const adding = rig.spawn(['add', 'd']);
  await stopWhen(adding, async () => (await inCache(rig, 'tmp')).some((name) => name.endsWith('.pack')));
  const apart = await rig.run('unshare', ['-p', '-f', '--mount-proc', 'pipe', 'add', 'w']);
  expect(apart, apart.stderr).toMatchObject({ code: 0 });
  await does(rig, 'add', 'e');
  adding.kill('SIGCONT');
  expect(await adding.done).toMatchObject({ code: 0, stderr: '' });
  expect(await fsck(rig)).toMatchObject({ ok: true });
  await rig.remove('d', 'e');
  await does(rig, 'checkout');
  expect(await rig.files('d')).toHaveLength(1_500);
});

test('whoever may not see the processes of others counts none of them as gone', async ({ rig }) => {
  await project(rig);
  await rig.write({ ...manyFiles('d', 1_500), ...manyFiles('e', 20) });
  for (const hidepid of ['1', '2']) {
    await rig.remove('.pipe/cache', 'd.pipe', 'e.pipe');
    await rig.run('chmod', ['-R', 'a+rwX', '.', '../home', '../tmp']);
    const adding = rig.spawn(['add', 'd']);
    await stopWhen(adding, async () => (await inCache(rig, 'tmp')).some((name) => name.endsWith('.pack')));
    await rig.run('chmod', ['-R', 'a+rwX', '.', '../home', '../tmp']);
    const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
    const asOther = `mount -t proc -o hidepid=${hidepid} proc /proc && ${nobody} pipe add e && ${nobody} pipe gc -w -f`;
    const other = await rig.run('unshare', ['-m', 'sh', '-c', asOther]);
    expect(other, other.stderr).toMatchObject({ code: 0 });
    expect(await inCache(rig, 'leases')).toHaveLength(1);
    adding.kill('SIGCONT');
    expect(await adding.done).toMatchObject({ code: 0, stderr: '' });
    expect(await fsck(rig)).toMatchObject({ ok: true });
  }
});
