import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { cacheContent, commit, flip, pipe } from './upkeep/project.ts';

const STAGES = { stages: { count: { cmd: 'ls d > out', deps: ['d'], outs: ['out'] } } };

/** A folder that got a file and another content of one in the second commit; the first one has the tag `old`. */
async function start(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await pipe(rig, 'init', '-q');
  await rig.write({ 'd/a': 'a\n', 'd/b': 'b\n', 'pipeline.yaml': STAGES });
  await pipe(rig, 'add', 'd');
  await commit(rig, 'one');
  await rig.git('tag', 'old');
  await rig.write({ 'd/b': 'b of two\n', 'd/c': 'c\n' });
  await pipe(rig, 'add', 'd');
  await commit(rig, 'two');
}

/** Changes a file of the first commit, and goes to the second one. */
async function changeOld(rig: Rig): Promise<void> {
  await rig.git('checkout', '-q', 'old');
  await pipe(rig, 'checkout');
  await rig.write({ 'd/a': 'a\nmine\n' });
  await rig.git('checkout', '-q', 'main');
}

/** Flips a byte of the object that holds a text. */
async function damage(rig: Rig, text: string): Promise<void> {
  for (const [path, bytes] of await cacheContent(rig)) {
    const at = bytes.indexOf(text);
    if (at >= 0) await flip(path, at);
  }
}

interface StatusDocument {
  readonly data: readonly { readonly notDownloaded?: number; readonly inCache?: boolean }[];
}

async function statusJson(rig: Rig): Promise<StatusDocument['data'][number] | undefined> {
  const document = (await rig.pipe(['status', '--json'])).json<StatusDocument>();
  expectValid(document);
  return document.data[0];
}

describe('files that were never put in place here, and that the cache has', () => {
  test('are brought by a checkout, as status and add say', async ({ rig }) => {
    await start(rig);
    await changeOld(rig);
    expect(await pipe(rig, 'status')).toContain('  d modified, 1 file not checked out (pipe checkout d)\n');
    expect(await statusJson(rig)).toMatchObject({ state: 'modified', notDownloaded: 1, inCache: true });
    const added = await pipe(rig, 'add', 'd');
    expect(added).toContain('  1 file that was never checked out stays recorded (`pipe checkout d`)\n');
    await pipe(rig, 'checkout', 'd');
    expect([await rig.read('d/a'), await rig.read('d/b'), await rig.read('d/c')]).toEqual([
      'a\nmine\n',
      'b of two\n',
      'c\n',
    ]);
  });

  test('are no download for a commit and a stage either', async ({ rig }) => {
    await start(rig);
    await rig.remove('d');
    await pipe(rig, 'checkout', 'd/a');
    expect(await pipe(rig, 'status')).toContain('  d: 2 files not checked out (pipe checkout d)\n');
    const refused = await rig.pipe(['repro']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/"count" needs d, of which not all is in place: d\/b, d\/c\n(.*\n)*.*hint: put it in place with `pipe checkout d`/); // prettier-ignore
    expect(await pipe(rig, 'commit', 'd')).toContain(
      '  2 files that were never checked out stay recorded (`pipe checkout d`)',
    );
    await pipe(rig, 'checkout', 'd');
    expect(await pipe(rig, 'repro')).toContain('count');
  });
});

describe('files that the cache lacks, in a project', () => {
  async function lose(rig: Rig): Promise<void> {
    await start(rig);
    await damage(rig, 'b of two\n');
    await rig.remove('d');
    expect((await rig.pipe(['checkout'])).code).toBe(1);
    expect(await rig.files('d')).toEqual(['a', 'c']);
  }

  test('without a remote, are missing from the cache', async ({ rig }) => {
    await lose(rig);
    const status = await pipe(rig, 'status');
    expect(status).toContain('  d: 1 file missing from the cache\n');
    expect(status).not.toContain('pipe pull');
    expect(await statusJson(rig)).toMatchObject({ notDownloaded: 1, inCache: false });
    await rig.write({ 'd/a': 'mine\n' });
    const added = await pipe(rig, 'add', 'd');
    expect(added).toContain('  1 file that was never put in place here stays recorded: not all is in the cache, and there is no remote\n'); // prettier-ignore
    await rig.remove('d');
    await pipe(rig, 'checkout', 'd/a');
    expect(await pipe(rig, 'status')).toContain('  d: 1 file missing from the cache');
  });

  test('with one, may be downloaded', async ({ rig }) => {
    await lose(rig);
    await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
    expect(await pipe(rig, 'status')).toContain('  d: 1 file not downloaded (pipe pull d)\n');
    await rig.write({ 'd/a': 'mine\n' });
    expect(await pipe(rig, 'add', 'd')).toContain(
      '  1 file that was never downloaded stays recorded (`pipe pull d`)\n',
    );
  });

  test('without a remote, are told apart from those that the cache has', async ({ rig }) => {
    await start(rig);
    await damage(rig, 'b of two\n');
    await rig.remove('d');
    await pipe(rig, 'checkout', 'd/a');
    await rig.pipe(['checkout', 'd/b']);
    expect(await pipe(rig, 'status')).toContain('  d: 1 file missing from the cache, 1 file not checked out (pipe checkout d)\n'); // prettier-ignore
  });

  test('are no file to pull where all of it is lost', async ({ rig }) => {
    await start(rig);
    await rig.write({ single: 'the only one\n' });
    await pipe(rig, 'add', 'single');
    await rig.remove('single', '.pipe/cache');
    expect(await pipe(rig, 'status', 'single')).toContain('  single is neither on disk nor in the cache\n');
    await pipe(rig, 'remote', 'add', '-q', '-d', 'storage', '../storage');
    expect(await pipe(rig, 'status', 'single')).toContain('is neither on disk nor in the cache (pipe pull single)\n');
  });
});

test('where the list of a folder is unknown, a run names how to record what lies there', async ({ rig }) => {
  await start(rig);
  await rig.remove('.pipe/cache', '.pipe/tmp');
  await rig.write({ 'd/a': 'mine\n' });
  const run = await rig.pipe(['repro']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('to record what lies there as the whole: `pipe add --force d`');
  await pipe(rig, 'add', '--force', 'd');
  await pipe(rig, 'repro');
});

test('of a stage that ran, and that the lock has nothing of, it is not said that it never ran', async ({ rig }) => {
  await start(rig);
  await pipe(rig, 'repro');
  await rig.remove('pipeline.lock');
  for (const args of [['explain', 'count'], ['status'], ['repro', '--dry']]) {
    const told = await pipe(rig, ...args);
    expect(told).toContain('the lock has no run of it');
    expect(told).not.toContain('it has not run before');
  }
  await rig.remove('.pipe/cache/v1/runs');
  expect(await pipe(rig, 'explain', 'count')).toContain('the lock has no run of it');
  const document = (await rig.pipe(['explain', 'count', '--json'])).json<{ stages: [{ reasons: unknown }] }>();
  expectValid(document);
  expect(document.stages[0].reasons).toEqual([{ kind: 'new', known: true, text: 'the lock has no run of it' }]);
});
