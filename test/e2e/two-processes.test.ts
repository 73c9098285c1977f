import { appendFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectAtRest, runOf, setUp } from './repro/project.ts';

const copy = (from: string, to: string) => ({ cmd: `cp ${from} ${to}`, deps: [from], outs: [to] });

describe('two runs at once', () => {
  test('of one target: the second waits, says for whom, and then finds it done', async ({ rig }) => {
    const command = await rig.command();
    await setUp(
      rig,
      { slow: { cmd: command.line, deps: ['in'], outs: ['slow.out'] }, use: copy('slow.out', 'used') },
      { in: '1' },
    );
    const first = rig.spawn(['repro', '--json']);
    const call = await command.next();
    const second = rig.spawn(['repro']);
    await second.printed(/slow: note: waiting for process/);
    expect(second.stdout).toMatch(new RegExp(`waiting for process ${first.pid} on `));
    await call.write({ 'slow.out': 'made once' });
    await call.exit();
    expect(runOf(await first.done)).toMatchObject({ code: 0 });
    const { code, stderr } = await second.done;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(command.calls).toHaveLength(1);
    expect(await rig.read('used')).toBe('made once');
    await expectAtRest(rig);
  });

  test('of different targets that need the same stage: it runs once, and both end right', async ({ rig }) => {
    const command = await rig.command();
    await setUp(
      rig,
      {
        shared: { cmd: command.line, deps: ['in'], outs: ['shared.out'] },
        left: copy('shared.out', 'left.out'),
        right: copy('shared.out', 'right.out'),
      },
      { in: '1' },
    );
    const left = rig.spawn(['repro', '--json', 'left']);
    const call = await command.next();
    const right = rig.spawn(['repro', '--json', 'right']);
    await right.printed(/waiting for process/);
    await call.write({ 'shared.out': '1' });
    await call.exit();
    expect(runOf(await left.done).outcomes).toEqual({ shared: 'ran', left: 'ran' });
    expect(runOf(await right.done).outcomes).toEqual({ shared: 'fresh', right: 'ran' });
    expect(command.calls).toHaveLength(1);
    await expectAtRest(rig);
  });

  test('of targets apart: neither waits for the other', async ({ rig }) => {
    const command = await rig.command();
    await setUp(
      rig,
      {
        a: { cmd: `${command.line} a`, deps: ['in'], outs: ['a.out'] },
        b: { cmd: `${command.line} b`, deps: ['in'], outs: ['b.out'] },
      },
      { in: '1' },
    );
    const a = rig.spawn(['repro', '--json', 'a']);
    const first = await command.next();
    const b = rig.spawn(['repro', '--json', 'b']);
    const second = await command.next();
    await second.write({ 'b.out': '1' });
    await second.exit();
    expect(runOf(await b.done)).toMatchObject({ code: 0, outcomes: { b: 'ran' } });
    await first.write({ 'a.out': '1' });
    await first.exit();
    expect(runOf(await a.done)).toMatchObject({ code: 0, outcomes: { a: 'ran' } });
    expect(`${a.stdout}${b.stdout}`).not.toContain('waiting');
    await expectAtRest(rig);
  });

  test('a stage that fails in the first is tried by the second', async ({ rig }) => {
    const command = await rig.command();
    await setUp(rig, { slow: { cmd: command.line, deps: ['in'], outs: ['out'] } }, { in: '1' });
    const first = rig.spawn(['repro', '--json']);
    const call = await command.next();
    const second = rig.spawn(['repro', '--json']);
    await second.printed(/waiting for process/);
    await call.write({ out: 'half' });
    await call.exit(3);
    const again = await command.next();
    await again.write({ out: 'whole' });
    await again.exit();
    expect(runOf(await first.done)).toMatchObject({ code: 1, outcomes: { slow: 'failed' } });
    expect(runOf(await second.done)).toMatchObject({ code: 0, outcomes: { slow: 'ran' } });
    expect(await rig.read('out')).toBe('whole');
    await expectAtRest(rig);
  });
});

/** Twelve stages in three layers; each leaves a line in a file outside the project when it starts. */
function layers(rig: Rig): Record<string, unknown> {
  const started = rig.path('../started');
  appendFileSync(started, '');
  const stages: Record<string, unknown> = {};
  for (let layer = 0; layer < 3; layer += 1) {
    for (let at = 0; at < 4; at += 1) {
      const [name, from] = [`s${layer}-${at}`, layer === 0 ? 'in' : `s${layer - 1}-${(at + layer) % 4}.out`];
      stages[name] = {
        cmd: `echo ${name} >> ${started}; mkdir ${name}.busy && cat ${from} > ${name}.out && echo ${name} >> ${name}.out && rmdir ${name}.busy`,
        deps: [from],
        outs: [`${name}.out`],
      };
    }
  }
  return stages;
}

test('four runs, a status and a log reader at once: every stage runs once, and all see the same', async ({ rig }) => {
  await setUp(rig, layers(rig), { in: '1\n' });
  const runs = [['repro'], ['repro', 's2-0'], ['repro', '-j', '1'], ['repro', 's1-2', 's1-3']].map((args) =>
    rig.pipe([...args, '--json']),
  );
  const readers = [['status'], ['logs', 's0-0'], ['repro', '--dry']].map((args) => rig.pipe(args));
  for (const run of await Promise.all(runs)) expect(runOf(run).code, run.stdout).toBe(0);
  for (const read of await Promise.all(readers)) expect(read).toMatchObject({ code: 0, stderr: '' });
  const started = (await rig.read('../started')).trim().split('\n').sort();
  expect(started).toEqual(Object.keys(layers(rig)).sort());
  expect(await rig.read('s2-3.out')).toBe('1\ns0-2\ns1-1\ns2-3\n');
  await expectAtRest(rig);
});

test('runs in two folders of one project, each with a pipeline file, do not mix up their locks', async ({ rig }) => {
  await setUp(
    rig,
    { root: copy('in', 'root.out') },
    {
      in: '1',
      'a/pipeline.yaml': { stages: { x: copy('../in', 'x.out') } },
      'b/pipeline.yaml': { stages: { x: copy('../in', 'x.out'), y: copy('../a/x.out', 'y.out') } },
    },
  );
  const runs = ['a', 'b', '.'].map((cwd) => rig.pipe(['repro', '--json'], { cwd }));
  for (const run of await Promise.all(runs)) expect(runOf(run).code, run.stdout).toBe(0);
  expect(await rig.read('b/y.out')).toBe('1');
  await expectAtRest(rig);
});
