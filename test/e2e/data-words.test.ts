import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

async function project(rig: Rig): Promise<void> {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.write({ 'data/a': 'a\n', 'sub/x': 'x\n', 'sub/y': 'y\n' });
  expect(await rig.pipe(['add', 'data', 'sub/x'])).toMatchObject({ code: 0 });
  await rig.pipe(['stage', 'add', '-n', 't', '-M', 'm.json', '-o', 'o', 'echo 1 > m.json; echo 1 > o']);
  expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
}

/** What a command that fails says. */
async function complaint(rig: Rig, ...args: string[]): Promise<string> {
  const { code, stderr } = await rig.pipe(args);
  expect(code).toBe(2);
  return stderr;
}

describe('hints lead somewhere', () => {
  test('for paths that were never there, that Git keeps, and that hold pointers', async ({ rig }) => {
    await project(rig);
    expect(await complaint(rig, 'add', 'data/nope')).toContain('check the spelling');
    await rig.remove('data/a');
    expect(await complaint(rig, 'add', 'data/a')).toContain('bring it back with `pipe checkout data/a`');
    for (const command of ['checkout', 'push']) {
      expect(await complaint(rig, command, 'm.json')).toMatch(/Git keeps.*\n.*git checkout -- m\.json/);
    }
    const whole = await complaint(rig, 'add', 'sub');
    expect(whole).toContain('sub/x.pipe tracks sub/x inside it');
    expect(whole).not.toContain('sub.pipe');
  });

  test('for names of other tools', async ({ rig }) => {
    for (const [word, meant] of [
      ['ls', 'pipe list'],
      ['mv', 'pipe move'],
      ['rm', 'pipe remove'],
      ['destroy', '.pipe'],
    ] as const) {
      // prettier-ignore
      expect(await complaint(rig, word)).toContain(meant);
    }
    expect(await complaint(rig, 'exp')).not.toContain('explain');
    expect((await rig.pipe(['completion', 'bash'])).stdout).toBe((await rig.pipe(['completion', '-s', 'bash'])).stdout);
    expect((await rig.pipe(['completion', 'bash'])).code).toBe(0);
    await complaint(rig, 'completion', 'tcsh');
  });
});

test('a folder stands for what is tracked below it', async ({ rig }) => {
  await project(rig);
  await rig.pipe(['remote', 'add', '-d', 'far', '../far']);
  for (const folder of ['.', 'sub']) {
    await rig.remove('sub/x');
    const status = await rig.pipe(['status', folder]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('sub/x is not on disk') });
    expect(status.stdout.includes('1 stage')).toBe(folder === '.');
    expect(await rig.pipe(['push', folder])).toMatchObject({ code: 0 });
    expect((await rig.pipe(['checkout', folder])).stdout).toContain('A  sub/x');
    expect(await rig.pipe(['data', 'status', folder])).toMatchObject({ code: 0 });
  }
});

describe('a commit', () => {
  test('says what it stored, though it was recorded already', async ({ rig }) => {
    await project(rig);
    await rig.write({ 'new.csv': 'new\n' });
    await rig.pipe(['add', '--no-commit', 'new.csv']);
    expect((await rig.pipe(['commit'])).stdout).toContain('new.csv (stored; it was recorded already)');
    expect((await rig.pipe(['commit'])).stdout).toContain('Everything was recorded already: 4 paths.');
    expect(await rig.pipe(['fsck'])).toMatchObject({ code: 0 });
  });

  test('leaves an import alone that was changed, says so, and records the rest', async ({ rig }) => {
    await project(rig);
    await rig.write({ '../from.csv': 'from\n' });
    expect(await rig.pipe(['import-url', rig.path('../from.csv'), 'got.csv'])).toMatchObject({ code: 0 });
    expect(await rig.pipe(['commit'])).toMatchObject({ code: 0 });
    await rig.remove('got.csv');
    await rig.write({ 'got.csv': 'mine\n', 'own.csv': 'own\n' });
    expect(await rig.pipe(['add', '-q', '--no-commit', 'own.csv'])).toMatchObject({ code: 0 });
    const pointer = await rig.read('got.csv.pipe');
    const run = await rig.pipe(['commit']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('got.csv is imported, and changed here: left alone (`pipe checkout --force got.csv` takes the change back)'); // prettier-ignore
    expect(run.stdout).toContain('own.csv (stored; it was recorded already)');
    const told = await rig.pipe(['commit', '--json']);
    expect(told.json<{ committed: unknown }>().committed).toContainEqual(expect.objectContaining({ path: 'got.csv', state: 'imported' })); // prettier-ignore
    expect([await rig.read('got.csv'), await rig.read('got.csv.pipe')]).toEqual(['mine\n', pointer]);
    const named = await complaint(rig, 'commit', 'got.csv');
    expect(named).toContain('PIPE_IMPORTED');
    expect(named).toContain('`pipe checkout --force got.csv`');
    const updated = await complaint(rig, 'update', 'got.csv');
    expect(updated).toContain('hint: put them elsewhere, or overwrite them with --force');
    expect(await rig.pipe(['checkout', '--force', 'got.csv'])).toMatchObject({ code: 0 });
    expect(await rig.read('got.csv')).toBe('from\n');
  });
});

test('what was set aside is not called right, and status tells that the cache lacks it, too', async ({ rig }) => {
  await project(rig);
  await rig.write({ 'large.bin': 'x'.repeat(100_000) });
  await rig.pipe(['add', 'large.bin']);
  const digest = /digest: b3:([0-9a-f]{64})/.exec(await rig.read('large.bin.pipe'))?.[1] ?? '';
  const object = `.pipe/cache/v1/loose/${digest.slice(0, 2)}/${digest.slice(2)}`;
  await rig.remove('large.bin');
  await rig.remove(object);
  await rig.write({ [object]: 'y'.repeat(100_000) });
  const { stdout } = await rig.pipe(['fsck', '--repair']);
  expect(stdout).toMatch(/loose.*: set aside/);
  expect(stdout).not.toContain('set right');
  expect((await rig.pipe(['status'])).stdout).toContain('large.bin is neither on disk nor in the cache');
});

test('undo leaves the attributes that are committed for everyone', async ({ rig }) => {
  await project(rig);
  await rig.pipe(['install']);
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '--no-verify', '-m', 'x');
  const { stdout } = await rig.pipe(['install', '--undo']);
  expect(stdout).toContain('Left as it is: .gitattributes');
  expect(await rig.git('status', '--short')).toBe('');
});

test('what was put in place anew, and what Git was told already, is not asked for', async ({ rig }) => {
  await project(rig);
  expect((await rig.pipe(['checkout', '--relink'])).stdout).toContain('Everything was put in place anew: 3 paths.');
  await rig.pipe(['config', 'core.autostage', 'true']);
  await rig.write({ 'new.csv': 'new\n' });
  expect((await rig.pipe(['add', 'new.csv'])).stdout).not.toContain('For Git');
  expect(await rig.git('diff', '--cached', '--name-only')).toContain('new.csv.pipe');
});

test('status names the command that puts right what it tells', async ({ rig }) => {
  await project(rig);
  await rig.write({ 'sub/y z': 'y\n', w: 'w\n' });
  await rig.pipe(['add', '--no-commit', 'sub/y z']);
  await rig.pipe(['add', 'w']);
  expect((await rig.pipe(['status'])).stdout).toContain("sub/y z is not in the cache (pipe commit 'sub/y z')");
  expect((await rig.pipe(['status', 'y z'], { cwd: 'sub' })).stdout).toContain("(pipe commit 'y z')");
  await rig.pipe(['freeze', 'sub/y z']);
  expect((await rig.pipe(['status'])).stdout).toContain("is not in the cache (pipe fetch 'sub/y z')");
  await rig.remove('sub/y z', 'w');
  const { stdout } = await rig.pipe(['status']);
  expect(stdout).toContain('sub/y z is neither on disk nor in the cache\n');
  expect(stdout).toContain('w is not on disk (pipe checkout w)');
  expect(await rig.pipe(['remote', 'add', '-d', 'storage', '../storage'])).toMatchObject({ code: 0 });
  const withRemote = (await rig.pipe(['status'])).stdout;
  expect(withRemote).toContain("sub/y z is neither on disk nor in the cache (pipe pull 'sub/y z')");
});

test('of many paths that are added the first are listed, and Git takes them by their folder', async ({ rig }) => {
  await project(rig);
  await rig.git('init', '-q');
  await rig.write(Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`many/${at}`, `${at}\n`])));
  const { stdout } = await rig.pipe(['add', '--glob', 'many/*']);
  expect(stdout).toContain('and 50 more: 60 files, 170 bytes in all');
  expect(stdout).toContain("For Git: git add ':(glob)many/*.pipe' many/.gitignore");
  await rig.git('add', ':(glob)many/*.pipe');
  expect((await rig.git('diff', '--cached', '--name-only', '--', 'many')).split('\n')).toHaveLength(60);
  expect((await rig.pipe(['add', '-v', '--glob', 'many/*'])).stdout.match(/nothing changed/g)).toHaveLength(60);
});

test('a name that leaves no room for that of its pointer is one problem', async ({ rig }) => {
  await project(rig);
  const name = 'x'.repeat(255);
  await rig.write({ [name]: '1', [`d/${name}`]: '1' });
  expect(await complaint(rig, 'add', name)).toContain('PIPE_NAME_UNSAFE');
  expect(await rig.pipe(['add', 'd'])).toMatchObject({ code: 0 });
});
