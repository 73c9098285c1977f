import { appendFile, chmod, lstat, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

const A = 'a'.repeat(100_000);
const B = 'b'.repeat(100_000);

async function ok(rig: Rig, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await rig.pipe(args);
  expect([args, stderr, code]).toEqual([args, expect.any(String), 0]);
  return stdout;
}

/** A project in a folder that can be moved: a file, a folder with a large file, and what is recorded of them. */
async function setUp(rig: Rig): Promise<string> {
  await rig.git('init', '-q');
  await ok(rig, 'init');
  await ok(rig, 'config', 'cache.type', 'symlink');
  await rig.write({ one: A, 'd/big': B, 'd/small': 'small\n' });
  await ok(rig, 'add', 'one', 'd');
  expect(await rig.read('one')).toBe(A);
  return recorded(rig);
}

async function recorded(rig: Rig): Promise<string> {
  return (await rig.read('one.pipe')) + (await rig.read('d.pipe'));
}

async function expectWhole(rig: Rig, cache: string): Promise<void> {
  expect([await rig.read('one'), await rig.read('d/big'), await rig.read('d/small')]).toEqual([A, B, 'small\n']);
  for (const path of ['one', 'd/big']) expect(await readlink(rig.path(path))).toContain(`${cache}/v1/loose/`);
}

/** As if the project had been moved: the links still name the place where its cache was. */
async function moveCache(rig: Rig): Promise<void> {
  await rename(rig.path('.pipe/cache'), rig.path('../elsewhere'));
  await ok(rig, 'cache', 'dir', '../elsewhere');
}

test('a file of the workspace that is a link to what gc removes becomes a copy', async ({ rig }) => {
  await setUp(rig);
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'first');
  await rig.write({ 'one.pipe': (await rig.read('one.pipe')).replace(/b3:\w+/, `b3:${'0'.repeat(64)}`) });
  await ok(rig, 'gc', '-w', '-f');
  // Nothing that is kept names it any more; the workspace still has it.
  expect((await lstat(rig.path('one'))).isSymbolicLink()).toBe(false);
  expect(await rig.read('one')).toBe(A);
});

test('so does one that is an out of a stage', async ({ rig }) => {
  await rig.git('init', '-q');
  await ok(rig, 'init');
  await ok(rig, 'config', 'cache.type', 'symlink');
  await rig.write({ 'pipeline.yaml': { stages: { make: { cmd: 'yes $(cat n) | head -60000 > out', deps: ['n'], outs: ['out'] } } }, n: '1\n' }); // prettier-ignore
  await ok(rig, 'repro', '-q');
  const lock = await rig.read('pipeline.lock');
  await rig.write({ n: '2\n' });
  await ok(rig, 'repro', '-q');
  // As after a switch of the branch: the lock is another one, the out is still here.
  await rig.write({ 'pipeline.lock': lock });
  await ok(rig, 'gc', '-w', '-f');
  expect((await lstat(rig.path('out'))).isSymbolicLink()).toBe(false);
  expect((await rig.read('out')).slice(0, 4)).toBe('2\n2\n');
});

describe('links into a cache that was moved', () => {
  test('are no changes, and are told of', async ({ rig }) => {
    await setUp(rig);
    await moveCache(rig);
    const status = await ok(rig, 'status');
    expect(status).not.toContain('modified');
    expect(status).toContain('3 links');
    const data = await rig.pipe(['data', 'status', '--granular']);
    expect(data.stdout).not.toMatch(/modified:|deleted:/);
    expect(data.stderr).toMatch(/3 links .*pipe checkout/s);
    expectValid(await rig.pipe(['status', '--json']).then(({ stdout }) => JSON.parse(stdout) as unknown));
  });

  test.for([['checkout'], ['commit'], ['add', 'one', 'd']])(
    'lead to where it is now after `%s`',
    async (args, { rig }) => {
      const before = await setUp(rig);
      await moveCache(rig);
      await ok(rig, ...args);
      expect(await recorded(rig)).toBe(before);
      await expectWhole(rig, 'elsewhere');
      await ok(rig, 'gc', '-w', '-f');
      await expectWhole(rig, 'elsewhere');
    },
  );

  test('become plain files where their record goes', async ({ rig }) => {
    await setUp(rig);
    await moveCache(rig);
    await ok(rig, 'remove', 'one', 'd');
    await ok(rig, 'gc', '-w', '-f');
    expect([await rig.read('one'), await rig.read('d/big')]).toEqual([A, B]);
    expect((await lstat(rig.path('one'))).isFile()).toBe(true);
  });

  test('are refused where the cache in use lacks their objects, and nothing is recorded', async ({ rig }) => {
    const before = await setUp(rig);
    await rename(rig.path('.pipe/cache'), rig.path('../elsewhere'));
    for (const args of [['commit'], ['add', 'one'], ['add', 'd']]) {
      const { code, stderr } = await rig.pipe(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining('PIPE_LINK_OBJECT')]);
    }
    expect((await rig.pipe(['checkout'])).code).toBe(1);
    expect(await recorded(rig)).toBe(before);
    await rig.remove('.pipe/cache');
    await rename(rig.path('../elsewhere'), rig.path('.pipe/cache'));
    await ok(rig, 'checkout');
    await expectWhole(rig, '.pipe/cache');
  });
});

test('what lies in the cache that was used before is taken over by a commit', async ({ rig }) => {
  const before = await setUp(rig);
  await ok(rig, 'cache', 'dir', '../other');
  await ok(rig, 'commit');
  expect(await recorded(rig)).toBe(before);
  await expectWhole(rig, 'other');
  await rm(rig.path('.pipe/cache'), { recursive: true });
  expect(await ok(rig, 'status')).toContain('up to date');
});

test('stages whose outs are links into a cache that was moved are restored, and do not run', async ({ rig }) => {
  await rig.git('init', '-q');
  await ok(rig, 'init');
  await ok(rig, 'config', 'cache.type', 'symlink');
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } }, in: A });
  await ok(rig, 'repro');
  await moveCache(rig);
  expect(await ok(rig, 'repro')).toContain('restored');
  expect([await rig.read('out'), await readlink(rig.path('out'))]).toEqual([A, expect.stringContaining('/elsewhere/')]);
});

test('no stage runs while a folder that it reads holds links to nothing', async ({ rig }) => {
  await setUp(rig);
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'cat d/* > out', deps: ['d'], outs: ['out'] } } } });
  await ok(rig, 'repro');
  const lock = await rig.read('pipeline.lock');
  await moveCache(rig);
  const { code, stderr } = await rig.pipe(['repro']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('pipe checkout d')]);
  await ok(rig, 'checkout');
  await ok(rig, 'repro');
  expect([await rig.read('out'), await rig.read('pipeline.lock')]).toEqual([`${B}small\n`, lock]);
});

describe('a link of a stranger that looks like one into a cache', () => {
  test.for([
    ['a secret', true],
    ['nothing', false],
  ] as const)('and leads to %s is never stored', async ([, isThere], { rig }) => {
    await setUp(rig);
    const shard = rig.path('../trap/v1/loose/aa');
    await mkdir(shard, { recursive: true });
    const trap = `${shard}/${'b'.repeat(62)}`;
    if (isThere) await writeFile(trap, 'secret'.repeat(20_000));
    await symlink(trap, rig.path('d/trap'));
    for (const args of [['add', 'd'], ['commit'], ['add', 'd', '--no-commit']]) {
      const { code, stderr } = await rig.pipe(args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining('PIPE_LINK_OBJECT')]);
    }
    await ok(rig, 'unprotect', 'd');
    expect(await readlink(rig.path('d/trap'))).toBe(trap);
    expect((await rig.run('grep', ['-rl', 'secretsecret', '.pipe'])).stdout).toBe('');
  });
});

describe('a file that was edited through its link', () => {
  async function edit(rig: Rig, path: string): Promise<void> {
    await chmod(rig.path(path), 0o644);
    await appendFile(rig.path(path), 'EDIT');
  }

  test.for([['z'], ['A']])(
    'keeps the edit, though a copy of its old bytes (%s) is stored with it',
    async ([name], { rig }) => {
      await setUp(rig);
      await rig.write({ [`d/${String(name)}`]: B });
      await chmod(rig.path('d', String(name)), 0o755);
      await ok(rig, 'add', 'd');
      await edit(rig, 'd/big');
      await ok(rig, 'commit');
      const pointer = await rig.read('d.pipe');
      expect(await rig.read('d/big')).toBe(`${B}EDIT`);
      await ok(rig, 'commit');
      expect([await rig.read('d/big'), await rig.read('d.pipe')]).toEqual([`${B}EDIT`, pointer]);
      expect(await rig.read(`d/${String(name)}`)).toBe(B);
    },
  );

  test.for([[[]], [['--no-relink']]])(
    'outlives a fetch and a collection once it is recorded %s',
    async ([flags], { rig }) => {
      await setUp(rig);
      await rig.git('add', '-A');
      await rig.git('commit', '-qm', 'one');
      await ok(rig, 'remote', 'add', '-d', 'r', '../remote');
      await ok(rig, 'push');
      await edit(rig, 'one');
      await ok(rig, 'commit', ...(flags ?? []));
      await rig.git('commit', '-qam', 'two');
      await ok(rig, 'fetch', '-A');
      expect(await rig.read('one')).toBe(`${A}EDIT`);
      await ok(rig, 'gc', '-w', '-f');
      expect(await rig.read('one')).toBe(`${A}EDIT`);
      expect(await ok(rig, 'status')).toContain('up to date');
    },
  );

  test('keeps an edit that is recorded nowhere when its old bytes are stored again', async ({ rig }) => {
    await setUp(rig);
    await edit(rig, 'one');
    await rig.write({ again: A });
    await ok(rig, 'add', 'again');
    expect([await rig.read('one'), await rig.read('again')]).toEqual([`${A}EDIT`, A]);
    expect(await ok(rig, 'status')).toContain('one modified');
  });
});

describe('a link to an object that the cache has lost', () => {
  /** Links to two files, a small and a large one, whose objects are gone; there are copies of the files beside them. */
  async function lose(rig: Rig): Promise<void> {
    await setUp(rig);
    await rig.write({ less: 'less\n' });
    await ok(rig, 'add', 'less');
    for (const path of ['one', 'less']) {
      await rm(await readlink(rig.path(path)));
      await symlink(await readlink(rig.path(path)), rig.path('d', path));
    }
  }

  test.for([
    ['copies', 'one', 'less'],
    ['one', 'less', 'copies'],
  ])('is what its name says again when its bytes are added with it, in any order: %s %s %s', async (paths, { rig }) => {
    await lose(rig);
    const before = [await rig.read('one.pipe'), await rig.read('less.pipe')];
    await rig.write({ 'copies/one': A, 'copies/less': 'less\n' });
    await ok(rig, 'add', ...paths);
    expect([await rig.read('one.pipe'), await rig.read('less.pipe')]).toEqual(before);
    expect([await rig.read('one'), await rig.read('less')]).toEqual([A, 'less\n']);
    expect(await ok(rig, 'status')).not.toContain('one modified');
  });

  test.for(['0', 'z'])('is so in one folder with a file of its bytes, called %s', async (name, { rig }) => {
    await lose(rig);
    await rig.write({ [`d/${name}-one`]: A, [`d/${name}-less`]: 'less\n' });
    await ok(rig, 'commit', 'd');
    await rig.remove('d');
    await ok(rig, 'checkout', 'd');
    for (const path of ['d/one', `d/${name}-one`]) expect(await rig.read(path)).toBe(A);
    for (const path of ['d/less', `d/${name}-less`]) expect(await rig.read(path)).toBe('less\n');
  });

  test('is named with all others like it where the bytes are nowhere, and nothing is recorded', async ({ rig }) => {
    await lose(rig);
    const before = await recorded(rig);
    const { code, stderr } = await rig.pipe(['add', 'd', 'one', 'less']);
    expect(code).toBe(2);
    for (const path of ['d/one', 'd/less', 'one', 'less']) expect(stderr).toContain(`PIPE_LINK_OBJECT  ${path} is`);
    expect(await recorded(rig)).toBe(before);
  });
});
