import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { outcomes, repro, setUp } from './repro/project.ts';

const copy = (from: string, to: string) => ({ cmd: `cp ${from} ${to}`, deps: [from], outs: [to] });

/** Two pipelines: a → b → c with d beside, and sub: x → y. Nothing connects them. */
async function twoPipelines(rig: Rig): Promise<void> {
  await setUp(
    rig,
    {
      a: copy('in', 'a.out'),
      b: copy('a.out', 'b.out'),
      c: copy('b.out', 'dir/c.out'),
      d: copy('in', 'd.out'),
      each: { foreach: ['1', '2'], do: copy('c0', 'each${item}') },
    },
    {
      in: '1',
      c0: '',
      'dir/keep': '',
      'sub/in': '1',
      'sub/pipeline.yaml': { stages: { x: copy('in', 'x.out'), y: copy('x.out', 'y.out') } },
      'sub/deep/pipeline.yaml': { stages: { z: copy('../in', 'z.out') } },
    },
  );
}

/** The stages that a run would look at. */
async function chosen(rig: Rig, args: readonly string[], cwd = '.'): Promise<string[]> {
  const run = await repro(rig, ['--dry', ...args], { cwd });
  expect(run.code).toBe(0);
  return Object.keys(run.planned).sort();
}

const [X, Y, Z] = ['sub/pipeline.yaml:x', 'sub/pipeline.yaml:y', 'sub/deep/pipeline.yaml:z'];
const ROOT = ['a', 'b', 'c', 'd', 'each@1', 'each@2'];

test('a target is a stage, a group, an instance, a file, a stage of a file or an out', async ({ rig }) => {
  await twoPipelines(rig);
  expect(await chosen(rig, [])).toEqual(ROOT);
  expect(await chosen(rig, ['b'])).toEqual(['a', 'b']);
  expect(await chosen(rig, ['each'])).toEqual(['each@1', 'each@2']);
  expect(await chosen(rig, ['each@2', 'a'])).toEqual(['a', 'each@2']);
  expect(await chosen(rig, ['pipeline.yaml'])).toEqual(ROOT);
  expect(await chosen(rig, ['sub/pipeline.yaml'])).toEqual([X, Y]);
  expect(await chosen(rig, ['sub/pipeline.yaml:y'])).toEqual([X, Y]);
  expect(await chosen(rig, ['./pipeline.yaml:b'])).toEqual(['a', 'b']);
  expect(await chosen(rig, ['dir/c.out'])).toEqual(['a', 'b', 'c']);
  expect(await chosen(rig, ['./sub/y.out'])).toEqual([X, Y]);
});

test('targets are seen from the folder that pipe runs in', async ({ rig }) => {
  await twoPipelines(rig);
  expect(await chosen(rig, [], 'sub')).toEqual([X, Y]);
  expect(await chosen(rig, ['x'], 'sub')).toEqual([X]);
  expect(await chosen(rig, ['y.out'], 'sub')).toEqual([X, Y]);
  expect(await chosen(rig, ['../pipeline.yaml:a'], 'sub')).toEqual(['a']);
  expect(await chosen(rig, [':x'], 'sub')).toEqual([X]);
  expect(await chosen(rig, ['--cd', 'sub', 'x'])).toEqual([X]);
  expect(await chosen(rig, [], 'dir')).toEqual(ROOT);
  expect((await rig.pipe(['--cd', 'sub', 'repro', 'y'])).code).toBe(0);
  expect(await rig.exists('sub/y.out')).toBe(true);
});

describe('flags choose more or fewer stages, as DVC’s do:', () => {
  test('-s takes the targets alone', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await chosen(rig, ['-s', 'a', 'd'])).toEqual(['a', 'd']);
    expect(await chosen(rig, ['--single-item', 'each'])).toEqual(['each@1', 'each@2']);
  });

  test('-p takes the whole pipelines that the targets belong to', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await chosen(rig, ['-p', 'b'])).toEqual(['a', 'b', 'c']);
    expect(await chosen(rig, ['--pipeline', 'sub/pipeline.yaml:x', 'd'])).toEqual(['d', X, Y].sort());
  });

  test('-P takes all pipelines of the project', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await chosen(rig, ['-P'])).toEqual([...ROOT, X, Y, Z].sort());
    expect(await chosen(rig, ['--all-pipelines'], 'sub')).toEqual([...ROOT, X, Y, Z].sort());
  });

  test('-R takes all pipelines below folders', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await chosen(rig, ['-R', 'sub'])).toEqual([X, Y, Z].sort());
    expect(await chosen(rig, ['--recursive', 'sub/deep', 'a'])).toEqual(['a', Z].sort());
    expect(await chosen(rig, ['-R', '.'], 'sub')).toEqual([X, Y, Z].sort());
  });

  test('--downstream takes the targets and what needs them', async ({ rig }) => {
    await twoPipelines(rig);
    await outcomes(rig);
    expect(await chosen(rig, ['--downstream', 'b'])).toEqual(['b', 'c']);
    expect(await chosen(rig, ['--downstream', 'a', 'd'])).toEqual(['a', 'b', 'c', 'd']);
  });

  test('--glob takes stages whose names match', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await chosen(rig, ['--glob', 'each*'])).toEqual(['each@1', 'each@2']);
    expect(await chosen(rig, ['--glob', '[ad]'])).toEqual(['a', 'd']);
    expect(await chosen(rig, ['--glob', 'sub/pipeline.yaml:*'])).toEqual([X, Y]);
  });
});

describe('a target that names nothing', () => {
  test('is a problem with the nearest name, and nothing runs', async ({ rig }) => {
    await twoPipelines(rig);
    const { code, stdout, stderr } = await rig.pipe(['repro', 'a', 'eahc', 'nothing.txt']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('PIPE_TARGET_UNKNOWN  "eahc"');
    expect(stderr).toContain('did you mean "each"?');
    expect(stderr).toContain('"nothing.txt"');
    expect(await rig.exists('a.out')).toBe(false);
  });

  test('is one with --glob and -R as well', async ({ rig }) => {
    await twoPipelines(rig);
    expect(await rig.pipe(['repro', '--glob', 'q*'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"q*"') as string,
    });
    expect(await rig.pipe(['repro', '-R', 'dir'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"dir"') as string,
    });
  });
});
