import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, pointer, project } from './data/commands.ts';
import { isTemporary } from './faults/contents.ts';
import { writeHeap } from './faults/heap-work.ts';
import { stopWhen } from './faults/stop.ts';
import { flip, fsck } from './upkeep/project.ts';

/** What a plain comparison of the folder with a plain copy says. */
async function differences(rig: Rig): Promise<string[]> {
  const { stdout } = await rig.run('diff', ['-rq', '../plain/heap', 'heap']);
  return stdout.split('\n').filter((line) => line !== '');
}

async function keepPlainCopy(rig: Rig): Promise<void> {
  await rig.run('sh', ['-c', 'rm -rf ../plain; mkdir ../plain; cp -a heap ../plain']);
}

/** Names of copies of files that are on their way into the store: those that helper threads make have two numbers. */
const COPY = availableParallelism() > 1 ? /x\d+x\d+$/ : /x\d+$/;

test('files of 70 KB that helper threads store: one that changes meanwhile is told, or is what it was or has become', async ({
  rig,
}) => {
  await project(rig);
  await writeHeap(rig, { small: 2_000 });
  const changed = ['heap/2-medium/0', 'heap/2-medium/500', 'heap/2-medium/999'];
  const olds = await Promise.all(changed.map((path) => rig.read(path)));
  const adding = rig.spawn(['add', 'heap']);
  await stopWhen(adding, async () => {
    const names = await readdir(rig.path('.pipe/cache/v1/tmp')).catch(() => []);
    return names.some((name) => COPY.test(name));
  });
  for (const [at, path] of changed.entries()) {
    await rig.remove(path);
    await rig.write({ [path]: (olds[at] ?? '').toUpperCase() });
  }
  adding.kill('SIGCONT');
  const run = await adding.done;
  if (run.code !== 0) expect(run.stderr).toMatch(/^PIPE_FILE_CHANGED {2}heap\/2-medium\/\d+ changed /);
  expect([0, 2]).toContain(run.code);
  await keepPlainCopy(rig);
  if (run.code === 0) {
    const told = await rig.read('heap.pipe');
    await does(rig, 'add', 'heap');
    const now = await rig.read('heap.pipe');
    await rig.write({ 'heap.pipe': told });
    await does(rig, 'checkout');
    for (const [at, path] of changed.entries()) {
      expect([olds[at], (olds[at] ?? '').toUpperCase()]).toContain(await rig.read(path));
    }
    const others = (await differences(rig)).filter((line) => !changed.some((path) => line.includes(` ${path} differ`)));
    expect(others).toEqual([]);
    await rig.write({ 'heap.pipe': now });
  } else await does(rig, 'add', 'heap');
  await rig.remove('heap');
  await does(rig, 'checkout');
  expect(await differences(rig)).toEqual([]);
  expect(await fsck(rig)).toMatchObject({ ok: true, leftovers: [] });
});

test('files of 70 KB that helper threads check out: those whose objects are damaged are named, the others come', async ({
  rig,
}) => {
  await project(rig);
  await writeHeap(rig, { small: 2_000 });
  await does(rig, 'add', 'heap');
  await keepPlainCopy(rig);
  const paths = ['heap/2-medium/1', 'heap/2-medium/998'];
  for (const [at, path] of paths.entries()) {
    await rig.run('cp', [path, `alone${String(at)}`]);
    await does(rig, 'add', `alone${String(at)}`);
    const hex = (await pointer(rig, `alone${String(at)}.pipe`)).digest.slice(3);
    const object = rig.path('.pipe/cache/v1/loose', hex.slice(0, 2), hex.slice(2));
    await rig.run('touch', ['-r', object, '../times']);
    await flip(object, 40_000);
    // One still looks as if nobody had written to it.
    if (at === 0) await rig.run('touch', ['-r', '../times', object]);
    await rig.remove(`alone${String(at)}.pipe`, `alone${String(at)}`);
  }
  await rig.remove('heap');
  const run = await rig.pipe(['checkout', '--json']);
  expect(run, run.stderr).toMatchObject({ code: 1, stderr: '' });
  const [checkedOut] = run.json<{ paths: { state: string; missing: string[] }[] }>().paths;
  expect(checkedOut).toMatchObject({ state: 'missing', missing: paths });
  expect(await differences(rig)).toEqual(['Only in ../plain/heap/2-medium: 1', 'Only in ../plain/heap/2-medium: 998']);
  expect((await rig.files()).filter(isTemporary)).toEqual([]);
  // What never came is not taken for removed, and comes when it is there again.
  const recorded = await rig.read('heap.pipe');
  await does(rig, 'add', 'heap');
  expect(await rig.read('heap.pipe')).toBe(recorded);
  await rig.run('cp', ['-a', '../plain/heap/2-medium/1', '../plain/heap/2-medium/998', 'heap/2-medium']);
  await does(rig, 'add', 'heap');
  expect(await rig.read('heap.pipe')).toBe(recorded);
  await rig.remove('heap');
  await does(rig, 'checkout');
  expect(await differences(rig)).toEqual([]);
});
