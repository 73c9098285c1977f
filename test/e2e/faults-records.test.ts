import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems, outcomes, reproduce, setUp } from './faults/problem.ts';

const REPRO = ['repro', '--json'];
const STAGES = {
  one: { cmd: 'cp d a', deps: ['d'], outs: ['a'] },
  two: { cmd: 'mkdir b; cp a b/c', deps: ['a'], outs: ['b'] },
};

/** A project with two stages that have run. */
async function finished(rig: Rig): Promise<void> {
  await setUp(rig, STAGES, { d: 'one\n' });
  expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
}

/** What `pipe` keeps in the user's cache folder for the project. */
async function indexFile(rig: Rig, name: string): Promise<string> {
  const [folder = ''] = await readdir(join(rig.env['XDG_CACHE_HOME']!, 'pipe/index'));
  return join(rig.env['XDG_CACHE_HOME']!, 'pipe/index', folder, name);
}

test.for([
  ['is cut off', (lock: string) => lock.slice(0, lock.length / 2)],
  ['is empty', () => ''],
  ['holds the marks of a merge', (lock: string) => `<<<<<<< HEAD\n${lock}=======\n${lock}>>>>>>> side\n`],
  ['is of a later version', (lock: string) => lock.replace('pipe.lock/1', 'pipe.lock/2')],
  ['is no JSON', () => 'schema: pipe.lock/1\nstages: {}\n'],
  ['nests without end', () => '['.repeat(100_000)],
  ['holds the same stage twice', (lock: string) => lock.replace('"two"', '"one"')],
] as const)(
  'a lock that %s is one problem that says what to do, and it is not touched',
  async ([, damage], { rig }) => {
    await finished(rig);
    const lock = damage(await rig.read('pipeline.lock'));
    await rig.write({ 'pipeline.lock': lock, d: 'two\n' });
    for (const args of [['repro'], ['status']]) {
      const run = await rig.pipe(args);
      expectProblems(run, 'PIPE_LOCK_FORMAT');
      expect(run.stderr).toMatch(/^pipeline\.lock/);
      expect(run.stderr).toContain('hint: ');
    }
    expect(await rig.read('pipeline.lock')).toBe(lock);
    expect(await rig.read('a')).toBe('one\n');
    await rig.remove('pipeline.lock');
    expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
  },
);

test('a lock that asks for other paths, or names outs of strangers, brings nothing into the workspace', async ({
  rig,
}) => {
  await finished(rig);
  const lock = await rig.read('pipeline.lock');
  for (const path of ['../evil', '/tmp/evil', '.git/hooks/post-checkout', '.pipe/config.yaml', 'd']) {
    await rig.write({ 'pipeline.lock': lock.replace('"path":"b"', `"path":${JSON.stringify(path)}`) });
    await rig.remove('b');
    expect(await reproduce(rig), path).toEqual({ one: 'fresh', two: 'restored' });
    expect(await rig.exists('../evil')).toBe(false);
    expect(await rig.read('d')).toBe('one\n');
    expect(await rig.read('pipeline.lock')).toBe(lock);
  }
});

test('a lock with digests of nothing makes stages run or be restored, never fresh', async ({ rig }) => {
  await finished(rig);
  const lock = await rig.read('pipeline.lock');
  await rig.write({ 'pipeline.lock': lock.replace(/b3:[0-9a-f]{64}/g, `b3:${'0'.repeat(64)}`) });
  await rig.remove('a');
  expect(await reproduce(rig)).toEqual({ one: 'restored', two: 'restored' });
  expect(await rig.read('pipeline.lock')).toBe(lock);
});

/** Stops a run when the first stage has finished and the second runs, so that its journal is left behind. */
async function killAfterFirst(rig: Rig): Promise<string> {
  const command = await rig.command();
  await rig.write({
    'pipeline.yaml': { stages: { ...STAGES, two: { ...STAGES.two, cmd: command.line } } },
    d: 'two\n',
  });
  const running = rig.spawn(REPRO);
  await command.next();
  running.kill('SIGKILL');
  await running.done;
  const [journal = ''] = await readdir(rig.path('.pipe/tmp/journal'));
  await rig.write({ 'pipeline.yaml': { stages: STAGES } });
  return rig.path('.pipe/tmp/journal', journal);
}

test('the torn end of a journal is ignored, and what stands before it counts', async ({ rig }) => {
  await finished(rig);
  const journal = await killAfterFirst(rig);
  const text = await readFile(journal, 'utf8');
  for (const torn of [text.slice(0, -20), `${text}0123`, `${text}${'0'.repeat(16)} {"time":1}\n`, `${text}\0\0\0\0`]) {
    await writeFile(journal, torn);
    const { stages } = (await rig.pipe(['status', '--json'])).json<{ stages: { stage: string; state: string }[] }>();
    expect(stages[0], torn).toEqual(
      expect.objectContaining({ stage: 'one', state: torn.length < text.length ? 'restore' : 'fresh' }),
    );
  }
  expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'ran' });
  expect(await readdir(rig.path('.pipe/tmp/journal'))).toEqual([]);
});

test('what a killed run had finished of a new stage does not enter the lock of a branch without that stage', async ({
  rig,
}) => {
  await finished(rig);
  await rig.git('add', '.');
  await rig.git('commit', '-m', 'main');
  await rig.git('checkout', '-b', 'side');
  const command = await rig.command();
  const extra = { cmd: 'cp d e', deps: ['d'], outs: ['e'] };
  const stages = { ...STAGES, extra };
  await rig.write({ 'pipeline.yaml': { stages: { ...stages, wait: { cmd: command.line, deps: ['e'] } } } });
  const running = rig.spawn(REPRO);
  await command.next();
  running.kill('SIGKILL');
  await running.done;
  await rig.git('stash');
  await rig.git('checkout', 'main');
  const lock = await rig.read('pipeline.lock');
  expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'fresh' });
  expect(await rig.read('pipeline.lock')).toBe(lock);
  await rig.git('checkout', 'side');
  await rig.write({ 'pipeline.yaml': { stages } });
  await rig.remove('e');
  expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'fresh', extra: 'restored' });
});

test('foreign and damaged files among claims and journals stop nobody', async ({ rig }) => {
  await finished(rig);
  const gone = `${hostname()}+0000-boot+1+1+abcd`;
  await rig.write({
    '.pipe/tmp/claims/README.json': 'hello',
    '.pipe/tmp/claims/folder.json/x': '',
    [`.pipe/tmp/claims/${gone}.json`]: '{"claims": [{"stage": "one", "reads": [], "wri',
    [`.pipe/tmp/claims/${gone}0.json`]: '[[[[',
    [`.pipe/tmp/claims/${gone}1.tmp`]: '',
    [`.pipe/tmp/claims/${gone}2.json`]: {
      groups: [0, 1, -1, 'x'],
      claims: [{ stage: 'one', reads: ['d'], writes: ['a', '../x'] }],
    },
    '.pipe/tmp/journal/README.log': 'hello',
    '.pipe/tmp/journal/folder.log/x': '',
    [`.pipe/tmp/journal/${gone}.log`]: 'pipe.journal/9\n',
    d: 'two\n',
  });
  expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
  expect(await readdir(rig.path('.pipe/tmp/claims'))).toEqual(['README.json', 'folder.json']);
  expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'fresh' });
});

test('a damaged index, pipeline cache, history or log only costs time', async ({ rig }) => {
  await finished(rig);
  const files = [
    await indexFile(rig, 'files.idx'),
    await indexFile(rig, 'pipelines.v8'),
    rig.path('.pipe/tmp/history.json'),
  ];
  const whole = await Promise.all(files.map(async (file) => readFile(file)));
  for (const damage of [
    (bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
    (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at % 97 === 50 ? byte ^ 255 : byte))),
    () => Buffer.alloc(0),
    () => Buffer.from('{"schema":"pipe.index/1","__proto__":{"x":1}}\n[null]\n["d"]\n'),
    () => Buffer.alloc(4096),
  ]) {
    for (const [at, file] of files.entries()) await writeFile(file, damage(whole[at]!));
    expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'fresh' });
  }
  for (const file of files) {
    await rig.remove(file);
    await rig.write({ [join(file, 'x')]: '' });
  }
  const run = await rig.pipe(REPRO);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(outcomes(run)).toEqual({ one: 'fresh', two: 'fresh' });
});

test('an index of another clone at the same place, or one that lies, is found out where stat values differ', async ({
  rig,
}) => {
  await finished(rig);
  const file = await indexFile(rig, 'files.idx');
  const index = await readFile(file);
  await rig.write({ d: 'two\n' });
  await writeFile(file, index);
  expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
});

test('a clock that went backwards makes nothing fresh that is not', async ({ rig }) => {
  await finished(rig);
  const future = new Date(Date.now() + 86_400_000);
  await rig.run('touch', ['-d', future.toISOString(), 'd', 'a', 'b/c', 'pipeline.lock', 'pipeline.yaml']);
  expect(await reproduce(rig)).toEqual({ one: 'fresh', two: 'fresh' });
  await rig.write({ d: 'two\n' });
  expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
  expect(await rig.read('b/c')).toBe('two\n');
});

test('a lock that is a symbolic link out of the project is not written through', async ({ rig }) => {
  await finished(rig);
  const lock = await rig.read('pipeline.lock');
  await rig.write({ '../outside.lock': lock, d: 'two\n' });
  await rig.remove('pipeline.lock');
  await symlink('../outside.lock', rig.path('pipeline.lock'));
  expect(await reproduce(rig)).toEqual({ one: 'ran', two: 'ran' });
  expect(await rig.read('../outside.lock')).toBe(lock);
  expect((await stat(rig.path('pipeline.lock'))).size).toBeGreaterThan(0);
});
