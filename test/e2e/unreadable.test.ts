import { chmod, readdir } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const isRoot = process.getuid?.() === 0;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs pipe as a user whom modes bind, as they do not bind root. */
async function pipe(rig: Rig, ...args: string[]): Promise<Run> {
  if (!isRoot) return rig.pipe(args);
  await rig.run('chown', ['-R', '65534:65534', '.', '../home', '../tmp']);
  return rig.run('setpriv', [...NOBODY, 'pipe', ...args]);
}

async function ok(rig: Rig, ...args: string[]): Promise<string> {
  const run = await pipe(rig, ...args);
  expect([args, run.stderr, run.code]).toEqual([args, expect.any(String), 0]);
  return run.stdout;
}

/** A folder and a file that are tracked, a folder with a pointer, and a new file. */
async function setUp(rig: Rig): Promise<void> {
  await ok(rig, 'init', '-q', '--no-scm');
  await rig.write({ 'd/a': 'a\n', 'd/sub/b': 'b\n', f: 'f\n', 'deep/g': 'g\n', new: 'new\n' });
  await ok(rig, 'add', 'd', 'f', 'deep/g');
}

async function recorded(rig: Rig): Promise<string[]> {
  return Promise.all(['d.pipe', 'f.pipe'].map((file) => rig.read(file)));
}

/** Takes away the right to read some paths. */
async function deny(rig: Rig, ...paths: string[]): Promise<void> {
  for (const path of paths) await chmod(rig.path(path), 0);
}

/** Where the cache keeps the object that a pointer names. */
async function objectOf(rig: Rig, pointer: string): Promise<string> {
  const digest = /b3:(\w+)/.exec(await rig.read(pointer))?.[1] ?? '';
  return `v1/loose/${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** Whoever is not root could not remove the project else. */
async function allowAll(rig: Rig): Promise<void> {
  await rig.run('chmod', ['-R', 'u+rwX', '.']);
}

const UNREADABLE = [
  ['a file', 'd/a'],
  ['a folder', 'd/sub'],
  ['the whole of it', 'd'],
] as const;

describe.for(UNREADABLE)('%s that is not ours to read (%s)', ([, path]) => {
  const named = `PIPE_FILE_READ  cannot read ${path}: permission denied`;

  test('is named by add and commit, and nothing is recorded', async ({ rig }) => {
    await setUp(rig);
    const before = await recorded(rig);
    await rig.write({ 'd/a': 'changed\n', f: 'changed\n' });
    await deny(rig, path);
    for (const args of [['add', 'f', 'd'], ['add', 'new', 'd', '--no-commit'], ['commit'], ['commit', 'd']]) {
      const run = await pipe(rig, ...args);
      expect([args, run.code, run.stderr]).toEqual([args, 2, expect.stringContaining(named)]);
    }
    expect(await recorded(rig)).toEqual(before);
    await chmod(rig.path(path), 0o755);
    await ok(rig, 'add', 'd');
  });

  test('is named by data status, which compares the rest', async ({ rig }) => {
    await setUp(rig);
    await rig.write({ f: 'changed\n' });
    await deny(rig, path);
    const text = await pipe(rig, 'data', 'status');
    expect([text.code, text.stderr]).toEqual([1, '']);
    expect(text.stdout).toContain('modified: f\n');
    expect(text.stdout).toContain(`Not read:\n        cannot read ${path}: permission denied`);
    expect(text.stdout).not.toContain('deleted');
    const json = JSON.parse(
      (await pipe(rig, 'data', 'status', '--json', '--granular', '--unchanged')).stdout,
    ) as object;
    expectValid(json);
    expect(json).toMatchObject({
      uncommitted: { modified: ['f'], deleted: [] },
      problems: [`cannot read ${path}: permission denied`],
    });
    await allowAll(rig);
  });

  test('is named by checkout, with all others like it, before anything is touched', async ({ rig }) => {
    await setUp(rig);
    await rig.remove('deep/g');
    await deny(rig, path, 'f');
    await rig.write({ 'f.pipe': (await rig.read('f.pipe')).replace(/b3:\w+/, /b3:\w+/.exec(await rig.read('deep/g.pipe'))?.[0] ?? '') }); // prettier-ignore
    const run = await pipe(rig, 'checkout');
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(named);
    expect(run.stderr).toContain('PIPE_FILE_READ  cannot read f: permission denied');
    expect(await rig.files('deep')).toEqual(['g.pipe']);
    await allowAll(rig);
  });
});

test('a folder that is not ours to change keeps no other path from being checked out', async ({ rig }) => {
  await setUp(rig);
  await rig.remove('d/a', 'f', 'deep/g');
  await chmod(rig.path('d'), 0o555);
  const run = await pipe(rig, 'checkout');
  expect([run.code, run.stderr]).toEqual([
    2,
    expect.stringMatching(/PIPE_SYSTEM {2}cannot use \S*\/d: permission denied/),
  ]);
  expect([await rig.read('f'), await rig.read('deep/g')]).toEqual(['f\n', 'g\n']);
  await chmod(rig.path('d'), 0o755);
  expect(await ok(rig, 'checkout')).toContain('1 added');
});

describe('a folder of the project that may hold pointers', () => {
  test('is told of, and left alone', async ({ rig }) => {
    await setUp(rig);
    await deny(rig, 'deep');
    for (const args of [['status'], ['data', 'status'], ['checkout'], ['commit']]) {
      const run = await pipe(rig, ...args);
      expect([args, run.code, run.stderr]).toEqual([args, 0, expect.stringContaining('cannot read the folder deep: permission denied')]); // prettier-ignore
    }
    await allowAll(rig);
  });

  test('keeps a collection from removing anything, and fsck from saying that all is well', async ({ rig }) => {
    await setUp(rig);
    const objects = async (): Promise<string[]> => readdir(rig.path('.pipe/cache/v1/loose'), { recursive: true });
    const before = await objects();
    await deny(rig, 'deep');
    for (const args of [
      ['gc', '-w', '-f'],
      ['gc', '-w', '--dry'],
    ]) {
      const run = await pipe(rig, ...args);
      expect([args, run.code]).toEqual([args, 2]);
      expect(run.stderr).toContain('cannot read the folder deep: permission denied (workspace), so it is not known what is needed'); // prettier-ignore
    }
    expect(await objects()).toEqual(before);
    const fsck = await pipe(rig, 'fsck');
    expect([fsck.code, fsck.stdout]).toEqual([1, expect.stringContaining('deep: cannot read the folder deep')]);
    await rig.write({ '.pipeignore': '/deep/\n' });
    await ok(rig, 'gc', '-w', '-f');
    await chmod(rig.path('deep'), 0o755);
    await rig.remove('.pipeignore', 'deep/g');
    expect((await pipe(rig, 'checkout')).stdout).toContain('the cache lacks deep/g');
  });
});

test('a pointer that is not ours to read is named, and keeps a collection from removing anything', async ({ rig }) => {
  await setUp(rig);
  await deny(rig, 'f.pipe');
  for (const args of [['gc', '-w', '-f'], ['checkout'], ['commit'], ['add', 'new'], ['data', 'status']]) {
    const run = await pipe(rig, ...args);
    expect([args, run.code, run.stderr]).toEqual([args, 2, expect.stringContaining('cannot read f.pipe: permission denied')]); // prettier-ignore
  }
  await chmod(rig.path('f.pipe'), 0o644);
  await rig.remove('f');
  await ok(rig, 'checkout');
  expect(await rig.read('f')).toBe('f\n');
});

test('an object of the cache that is not ours to read is named by fsck, and left as it is', async ({ rig }) => {
  await setUp(rig);
  const file = await objectOf(rig, 'f.pipe');
  await deny(rig, `.pipe/cache/${file}`);
  for (const args of [['fsck'], ['fsck', '--repair']]) {
    const run = await pipe(rig, ...args);
    expect([args, run.code, run.stderr]).toEqual([args, 1, '']);
    expect(run.stdout).toContain(`Wrong, or not to be read:\n  ${file}: cannot be read: permission denied`);
    expect(run.stdout).not.toContain('Damaged');
  }
  const { damaged, missing } = JSON.parse((await pipe(rig, 'fsck', '--json')).stdout) as Record<string, unknown>;
  expect([damaged, missing]).toEqual([[], []]);
  await chmod(rig.path(`.pipe/cache/${file}`), 0o444);
  await ok(rig, 'fsck');
});

test('a pack and a run record that are not ours to read are named by fsck, and the rest is looked at', async ({
  rig,
}) => {
  await setUp(rig);
  await rig.write(Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`many/${String(at)}`, `${String(at)}\n`])));
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'cat f > out', deps: ['f'], outs: ['out'] } } } });
  await ok(rig, 'add', '-q', 'many');
  await ok(rig, 'repro', '-q');
  const [pack = ''] = (await readdir(rig.path('.pipe/cache/v1/packs'))).filter((name) => name.endsWith('.pack'));
  const runs = await readdir(rig.path('.pipe/cache/v1/runs'), { recursive: true });
  const denied = [`v1/packs/${pack}`, `v1/runs/${runs.find((name) => name.endsWith('.json')) ?? ''}`];
  await deny(rig, ...denied.map((file) => `.pipe/cache/${file}`));
  for (const args of [['fsck'], ['fsck', '--repair']]) {
    const run = await pipe(rig, ...args);
    expect([args, run.code, run.stderr]).toEqual([args, 1, '']);
    for (const file of denied) expect(run.stdout).toContain(`${file}: cannot be read: permission denied`);
    expect(run.stdout).not.toContain('Damaged');
  }
  // What lies in the pack is not known, nor whether it is missing.
  expect(JSON.parse((await pipe(rig, 'fsck', '--json')).stdout)).toMatchObject({ ok: false, damaged: [], missing: [] });
  for (const file of denied) await chmod(rig.path('.pipe/cache', file), 0o444);
  await ok(rig, 'fsck');
});

test('the list of a folder that is not ours to read is named by fsck, and is not missing', async ({ rig }) => {
  await setUp(rig);
  const file = await objectOf(rig, 'd.pipe');
  await deny(rig, `.pipe/cache/${file}`);
  for (const args of [['fsck'], ['fsck', '--repair']]) {
    const run = await pipe(rig, ...args, '--json');
    expect([args, run.code, run.stderr]).toEqual([args, 1, '']);
    expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, damaged: [], missing: [], problems: [{ file }] });
  }
  await chmod(rig.path(`.pipe/cache/${file}`), 0o444);
  await ok(rig, 'fsck');
});
