import { lstat, mkdir, readdir, readlink } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectAtRest, outcomes, repro, setUp } from './repro/project.ts';

/** Every path below a folder with what it is: `file`, `exec`, `dir` or `-> target`. */
async function kinds(rig: Rig, folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(rig.path(folder), { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    const name = path.slice(rig.path(folder).length + 1);
    if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(path)}`;
    else if (entry.isDirectory()) found[name] = 'dir';
    else found[name] = ((await lstat(path)).mode & 0o100) === 0 ? 'file' : 'exec';
  }
  return found;
}

test('a restored folder is what it was: executable files, empty folders, links and odd names included', async ({
  rig,
}) => {
  const make = `mkdir -p 'out/empty' 'out/deep er/é' && printf '#!/bin/sh\\necho hi\\n' > out/run && chmod +x out/run
ln -s run out/link && ln -s ../nowhere out/dangling && echo 1 > 'out/deep er/é/☃ " name' && : > out/nothing`;
  await setUp(rig, { make: { cmd: make.replaceAll('\n', ' && '), deps: ['in.txt'], outs: ['out'] } }, { 'in.txt': '' });
  await outcomes(rig);
  const before = await kinds(rig, 'out');
  expect(before).toEqual({
    empty: 'dir',
    'deep er': 'dir',
    'deep er/é': 'dir',
    'deep er/é/☃ " name': 'file',
    run: 'exec',
    link: '-> run',
    dangling: '-> ../nowhere',
    nothing: 'file',
  });
  await rig.remove('out');
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect(await kinds(rig, 'out')).toEqual(before);
  expect((await rig.run('sh', ['-c', 'out/link'])).stdout).toBe('hi\n');
  await rig.run('chmod', ['-x', 'out/run']);
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  await rig.remove('out/empty');
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect(await kinds(rig, 'out')).toEqual(before);
});

test('an out that is a file keeps its x bit, and one that is a link stays a link', async ({ rig }) => {
  await setUp(
    rig,
    {
      make: { cmd: 'echo echo hi > tool; chmod +x tool; ln -s tool alias', deps: ['in.txt'], outs: ['tool', 'alias'] },
    },
    { 'in.txt': '' },
  );
  await outcomes(rig);
  await rig.remove('tool', 'alias');
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect((await rig.run('sh', ['-c', './alias'])).stdout).toBe('hi\n');
  await rig.run('chmod', ['-x', 'tool']);
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect(await outcomes(rig)).toEqual({ make: 'fresh' });
  expect((await rig.run('sh', ['-c', './alias'])).stdout).toBe('hi\n');
});

test('restored files can be written to, and that does not reach the store', async ({ rig }) => {
  await setUp(rig, { make: { cmd: 'mkdir out && echo 1 > out/a', deps: ['in.txt'], outs: ['out'] } }, { 'in.txt': '' });
  await outcomes(rig);
  await rig.remove('out');
  await outcomes(rig);
  await rig.write({ 'out/a': 'scribble' });
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect(await rig.read('out/a')).toBe('1\n');
});

test('outs that are not cached are restored, too', async ({ rig }) => {
  await setUp(
    rig,
    {
      score: {
        cmd: 'echo 0.5 > score.json; echo 1 > big',
        deps: ['in.txt'],
        outs: ['big'],
        metrics: [{ 'score.json': { cache: false } }],
      },
    },
    { 'in.txt': '' },
  );
  await outcomes(rig);
  await rig.remove('score.json');
  expect(await outcomes(rig)).toEqual({ score: 'restored' });
  expect(await rig.read('score.json')).toBe('0.5\n');
});

test('an out is gone when its stage starts, unless it persists', async ({ rig }) => {
  const cmd = 'ls *.txt > seen.log; cat in >> gone.txt; cat in >> kept.txt';
  await setUp(
    rig,
    {
      add: {
        cmd,
        deps: ['in'],
        outs: ['gone.txt', { 'kept.txt': { persist: true } }, { 'seen.log': { cache: false } }],
      },
    },
    { in: '1' },
  );
  await outcomes(rig);
  await rig.write({ in: '2' });
  expect(await outcomes(rig)).toEqual({ add: 'ran' });
  expect([await rig.read('seen.log'), await rig.read('gone.txt'), await rig.read('kept.txt')]).toEqual([
    'kept.txt\n',
    '2',
    '12',
  ]);
  await rig.write({ in: '1' });
  expect(await outcomes(rig)).toEqual({ add: 'ran' });
  expect(await rig.read('kept.txt')).toBe('121');
});

test('a folder of an out is made by its restore', async ({ rig }) => {
  await setUp(
    rig,
    { make: { cmd: 'mkdir -p a/b && echo 1 > a/b/c', deps: ['in.txt'], outs: ['a/b/c'] } },
    { 'in.txt': '' },
  );
  await outcomes(rig);
  await rig.remove('a');
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect(await rig.read('a/b/c')).toBe('1\n');
});

test('what lies in the way of a restored out is replaced: a file by a folder, a folder by a file', async ({ rig }) => {
  await setUp(
    rig,
    { make: { cmd: 'mkdir dir && echo 1 > dir/x && echo 2 > file', deps: ['in.txt'], outs: ['dir', 'file'] } },
    { 'in.txt': '' },
  );
  await outcomes(rig);
  await rig.remove('dir', 'file');
  await rig.write({ dir: 'a file', 'file/deep/x': 'a folder' });
  expect(await outcomes(rig)).toEqual({ make: 'restored' });
  expect([await rig.read('dir/x'), await rig.read('file')]).toEqual(['1\n', '2\n']);
});

test('an out that was not made is a failure that names it, and is tried again the next time', async ({ rig }) => {
  await setUp(
    rig,
    { make: { cmd: 'echo 1 > $(cat name)', deps: ['name'], outs: ['right.txt'] } },
    { name: 'wrong.txt' },
  );
  const run = await repro(rig);
  expect(run).toMatchObject({ code: 1, outcomes: { make: 'failed' } });
  expect(run.events).toContainEqual(
    expect.objectContaining({
      problem: expect.objectContaining({
        code: 'PIPE_OUT_MISSING',
        message: expect.stringContaining('right.txt') as string,
      }) as object,
    }),
  );
  expect(await rig.exists('pipeline.lock')).toBe(false);
  await rig.write({ name: 'right.txt' });
  expect(await outcomes(rig)).toEqual({ make: 'ran' });
  await expectAtRest(rig);
});

test('the folder of a stage without outs in it can be one that git does not know yet', async ({ rig }) => {
  await setUp(
    rig,
    { make: { cmd: 'echo 1 > out.txt', wdir: 'sub', deps: ['in.txt'], outs: ['out.txt'] } },
    { 'sub/in.txt': '' },
  );
  await mkdir(rig.path('sub/empty'));
  expect(await outcomes(rig)).toEqual({ make: 'ran' });
});

describe('in a Git repository', () => {
  const ignored = async (rig: Rig, folder = '.'): Promise<string[]> =>
    (await rig.exists(`${folder}/.gitignore`))
      ? (await rig.read(`${folder}/.gitignore`)).split('\n').filter(Boolean)
      : [];

  test('outs that the store holds are kept out of Git, others and those ignored already are not named', async ({
    rig,
  }) => {
    await rig.git('init');
    await rig.pipe(['init']);
    await rig.write({
      in: '',
      '.gitignore': '*.tmp\n',
      'pipeline.yaml': {
        stages: {
          make: {
            cmd: 'mkdir -p new/sub && echo 1 | tee a.bin b.tmp new/sub/c "odd [1]!" > shown.txt',
            deps: ['in'],
            outs: ['a.bin', 'b.tmp', 'new/sub', 'odd [1]!', { 'shown.txt': { cache: false } }],
          },
        },
      },
    });
    await outcomes(rig);
    expect(await ignored(rig)).toEqual(['*.tmp', '/a.bin', String.raw`/odd \[1\]\!`]);
    expect(await ignored(rig, 'new')).toEqual(['/sub']);
    await rig.git('add', '.');
    expect(
      (await rig.git('ls-files'))
        .split('\n')
        .filter((file) => !file.startsWith('.pipe/'))
        .sort(),
    ).toEqual(
      ['.gitignore', '.pipeignore', 'in', 'new/.gitignore', 'pipeline.lock', 'pipeline.yaml', 'shown.txt'].sort(),
    );
    const before = await rig.read('.gitignore');
    await rig.remove('a.bin');
    expect(await outcomes(rig)).toEqual({ make: 'restored' });
    expect(await rig.read('.gitignore')).toBe(before);
    expect(await rig.git('status', '--short')).not.toContain('??');
  });

  test('the lines that are added do not make stages stale that read the folder', async ({ rig }) => {
    await rig.git('init');
    await rig.pipe(['init']);
    await rig.write({
      'data/in': '',
      'pipeline.yaml': {
        stages: {
          make: {
            cmd: 'mkdir -p new/deep && cp data/in new/deep/a && cp data/in data/b',
            deps: ['data/in'],
            outs: ['new/deep/a', 'data/b'],
          },
          use: { cmd: 'ls -R new data > used', deps: ['new', 'data'], outs: ['used'] },
        },
      },
    });
    expect(await outcomes(rig)).toEqual({ make: 'ran', use: 'ran' });
    expect(await ignored(rig, 'new/deep')).toEqual(['/a']);
    expect(await outcomes(rig)).toEqual({ make: 'fresh', use: 'fresh' });
  });

  test('a branch switch brings back what was made on the other branch, without a run', async ({ rig }) => {
    await rig.git('init');
    await rig.pipe(['init']);
    await rig.write({
      'params.yaml': 'n: 1\n',
      'pipeline.yaml': { stages: { make: { cmd: 'echo ${n} > out', params: ['n'], outs: ['out'] } } },
    });
    await outcomes(rig);
    await rig.git('add', '.');
    await rig.git('commit', '-m', 'one');
    await rig.git('switch', '-c', 'side');
    await rig.write({ 'params.yaml': 'n: 2\n' });
    await outcomes(rig);
    await rig.git('commit', '-am', 'two');
    await rig.git('switch', 'main');
    expect(await outcomes(rig)).toEqual({ make: 'restored' });
    expect(await rig.read('out')).toBe('1\n');
    expect(await rig.git('status', '--short')).toBe('');
  });
});
