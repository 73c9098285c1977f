import { chmod, lstat, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

const BIG = 100_000;
const A = 'a'.repeat(BIG);
const B = 'b'.repeat(BIG);

async function setUp(rig: Rig, type: string): Promise<void> {
  await rig.git('init', '-q');
  await rig.pipe(['init']);
  await rig.pipe(['config', 'cache.type', type]);
}

async function json(rig: Rig, args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await rig.pipe([...args, '--json']);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Whether a file is a link to the store: `hardlink`, `symlink` or neither. */
async function linkOf(rig: Rig, path: string): Promise<string> {
  const found = await lstat(rig.path(path));
  if (found.isSymbolicLink()) {
    return (await readlink(rig.path(path))).startsWith(rig.path('.pipe/cache/v1/loose/')) ? 'symlink' : 'foreign';
  }
  return found.nlink > 1 ? 'hardlink' : 'copy';
}

async function stateOf(rig: Rig): Promise<unknown> {
  const { data } = await json(rig, ['status']);
  return (data as { path: string; state: string }[]).map(({ path, state }) => [path, state]);
}

describe.for(['reflink,copy', 'hardlink,copy', 'symlink,copy', 'copy'])('with cache.type %s', (type) => {
  const expected = type.startsWith('hardlink') ? 'hardlink' : type.startsWith('symlink') ? 'symlink' : 'copy';

  test('data that remove leaves behind is plain, and outlives a collection', async ({ rig }) => {
    await setUp(rig, type);
    await rig.write({
      one: A,
      'd/sub/big': B,
      'pipeline.yaml': { stages: { s: { cmd: 'cat one d/sub/big > out', deps: ['one'], outs: ['out'] } } },
    });
    await rig.pipe(['add', 'one', 'd']);
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    const paths = ['one', 'd/sub/big', 'out'];
    for (const path of paths) expect([path, await linkOf(rig, path)]).toEqual([path, expected]);
    expect(await rig.pipe(['remove', 'one', 'd', 's'])).toMatchObject({ code: 0, stderr: '' });
    for (const path of paths) expect([path, await linkOf(rig, path)]).toEqual([path, 'copy']);
    expect(await rig.pipe(['gc', '-w', '-f'])).toMatchObject({ code: 0 });
    expect(await rig.files('.pipe/cache/v1/loose')).toEqual([]);
    for (const [path, text] of [
      ['one', A],
      ['d/sub/big', B],
      ['out', A + B],
    ] as const) {
      // prettier-ignore
      expect((await rig.read(path)) === text, path).toBe(true);
      await rig.write({ [path]: 'written to' });
    }
  });

  test('add links large files only, the status stays clean, and adding again stores nothing new', async ({ rig }) => {
    await setUp(rig, type);
    const small = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`d/${String(at)}`, `${String(at)}\n`]));
    await rig.write({ ...small, 'd/big': A, 'd/sub/big': B, 'd/run': `#!/bin/sh\n${A}`, one: `${A}1` });
    await chmod(rig.path('d/run'), 0o755);
    expect(await rig.pipe(['add', 'd', 'one'])).toMatchObject({ code: 0, stderr: '' });
    const pointers = [await rig.read('d.pipe'), await rig.read('one.pipe')];
    for (const path of ['d/big', 'd/sub/big', 'one']) expect([path, await linkOf(rig, path)]).toEqual([path, expected]);
    for (const path of ['d/1', 'd/run']) expect([path, await linkOf(rig, path)]).toEqual([path, 'copy']);
    expect(await rig.files('d')).toHaveLength(43);
    expect((await rig.files('.')).filter((file) => file.includes('pipe-tmp'))).toEqual([]);
    expect(await stateOf(rig)).toEqual([
      ['d', 'unchanged'],
      ['one', 'unchanged'],
    ]);
    expect(await rig.pipe(['add', 'd', 'one'])).toMatchObject({ code: 0 });
    expect([await rig.read('d.pipe'), await rig.read('one.pipe')]).toEqual(pointers);
    // Without what is remembered, too.
    rmSync(rig.path('../home/.cache'), { recursive: true, force: true });
    expect((await json(rig, ['diff', 'workspace', 'workspace'])).modified).toEqual([]);
    expect(await stateOf(rig)).toEqual([
      ['d', 'unchanged'],
      ['one', 'unchanged'],
    ]);
  });

  test('a file that is edited in place is found out, and nobody gets the wrong bytes', async ({ rig }) => {
    await setUp(rig, type);
    await rig.write({ 'd/big': A, 'd/other': B });
    await rig.pipe(['add', 'd']);
    expect(await stateOf(rig)).toEqual([['d', 'unchanged']]);
    await chmod(rig.path('d/big'), 0o644);
    await writeFile(rig.path('d/big'), 'changed in place'.padEnd(BIG, '!'));
    expect(await stateOf(rig)).toEqual([['d', 'modified']]);
    expect((await rig.pipe(['checkout'])).stderr).toContain('d/big');
    // The same bytes, added elsewhere, must not be taken for stored.
    await rig.write({ again: A });
    expect(await rig.pipe(['add', 'again'])).toMatchObject({ code: 0 });
    await rig.remove('again');
    expect(await rig.pipe(['checkout', 'again'])).toMatchObject({ code: 0 });
    expect(await rig.read('again')).toBe(A);
    expect(await rig.pipe(['checkout', 'd', '-f'])).toMatchObject({ code: 0 });
    expect(await rig.read('d/big')).toBe(A);
  });

  test('unprotected files are copies that can be edited, and the next add stores and links them', async ({ rig }) => {
    await setUp(rig, type);
    await rig.write({ 'd/big': A, 'd/sub/big': B, one: A });
    await rig.pipe(['add', 'd', 'one']);
    const done = await json(rig, ['unprotect', 'd', 'one.pipe']);
    expectValid(done);
    expect(done['files']).toBe(expected === 'copy' ? 0 : 3);
    for (const path of ['d/big', 'd/sub/big', 'one']) {
      expect(await linkOf(rig, path)).toBe('copy');
      expect((await stat(rig.path(path))).mode & 0o600).toBe(0o600);
    }
    expect(await stateOf(rig)).toEqual([
      ['d', 'unchanged'],
      ['one', 'unchanged'],
    ]);
    await writeFile(rig.path('d/big'), `${A}more`);
    await rig.pipe(['add', 'd']);
    expect(await linkOf(rig, 'd/big')).toBe(expected);
    await rig.remove('one');
    await rig.pipe(['checkout', 'one']);
    expect(await rig.read('one')).toBe(A);
  });

  test('outs of stages are linked, and one that persists is a copy while its stage runs', async ({ rig }) => {
    await setUp(rig, type);
    await rig.write({
      'pipeline.yaml': {
        stages: {
          make: { cmd: `cp in out`, deps: ['in'], outs: ['out'] },
          grow: { cmd: 'cat in >> log', deps: ['in'], outs: [{ log: { persist: true } }] },
          kept: { cmd: 'cp in git', deps: ['in'], outs: [{ git: { cache: false } }] },
        },
      },
      in: A,
    });
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0 });
    expect([await linkOf(rig, 'out'), await linkOf(rig, 'log'), await linkOf(rig, 'git')]).toEqual([
      expected,
      expected,
      'copy',
    ]);
    await rig.write({ in: B });
    expect(await rig.pipe(['repro'])).toMatchObject({ code: 0, stderr: '' });
    expect([await rig.read('out'), await rig.read('log')]).toEqual([B, A + B]);
    await rig.write({ in: A });
    await rig.remove('out');
    expect((await rig.pipe(['repro', 'make'])).stdout).toContain('restored');
    expect(await rig.read('out')).toBe(A);
    expect(await linkOf(rig, 'out')).toBe(expected);
    expect((await rig.pipe(['status', 'make'])).stdout).toContain('up to date');
  });
});

test('a link to an object that is lost counts as deleted, and is never stored', async ({ rig }) => {
  await setUp(rig, 'symlink');
  await rig.write({ 'd/big': A, one: B });
  await rig.pipe(['add', 'd', 'one']);
  for (const path of ['d/big', 'one']) rmSync(await readlink(rig.path(path)), { force: true });
  expect(await stateOf(rig)).toEqual([
    ['d', 'modified'],
    ['one', 'lost'],
  ]);
  const add = await rig.pipe(['add', 'd']);
  expect([add.code, add.stderr]).toEqual([
    2,
    expect.stringContaining('d/big is a link to an object that the cache has lost'),
  ]);
});

test('a symbolic link of the user stays a link', async ({ rig }) => {
  await setUp(rig, 'symlink');
  await rig.write({ 'd/big': A });
  await symlink('big', rig.path('d/link'));
  await rig.pipe(['add', 'd']);
  expect([await readlink(rig.path('d/link')), await linkOf(rig, 'd/big')]).toEqual(['big', 'symlink']);
  expect(await stateOf(rig)).toEqual([['d', 'unchanged']]);
});

test('a file that somebody made executable while it was linked becomes a copy, and its object plain again', async ({
  rig,
}) => {
  await setUp(rig, 'hardlink');
  await rig.write({ 'd/big': A, 'e/big': A });
  await rig.pipe(['add', 'd', 'e']);
  await chmod(rig.path('d/big'), 0o755);
  await rig.pipe(['add', 'd']);
  expect([await linkOf(rig, 'd/big'), (await stat(rig.path('d/big'))).mode & 0o100]).toEqual(['copy', 0o100]);
  expect((await stat(rig.path('e/big'))).mode & 0o777).toBe(0o444);
  expect(await stateOf(rig)).toEqual([
    ['d', 'unchanged'],
    ['e', 'unchanged'],
  ]);
});

test('a cache on another disk falls back to the next type', async ({ rig }) => {
  const { mkdtempSync, statSync } = await import('node:fs');
  const other = statSync('/dev/shm', { throwIfNoEntry: false });
  if (other === undefined || other.dev === statSync(rig.path('.')).dev) return;
  const cache = mkdtempSync('/dev/shm/pipe-links-');
  try {
    await setUp(rig, 'hardlink,symlink');
    await rig.pipe(['cache', 'dir', cache]);
    await rig.write({ one: A });
    expect(await rig.pipe(['add', 'one'])).toMatchObject({ code: 0, stderr: '' });
    expect((await readlink(rig.path('one'))).startsWith(cache)).toBe(true);
    expect(await stateOf(rig)).toEqual([['one', 'unchanged']]);
    expect((await rig.pipe(['doctor'])).stdout).toContain('cache.type begins with hardlink');
    await rig.pipe(['config', 'cache.type', 'hardlink,copy']);
    await rig.remove('one');
    expect(await rig.pipe(['checkout'])).toMatchObject({ code: 0 });
    expect((await lstat(rig.path('one'))).isFile()).toBe(true);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test('a cache of a group is readable and writable for it, whatever the umask says', async ({ rig }) => {
  await setUp(rig, 'copy');
  await rig.pipe(['config', 'cache.shared', 'group']);
  const small = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`d/${String(at)}`, `${String(at)}\n`]));
  await rig.write({
    ...small,
    'd/big': A,
    'pipeline.yaml': { stages: { s: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } },
    in: B,
  });
  expect(await rig.run('sh', ['-c', 'umask 077; pipe add d && pipe repro'])).toMatchObject({ code: 0 });
  const { stdout } = await rig.run('find', ['.pipe/cache', '-printf', '%y %m %P\n']);
  const seen = new Set(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' ')),
  );
  expect([...seen].sort()).toEqual(['d 2775', 'f 444', 'f 664']);
});

test('who may not hardlink the files of others is told so once, and gets the next type', async ({ rig }) => {
  const isProtected = await readFile('/proc/sys/fs/protected_hardlinks', 'utf8').catch(() => '0');
  if (process.getuid?.() !== 0 || isProtected.trim() !== '1') return;
  await setUp(rig, 'hardlink,symlink,copy');
  await rig.pipe(['config', 'cache.shared', 'group']);
  await rig.write({ 'd/1': A, 'd/2': B });
  await rig.pipe(['add', 'd']);
  await rig.remove('d');
  expect(
    await rig.run('sh', ['-c', 'chown -R 65534:65534 . ../home ../tmp && chown -R 0:0 .pipe/cache/v1/loose']),
  ).toMatchObject({ code: 0 });
  const checkout = await rig.run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'pipe', 'checkout']);
  expect(checkout).toMatchObject({ code: 0 });
  expect(checkout.stderr.split('\n').filter((line) => line.includes('refuses hardlinks'))).toHaveLength(1);
  expect([await linkOf(rig, 'd/1'), await linkOf(rig, 'd/2')]).toEqual(['symlink', 'symlink']);
});
