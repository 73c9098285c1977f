import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { outcomes, repro, setUp, states } from './repro/project.ts';

const copy = (from: string, to: string) => ({ cmd: `cp ${from} ${to}`, deps: [from], outs: [to] });
const CHAIN = { a: copy('in', 'a.out'), b: copy('a.out', 'b.out'), d: copy('side', 'd.out') };

async function finished(rig: Rig): Promise<void> {
  await setUp(rig, CHAIN, { in: '1', side: '1' });
  await outcomes(rig);
}

test('nothing changed: one sentence, exit code 0, also with --quiet', async ({ rig }) => {
  await finished(rig);
  expect(await rig.pipe(['status'])).toMatchObject({
    code: 0,
    stdout: 'Everything is up to date: 3 stages.\n',
    stderr: '',
  });
  expect(await rig.pipe(['status', '-q'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test('each changed stage with what will happen and why, in the words of repro --dry', async ({ rig }) => {
  await finished(rig);
  await rig.write({ in: '2' });
  await rig.remove('d.out');
  const { code, stdout } = await rig.pipe(['status']);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "a: will run
      dep in changed
    b: may run
      a runs first
    d: will be restored
      out d.out is missing
    "
  `);
  expect(await states(rig)).toEqual((await repro(rig, ['--dry'])).planned);
});

test('--quiet exits with 1 when anything changed, and prints nothing', async ({ rig }) => {
  await finished(rig);
  await rig.write({ side: '2' });
  expect(await rig.pipe(['status', '--quiet'])).toMatchObject({ code: 1, stdout: '', stderr: '' });
  expect(await rig.pipe(['status', '-q', 'a'])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['status', '-q', 'd'])).toMatchObject({ code: 1 });
});

test('targets alone are looked at; what they need with --with-deps; all stages without targets', async ({ rig }) => {
  await setUp(rig, CHAIN, {
    in: '1',
    side: '1',
    'sub/pipeline.yaml': { stages: { x: copy('../in', 'x.out') } },
  });
  expect(Object.keys(await states(rig)).sort()).toEqual(['a', 'b', 'd', 'sub/pipeline.yaml:x']);
  expect(Object.keys(await states(rig, ['b']))).toEqual(['b']);
  expect(Object.keys(await states(rig, ['-d', 'b'])).sort()).toEqual(['a', 'b']);
  expect(Object.keys(await states(rig, ['--downstream', 'a'])).sort()).toEqual(['a', 'b']);
  expect(Object.keys(await states(rig, ['sub/pipeline.yaml']))).toEqual(['sub/pipeline.yaml:x']);
});

test('its JSON follows the schema in every state', async ({ rig }) => {
  const stages = {
    ...CHAIN,
    frozen: { ...copy('in', 'f.out'), frozen: true },
    off: { cmd: 'true', when: 'env.NEVER == 1' },
    always: { cmd: 'true' },
    tuned: { cmd: 'true', params: ['n', 'map'], env: ['LEVEL'] },
  };
  await setUp(rig, stages, { in: '1', side: '1', 'params.yaml': 'n: 1\nmap: {a: 1, b: [1, 2]}\n' });
  const first = (await rig.pipe(['status', '--json'])).json();
  expectValid(first);
  expect(first).toMatchObject({ schema: 'pipe.status/1', upToDate: false });
  await outcomes(rig);
  await rig.write({ in: '2', 'params.yaml': 'n: .nan\nmap: {a: 2}\n' });
  await rig.remove('d.out');
  const second = (await rig.pipe(['status', '--json'], { env: { LEVEL: 'high' } })).json<{
    stages: { stage: string; state: string; reasons: { text: string }[] }[];
  }>();
  expectValid(second);
  expect(Object.fromEntries(second.stages.map(({ stage, state }) => [stage, state]))).toEqual({
    a: 'run',
    b: 'may-run',
    d: 'restore',
    frozen: 'frozen',
    off: 'skip',
    always: 'run',
    tuned: 'run',
  });
  expect(second.stages.find(({ stage }) => stage === 'tuned')?.reasons.map(({ text }) => text)).toEqual([
    'params.yaml: n 1 → .nan',
    'params.yaml: map.a 1 → 2',
    'params.yaml: map.b [1,2] → (absent)',
    'environment variable LEVEL changed',
  ]);
});

test('it changes nothing in the project, and neither locks nor waits', async ({ rig }) => {
  const command = await rig.command();
  await setUp(
    rig,
    { slow: { cmd: command.line, deps: ['in'], outs: ['slow.out'] }, b: copy('slow.out', 'b.out') },
    { in: '1' },
  );
  const running = rig.spawn(['repro']);
  const call = await command.next();
  const before = await readdir(rig.path('.pipe'), { recursive: true });
  expect(await states(rig)).toEqual({ slow: 'run', b: 'may-run' });
  for (const args of [
    ['explain', 'slow'],
    ['logs', 'slow'],
    ['repro', '--dry'],
  ])
    expect((await rig.pipe(args)).code).toBe(0);
  expect(await readdir(rig.path('.pipe'), { recursive: true })).toEqual(before);
  await call.write({ 'slow.out': '1' });
  await call.exit();
  expect((await running.done).code).toBe(0);
  expect(await states(rig)).toEqual({ slow: 'fresh', b: 'fresh' });
});

test('what a run has finished counts as soon as it has', async ({ rig }) => {
  const command = await rig.command();
  await setUp(rig, { a: copy('in', 'a.out'), slow: { cmd: command.line, deps: ['a.out'] } }, { in: '1' });
  const running = rig.spawn(['repro']);
  const call = await command.next();
  expect(await rig.exists('pipeline.lock')).toBe(false);
  expect(await states(rig)).toEqual({ a: 'fresh', slow: 'run' });
  await call.exit();
  await running.done;
});

test('a missing dep is shown, and no problem yet', async ({ rig }) => {
  await finished(rig);
  await rig.remove('in');
  const { code, stdout, stderr } = await rig.pipe(['status']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('dep in is missing');
});

test('stages that are frozen or skipped are counted apart, and names cannot disturb a terminal', async ({ rig }) => {
  const stages = {
    ...CHAIN,
    frozen: { ...copy('in', 'f.out'), frozen: true },
    off: { cmd: 'true', when: 'env.NEVER == 1' },
    odd: { cmd: 'true', deps: ['data/a\nb\u001bc'] },
  };
  await setUp(rig, stages, { in: '1', side: '1', 'data/a\nb\u001bc': '' });
  await outcomes(rig);
  expect((await rig.pipe(['status'])).stdout).toBe('Everything is up to date: 6 stages (1 frozen, 1 skipped).\n');
  await rig.write({ 'data/a\nb\u001bc': 'x' });
  const { stdout } = await rig.pipe(['status']);
  expect(stdout).toMatch(/^odd: will run\n {2}dep \S+ changed\n3 up to date, 1 frozen, 1 skipped\.\n$/);
  expect(stdout).not.toContain('\x1b');
});
