import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { withDisk } from './faults/disk.ts';
import { expectFailure, expectProblems, outcomes, reproduce, setUp } from './faults/problem.ts';

const REPRO = ['repro', '--json'];
const STAGES = { s: { cmd: 'echo hello; mkdir -p o; cp d o/a', deps: ['d'], outs: ['o/a'] } };

test.for([
  ['store', '.pipe/cache', 'PIPE_FILE_WRITE'],
  ['objects of the store', '.pipe/cache/v1', 'PIPE_STORE_WRITE'],
  ['journal', '.pipe/tmp/journal', 'PIPE_STORE_WRITE'],
  ['claims', '.pipe/tmp/claims', 'PIPE_STORE_WRITE'],
  ['logs', '.pipe/tmp/logs', 'PIPE_STORE_WRITE'],
] as const)(
  'a full disk under the %s is one problem, and with space again the run ends right',
  async ([, folder, code], { rig }) => {
    await setUp(rig, STAGES, { d: 'x'.repeat(10_000) });
    await withDisk(rig, { folder }, async (disk) => {
      await disk.fill();
      const { problem } = expectFailure(await rig.pipe(REPRO), 's', code);
      expect(problem?.message).toMatch(/disk is full|no space left on the disk/);
      expect(problem?.hint).toContain('free some space');
      expect(await rig.exists('pipeline.lock')).toBe(false);
      await disk.free();
      await reproduce(rig);
      expect(await rig.read('o/a')).toBe('x'.repeat(10_000));
      expect(await reproduce(rig)).toEqual({ s: 'fresh' });
      await rig.remove('o');
      expect(await reproduce(rig)).toEqual({ s: 'restored' });
    });
  },
);

test('a disk that is full when the lock is written is one problem, and what had finished stays finished', async ({
  rig,
}) => {
  await rig.write({ '.keep': '' });
  await withDisk(rig, { folder: '.' }, async (disk) => {
    await setUp(rig, { s: { cmd: 'cp d a; cat /dev/zero > filler || :', deps: ['d'], outs: ['a'] } }, { d: 'one\n' });
    await withDisk(rig, { folder: '.pipe/tmp' }, async () => {
      await withDisk(rig, { folder: '.pipe/cache' }, async () => {
        const run = await rig.pipe(['repro']);
        expectProblems(run, 'PIPE_FILE_WRITE');
        expect(run.stderr).toContain('pipeline.lock');
        expect((await rig.files()).filter((file) => file.includes('pipe-tmp'))).toEqual([]);
        await disk.free();
        expect(await reproduce(rig)).toEqual({ s: 'fresh' });
        expect(await rig.read('pipeline.lock')).toContain('"s"');
      });
    });
  });
});

test('a disk that is full when outs are restored is one problem, and no half of an out is left', async ({ rig }) => {
  await setUp(rig, { s: { cmd: 'head -c 3000000 /dev/zero > o/a', deps: ['d'], outs: ['o/a'] } }, { d: '', 'o/x': '' });
  await withDisk(rig, { folder: 'o' }, async (disk) => {
    expect(await reproduce(rig)).toEqual({ s: 'ran' });
    await rig.remove('o/a');
    await disk.fill();
    expectFailure(await rig.pipe(REPRO), 's', 'PIPE_STORE_WRITE');
    expect(await rig.files('o')).toEqual(['.gitignore', 'filler']);
    await disk.free();
    expect(await reproduce(rig)).toEqual({ s: 'restored' });
  });
});

test('a full or read-only disk under what only saves time keeps nobody from work', async ({ rig }) => {
  await setUp(rig, STAGES, { d: 'one\n' });
  const folder = rig.env['XDG_CACHE_HOME']!;
  await withDisk(rig, { folder }, async (disk) => {
    await disk.fill();
    expect(await reproduce(rig)).toEqual({ s: 'ran' });
    await disk.readOnly();
    expect(await reproduce(rig)).toEqual({ s: 'fresh' });
    expect(await rig.pipe(['status'])).toMatchObject({ code: 0, stderr: '' });
  });
});

test('on a read-only disk everything can be looked at, and running is one problem', async ({ rig }) => {
  await withDisk(rig, { folder: '.' }, async (disk) => {
    await setUp(rig, STAGES, { d: 'one\n' });
    await reproduce(rig);
    await disk.readOnly();
    for (const args of [['status'], ['dag'], ['explain', 's'], ['logs', 's'], ['stage', 'list'], ['repro', '--dry']]) {
      expect(await rig.pipe(args), args.join(' ')).toMatchObject({ code: 0, stderr: '' });
    }
    expect(await reproduce(rig)).toEqual({ s: 'fresh' });
    const run = await rig.pipe(['repro', '-f', '--json']);
    expect(run, run.stderr).toMatchObject({ code: 1, stderr: '' });
    expect(run.stdout).toContain('read-only');
    expect(outcomes(run)).toEqual({ s: 'failed' });
    expect(await rig.read('o/a')).toBe('one\n');
  });
});

test('outs are restored from a read-only store; storing there is one problem', async ({ rig }) => {
  await setUp(rig, STAGES, { d: 'one\n' });
  await withDisk(rig, { folder: '.pipe/cache' }, async (disk) => {
    await reproduce(rig);
    await disk.readOnly();
    await rig.remove('o');
    expect(await reproduce(rig)).toEqual({ s: 'restored' });
    await rig.write({ d: 'two\n' });
    const { problem } = expectFailure(await rig.pipe(REPRO), 's', 'PIPE_STORE_WRITE');
    expect(problem?.message).toContain('read-only');
    await rig.write({ d: 'one\n' });
    expect(await reproduce(rig)).toEqual({ s: 'restored' });
  });
});

test('an out in a read-only folder is one problem that names the place', async ({ rig }) => {
  await setUp(rig, { s: { ...STAGES.s, outs: [{ 'o/a': { cache: false } }] } }, { d: 'one\n' });
  await reproduce(rig);
  await withDisk(rig, { folder: 'o' }, async (disk) => {
    await disk.readOnly();
    const { problem } = expectFailure(await rig.pipe(REPRO), 's', 'PIPE_STORE_WRITE');
    expect(problem?.message).toContain(join(rig.project, 'o'));
  });
  expect(await rig.read('o/a')).toBe('one\n');
});
