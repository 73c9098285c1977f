import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { LayeredProject } from './faults/layers.ts';

test('probe', async ({ rig }) => {
  const project = await LayeredProject.create(rig);
  for (let i = 0; i < 4; i++) {
    const settings = { left: i, right: i % 3 };
    await project.set(settings);
    const t = performance.now();
    const r = rig.spawn(['repro', '-j', '4', '--json'], { env: project.env });
    const done = await r.done;
    console.log(performance.now() - t, done.code, done.stdout.split('\n').length, done.stderr, (await project.started()).join());
    if (i===0) console.log(done.stdout);
    expect(await project.wrongOuts(settings)).toEqual([]);
    expect(await project.leftovers()).toEqual([]);
  }
  const t = performance.now();
  const s = await rig.pipe(['status'], { env: project.env });
  console.log('status', performance.now() - t, s.stdout);
});
