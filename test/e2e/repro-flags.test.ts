import { readdir } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { outcomes, repro, setUp, states } from './repro/project.ts';

const copy = (from: string, to: string) => ({ cmd: `cp ${from} ${to}`, deps: [from], outs: [to] });

/** a → b → c, and d beside. */
const CHAIN = { a: copy('in', 'a.out'), b: copy('a.out', 'b.out'), c: copy('b.out', 'c.out'), d: copy('in', 'd.out') };

async function finishedChain(rig: Rig): Promise<void> {
  await setUp(rig, CHAIN, { in: '1' });
  await outcomes(rig);
}

describe('--force', () => {
  test('runs the targets and what they need although nothing changed, also with equal bytes', async ({ rig }) => {
    await finishedChain(rig);
    expect(await outcomes(rig, ['--force', 'b'])).toEqual({ a: 'ran', b: 'ran' });
    expect(await outcomes(rig, ['-f', '-s', 'b'])).toEqual({ b: 'ran' });
    expect(await outcomes(rig)).toEqual({ a: 'fresh', b: 'fresh', c: 'fresh', d: 'fresh' });
  });
});

describe('--single-item', () => {
  test('brings one stage up to date with what lies there', async ({ rig }) => {
    await finishedChain(rig);
    await rig.write({ in: '2' });
    expect(await outcomes(rig, ['-s', 'b'])).toEqual({ b: 'fresh' });
    expect(await outcomes(rig, ['-s', 'a'])).toEqual({ a: 'ran' });
    expect(await states(rig)).toMatchObject({ a: 'fresh', b: 'run' });
  });

  test('without what it needs is a problem that tells who makes it', async ({ rig }) => {
    await setUp(rig, CHAIN, { in: '1' });
    const { code, stderr } = await rig.pipe(['repro', '-s', 'b']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/PIPE_DEP_MISSING.*"b" needs a\.out/);
    expect(stderr).toMatch(/"a" makes it/);
    expect(stderr).not.toContain('no stage makes it');
  });
});

describe('--force-downstream', () => {
  test('runs everything behind a stage that ran, equal bytes or not, and nothing else', async ({ rig }) => {
    const upper = { cmd: 'head -c 1 in > a.out', deps: ['in'], outs: ['a.out'] };
    await setUp(rig, { ...CHAIN, a: upper }, { in: '1' });
    await outcomes(rig);
    await rig.write({ in: '1 and more' });
    expect(await outcomes(rig, ['a'])).toEqual({ a: 'ran' });
    await rig.write({ in: '1 and other' });
    expect(await outcomes(rig, ['--force-downstream'])).toEqual({ a: 'ran', b: 'ran', c: 'ran', d: 'ran' });
    expect(await outcomes(rig, ['--force-downstream'])).toEqual({ a: 'fresh', b: 'fresh', c: 'fresh', d: 'fresh' });
    await rig.remove('a.out');
    expect(await outcomes(rig, ['--force-downstream'])).toEqual({ a: 'restored', b: 'ran', c: 'ran', d: 'fresh' });
  });
});

describe('--downstream', () => {
  test('starts at the targets, whose deps are taken as they are', async ({ rig }) => {
    await finishedChain(rig);
    await rig.write({ in: '2', 'a.out': 'edited' });
    expect(await outcomes(rig, ['--downstream', 'b'])).toEqual({ b: 'ran', c: 'ran' });
    expect(await rig.read('c.out')).toBe('edited');
  });
});

describe('--dry', () => {
  test('says what then happens, and changes nothing', async ({ rig }) => {
    await finishedChain(rig);
    await rig.write({ in: '2' });
    await outcomes(rig);
    await rig.write({ in: '1' });
    await rig.remove('d.out');
    const before = await rig.files();
    const dry = await repro(rig, ['--dry']);
    expect(dry).toMatchObject({ code: 0, planned: { a: 'restore', b: 'restore', c: 'restore', d: 'restore' } });
    expect(dry.events.map(({ type }) => type)).toEqual(['plan']);
    expect(await rig.files()).toEqual(before);
    const run = await repro(rig);
    expect(run.planned).toEqual(dry.planned);
    expect(run.outcomes).toEqual({ a: 'restored', b: 'restored', c: 'restored', d: 'restored' });
  });

  test('tells what runs from what may run', async ({ rig }) => {
    await finishedChain(rig);
    await rig.write({ in: '3' });
    const { code, stdout, stderr } = await rig.pipe(['repro', '--dry']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchInlineSnapshot(`
      "will run  a  dep in changed
      may run   b  a runs first
      may run   c  b runs first
      will run  d  dep in changed

      2 will run, 2 may run.
      "
    `);
    expect(await rig.exists('c.out')).toBe(true);
    expect(await rig.read('c.out')).toBe('1');
  });

  test('shows what --force would do, and fails as the run would', async ({ rig }) => {
    await finishedChain(rig);
    expect(await repro(rig, ['--dry', '--force', '-s', 'b'])).toMatchObject({ planned: { b: 'run' } });
    await rig.remove('in');
    expect((await rig.pipe(['repro', '--dry'])).code).toBe(2);
    expect((await rig.pipe(['repro'])).code).toBe(2);
  });
});

describe('--no-commit', () => {
  test('runs and locks, but puts nothing into the store', async ({ rig }) => {
    await setUp(rig, CHAIN, { in: '1' });
    expect(await outcomes(rig, ['--no-commit'])).toEqual({ a: 'ran', b: 'ran', c: 'ran', d: 'ran' });
    expect(await rig.exists('.pipe/cache/v1/loose')).toBe(false);
    expect(await rig.exists('.pipe/cache/v1/runs')).toBe(false);
    expect(await outcomes(rig)).toEqual({ a: 'fresh', b: 'fresh', c: 'fresh', d: 'fresh' });
    await rig.remove('d.out');
    expect(await outcomes(rig)).toMatchObject({ d: 'ran' });
  });
});

describe('--no-run-cache', () => {
  test('runs what could be restored', async ({ rig }) => {
    await finishedChain(rig);
    await rig.remove('b.out');
    expect(await outcomes(rig, ['--no-run-cache'])).toEqual({ a: 'fresh', b: 'ran', c: 'fresh', d: 'fresh' });
  });
});

describe('--allow-missing', () => {
  test('takes files that are not there for what the lock says of them', async ({ rig }) => {
    await finishedChain(rig);
    await rig.remove('in', 'a.out', 'd.out', '.pipe/cache');
    expect((await rig.pipe(['repro'])).code).toBe(2);
    expect(await outcomes(rig, ['--allow-missing'])).toEqual({ a: 'fresh', b: 'fresh', c: 'fresh', d: 'fresh' });
    await rig.write({ 'pipeline.yaml': { stages: { ...CHAIN, c: { ...CHAIN.c, cmd: 'cat b.out > c.out' } } } });
    expect(await outcomes(rig, ['--allow-missing'])).toEqual({ a: 'fresh', b: 'fresh', c: 'ran', d: 'fresh' });
  });

  test('does not run a command without the files that it reads', async ({ rig }) => {
    await finishedChain(rig);
    await rig.remove('in', '.pipe/cache');
    await rig.write({ 'pipeline.yaml': { stages: { ...CHAIN, a: { ...CHAIN.a, cmd: 'cat in > a.out' } } } });
    const { code, stderr } = await rig.pipe(['repro', '--allow-missing', 'a']);
    expect({ code, stderr: /PIPE_DEP_MISSING.*"a" needs in/.test(stderr) }).toEqual({ code: 1, stderr: true });
    expect(await rig.read('a.out')).toBe('1');
  });
});

describe('--interactive', () => {
  test('asks before each stage that would run, and runs those for which the answer is yes', async ({ rig }) => {
    await finishedChain(rig);
    await rig.write({ in: '2' });
    const { code, stdout, stderr } = await rig.pipe(['repro', '-i'], { input: 'y\ny\nYES\ny\n' });
    expect({ code, asked: stderr.match(/\? \[y\/N\]/g)?.length }).toEqual({ code: 0, asked: 4 });
    expect(stdout).toMatch(/4 ran/);
  });

  test('does not ask about stages that turn out to need nothing, or that are restored', async ({ rig }) => {
    const first = { cmd: 'head -c 1 in > a.out', deps: ['in'], outs: ['a.out'] };
    await setUp(rig, { ...CHAIN, a: first }, { in: '1' });
    await outcomes(rig);
    await rig.remove('d.out');
    await rig.write({ in: '12' });
    await outcomes(rig, ['d']);
    await rig.write({ in: '13' });
    const { code, stderr } = await rig.pipe(['repro', '-i', 'c'], { input: 'y\n' });
    expect({ code, asked: stderr.match(/Run "\w"/g) }).toEqual({ code: 0, asked: ['Run "a"'] });
    await rig.write({ in: '1' });
    expect(await rig.pipe(['repro', '-i'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('a no stops the run: what ran before stays', async ({ rig }) => {
    await setUp(rig, CHAIN, { in: '1' });
    const { code, stdout, stderr } = await rig.pipe(['repro', '-i', 'c'], { input: 'y\nn\n' });
    expect({ code, asked: stderr.match(/Run "\w"/g) }).toEqual({ code: 1, asked: ['Run "a"', 'Run "b"'] });
    expect(stdout).toMatch(/2 cancelled/);
    expect(await rig.files()).toContain('a.out');
    expect(await rig.files()).not.toContain('b.out');
    expect(await states(rig)).toMatchObject({ a: 'fresh', b: 'run' });
  });

  test('the end of its input is a no', async ({ rig }) => {
    await setUp(rig, CHAIN, { in: '1' });
    const { code } = await rig.pipe(['repro', '-i', 'c'], { input: 'y\n' });
    expect(code).toBe(1);
    expect(await rig.files()).not.toContain('b.out');
  });
});

describe('--quiet', () => {
  test('prints problems only', async ({ rig }) => {
    await setUp(rig, { ...CHAIN, bad: { cmd: 'echo words; echo why >&2; exit 4' } }, { in: '1' });
    const { code, stdout, stderr } = await rig.pipe(['repro', '-q', '-k']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/PIPE_STAGE_FAILED.*exited with 4/);
    expect(await rig.pipe(['repro', '--quiet', 'c'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('exit codes', () => {
  test('0 when all is up to date, 1 when a stage failed, 2 when something must be changed first', async ({ rig }) => {
    await setUp(rig, { ok: copy('in', 'ok.out'), bad: { cmd: 'exit 7', deps: ['in'] } }, { in: '1' });
    expect((await rig.pipe(['repro', 'ok'])).code).toBe(0);
    expect((await rig.pipe(['repro', 'bad'])).code).toBe(1);
    await rig.remove('in');
    expect((await rig.pipe(['repro'])).code).toBe(2);
    await rig.write({ 'pipeline.yaml': 'stages: {ok: {cmd: }}\n' });
    expect((await rig.pipe(['repro'])).code).toBe(2);
  });

  test.for([
    [['repro', '--forse'], 'did you mean --force?'],
    [['repro', '--jobs'], '--jobs'],
    [['repro', '-j', '0'], '--jobs'],
    [['repro', '-j', 'two'], '--jobs'],
    [['repro', '--jobs=1.5'], '--jobs'],
    [['repor'], 'did you mean `pipe repro`?'],
    [['status', '--nothing'], '--help'],
    [['explain'], 'more arguments'],
    [['repro', '--cd', 'nowhere'], 'nowhere'],
  ] as const)('2 for a command line that is not understood: %j', async ([args, words], { rig }) => {
    await setUp(rig, CHAIN, { in: '1' });
    const { code, stdout, stderr } = await rig.pipe(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('PIPE_USAGE');
    expect(stderr).toContain(words);
  });

  test('2 outside a project, with a hint how to start one', async ({ rig }) => {
    const { code, stderr } = await rig.pipe(['repro']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/PIPE_NO_PROJECT[\s\S]*pipe init/);
    expect(await readdir(rig.project)).toEqual([]);
  });
});

test('a project without a pipeline file says how to begin', async ({ rig }) => {
  await rig.pipe(['init', '--no-scm']);
  const repro = await rig.pipe(['repro']);
  const status = await rig.pipe(['status']);
  expect([repro.code, status.code]).toEqual([0, 0]);
  expect(repro.stdout).toContain('pipe stage add');
  expect(status.stdout).toContain('pipe stage add');
});
