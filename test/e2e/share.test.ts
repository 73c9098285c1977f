import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectValid } from '../setup/schema.ts';
import { expectProblems } from './faults/problem.ts';
import type { FetchDocument, PushDocument, RemoteStatus } from './share/project.ts';
import {
  cloneProject,
  commitAll,
  document,
  holds,
  REMOTE,
  remoteFiles,
  smallFiles,
  startProject,
  succeed,
} from './share/project.ts';

const MAKE = {
  cmd: 'mkdir -p made && cp number made/copy && seq 30000 > made/big && echo log $(cat number)',
  deps: ['number'],
  outs: ['made'],
};
const MEASURE = {
  cmd: 'wc -c < made/copy > score.json',
  deps: ['made'],
  metrics: [{ 'score.json': { cache: false } }],
};

test('two clones share data, and what one has run the other need not run', async ({ rig }) => {
  const large = Buffer.alloc(6_000_000, 'large ');
  await startProject(rig, {
    ...smallFiles('data', 300),
    'data/sub/empty': '',
    'big.bin': large,
    'pipeline.yaml': { stages: { make: MAKE, measure: MEASURE } },
    number: '1\n',
  });
  await succeed(rig, ['add', 'data', 'big.bin']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  const first = await document<PushDocument>(rig, ['push']);
  expect(first.remotes).toMatchObject([{ name: 'storage', large: 1, records: 2, missing: [] }]);
  expect(await document<PushDocument>(rig, ['push'])).toMatchObject({
    remotes: [{ objects: 0, packs: 0, large: 0, records: 0 }],
  });
  expect((await succeed(rig, ['push'])).stdout).toBe(
    `Everything is in storage already: ${first.remotes[0]!.wanted} objects.\n`,
  );
  expect((await remoteFiles(rig)).get('format')?.toString()).toBe('pipe.remote/1\n');

  const b = await cloneProject(rig, 'b');
  expect((await document<RemoteStatus>(rig, ['status', '-c'], b)).upToDate).toBe(false);
  const pulled = await rig.pipe(['pull'], b);
  expect(pulled, pulled.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(pulled.stdout).toMatch(
    /^Fetched \d+ objects, .* from storage\.\nA {2}big.bin {2}1 added\nA {2}data {2}301 added\nA {2}made {2}2 added\n/,
  );
  const same = await rig.run('diff', ['-r', '--exclude=.git', '--exclude=.pipe', rig.project, rig.path('../b')]);
  expect(same.stdout).toBe('');
  expect((await document<RemoteStatus>(rig, ['status', '-c'], b)).upToDate).toBe(true);
  expect((await succeed(rig, ['status'], b)).stdout).toMatch(/^Everything is up to date/);

  await succeed(rig, ['fetch', '--run-cache'], b);
  await rig.remove('../b/made', '../b/pipeline.lock');
  const again = await rig.pipe(['repro', '--json'], b);
  expect(again.stdout).toMatch(/"stage":"make","outcome":"restored"/);
  expect(again.stdout).not.toMatch(/"outcome":"ran"/);

  await rig.write({ '../b/data/new.txt': 'from b\n', '../b/number': '2\n' });
  await succeed(rig, ['add', 'data'], b);
  expect((await rig.pipe(['repro', '-q'], b)).code).toBe(0);
  await commitAll(rig, 'from b', b);
  const back = await document<PushDocument>(rig, ['push'], b);
  expect(back.remotes[0]!.objects).toBeLessThan(12);
  await rig.git('pull', '-q', rig.path('../b'), 'main');
  await succeed(rig, ['pull']);
  expect(await rig.read('data/new.txt')).toBe('from b\n');
  expect(await rig.read('made/copy')).toBe('2\n');
});

test('all that runs made comes, also where their records came by themselves before', async ({ rig }) => {
  await startProject(rig, { 'pipeline.yaml': { stages: { make: MAKE } }, number: '2\n' });
  await succeed(rig, ['repro', '-q']);
  await rig.write({ number: '1\n' });
  await succeed(rig, ['repro', '-q']);
  await commitAll(rig);
  await succeed(rig, ['push', '--run-cache']);
  const b = await cloneProject(rig, 'b');
  await rig.write({ '../b/number': '2\n' });
  await succeed(rig, ['repro', '--pull', '--dry'], b);
  await succeed(rig, ['fetch', '--run-cache'], b);
  const again = await succeed(rig, ['repro', '--json'], b);
  expect(again.stdout).toMatch(/"stage":"make","outcome":"restored"/);
});

test('targets, revisions and patterns choose what travels', async ({ rig }) => {
  await startProject(rig, {
    ...smallFiles('one/a', 20, 'a'),
    ...smallFiles('two', 20, 'two'),
    'one/b.csv': 'b\n',
    number: '1\n',
    'pipeline.yaml': { stages: { make: MAKE } },
  });
  await succeed(rig, ['add', 'one/a', 'one/b.csv', 'two']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig, 'one');
  await rig.git('tag', 'v1');
  await rig.write({ 'two/0.txt': 'changed\n' });
  await succeed(rig, ['add', 'two']);
  await commitAll(rig, 'two');

  await succeed(rig, ['push', '-R', 'one']);
  expect([await holds(rig, 'file 7 a'), await holds(rig, 'file 7 two'), await holds(rig, 'b\n')]).toEqual([
    true,
    false,
    true,
  ]);
  await succeed(rig, ['push', '--glob', 'tw*']);
  expect([await holds(rig, 'file 0 two'), await holds(rig, 'changed')]).toEqual([false, true]);
  expect(await document<PushDocument>(rig, ['push', '-T', '--dry'])).toMatchObject({ dry: true });
  expect(await holds(rig, 'file 0 two')).toBe(false);
  await succeed(rig, ['push', '-T', 'two']);
  expect([await holds(rig, 'file 0 two'), await holds(rig, '29999\n')]).toEqual([true, false]);
  await succeed(rig, ['push', 'make']);
  expect(await holds(rig, '29999\n')).toBe(true);

  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', 'two/3.txt', 'one/b.csv'], b);
  expect(await rig.files('../b/two')).toEqual(['3.txt']);
  const cached = await rig.run(
    'sh',
    ['-c', 'cat .pipe/cache/v1/packs/* .pipe/cache/v1/loose/*/* | grep -a "^file" | sort -u'],
    b,
  );
  expect(cached.stdout).toBe('file 3 two\n');
  const dry = await document<FetchDocument>(rig, ['fetch', '--dry'], b);
  expect(dry.remotes[0]!.objects).toBeGreaterThan(40);
  await succeed(rig, ['fetch', '-a', '-T'], b);
  await rig.run('git', ['checkout', '-q', 'v1'], b);
  await succeed(rig, ['checkout', 'two'], b);
  expect(await rig.read('../b/two/0.txt')).toBe('file 0 two\n');
});

describe('what cannot be', () => {
  test('is told as a usage error or a problem of the remote', async ({ rig }) => {
    await startProject(rig, { x: 'x' });
    await succeed(rig, ['add', 'x']);
    for (const args of [
      ['push', '-j', '0'],
      ['push', '--run-cache', '--no-run-cache'],
      ['status', '-a'],
      ['fetch', '--verify'],
    ]) {
      expectProblems(await rig.pipe(args), 'PIPE_USAGE');
    }
    expectProblems(await rig.pipe(['push', '-r', 'nowhere']), 'PIPE_REMOTE_UNKNOWN');
    expectProblems(await rig.pipe(['push', 'nothing']), 'PIPE_TARGET_UNKNOWN');
    expectProblems(await rig.pipe(['push', '--glob', 'z*']), 'PIPE_TARGET_UNKNOWN');
    await succeed(rig, ['remote', 'remove', 'storage']);
    expectProblems(await rig.pipe(['push']), 'PIPE_REMOTE_NONE');
    expect((await remoteFiles(rig)).size).toBe(0);
  });

  test('files that are nowhere else are not overwritten, and other targets are put in place', async ({ rig }) => {
    await startProject(rig, { ...smallFiles('data', 20), 'other.csv': 'other\n' });
    await succeed(rig, ['add', 'data', 'other.csv']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const b = await cloneProject(rig, 'b');
    await rig.write({ '../b/data/0.txt': 'mine' });
    const refused = await rig.pipe(['pull'], b);
    expectProblems(refused, 'PIPE_UNSAVED');
    expect(refused.stdout).toMatch(/^Fetched 22 objects, .* from storage\.\nA {2}other.csv {2}1 added\n/);
    expect(await rig.read('../b/data/0.txt')).toBe('mine');
    expect(await rig.read('../b/other.csv')).toBe('other\n');
    await rig.remove('../b/other.csv');
    const told = await rig.pipe(['pull', '--json'], b);
    expect(told.code).toBe(2);
    const json = told.json<{ readonly refused: unknown; readonly paths: unknown }>();
    expectValid(json);
    expect(json).toMatchObject({ refused: [{ code: 'PIPE_UNSAVED' }], paths: [{ path: 'other.csv', added: 1 }] });
    await succeed(rig, ['pull', '-f'], b);
    expect(await rig.read('../b/data/0.txt')).toBe('file 0 \n');
  });
});

test('git push pushes the data first, where pipe is installed', async ({ rig }) => {
  await startProject(rig, smallFiles('data', 20));
  await succeed(rig, ['add', 'data']);
  await succeed(rig, ['install']);
  await commitAll(rig);
  await rig.run('git', ['init', '-q', '--bare', rig.path('../bare')]);
  await rig.git('remote', 'add', 'origin', rig.path('../bare'));
  const pushed = await rig.run('git', ['push', '-q', 'origin', 'main']);
  expect(pushed, pushed.stderr).toMatchObject({ code: 0 });
  expect(await holds(rig, 'file 7 ')).toBe(true);
});

describe('git push, where pipe is installed,', () => {
  /** A branch `other` with two commits of different data, beside `main`, which is checked out. */
  async function twoBranches(rig: Rig): Promise<void> {
    await startProject(rig, { 'data.csv': 'start\n' });
    await succeed(rig, ['add', 'data.csv']);
    await succeed(rig, ['install']);
    await commitAll(rig);
    await rig.git('init', '-q', '--bare', '-b', 'main', rig.path('../bare'));
    await rig.git('remote', 'add', 'origin', rig.path('../bare'));
    await gitPush(rig, 'main');
    await rig.git('switch', '-q', '-c', 'other');
    for (const text of ['second\n', 'third\n']) {
      await rig.write({ 'data.csv': text });
      await succeed(rig, ['add', 'data.csv']);
      await commitAll(rig, text);
    }
    await rig.git('switch', '-q', 'main');
  }

  async function gitPush(rig: Rig, ...args: string[]): Promise<void> {
    const pushed = await rig.run('git', ['push', '-q', 'origin', ...args]);
    expect(pushed, pushed.stderr).toMatchObject({ code: 0 });
  }

  test('sends the data of all commits of another branch, and of no more', async ({ rig }) => {
    await twoBranches(rig);
    await rig.git('switch', '-q', '-c', 'mine');
    await rig.write({ 'data.csv': 'mine alone\n' });
    await succeed(rig, ['add', 'data.csv']);
    await commitAll(rig, 'mine');
    await rig.git('switch', '-q', 'main');
    await gitPush(rig, 'other');
    expect([await holds(rig, 'second\n'), await holds(rig, 'third\n')]).toEqual([true, true]);
    expect(await holds(rig, 'mine alone')).toBe(false);
    await rig.run('git', ['clone', '-q', rig.path('../bare'), rig.path('../b')]);
    expect((await succeed(rig, ['fetch', '-A'], { cwd: '../b' })).stderr).toBe('');
  });

  test('sends those of a branch that goes on, beside lines of others in the hook', async ({ rig }) => {
    await twoBranches(rig);
    const hook = await rig.read('.git/hooks/pre-push');
    await rig.write({ '.git/hooks/pre-push': `${hook}cat > said\n` });
    await gitPush(rig, 'other~1:refs/heads/other');
    expect([await holds(rig, 'second\n'), await holds(rig, 'third\n')]).toEqual([true, false]);
    await gitPush(rig, 'other');
    expect(await holds(rig, 'third\n')).toBe(true);
    const [from, to] = [await rig.git('rev-parse', 'other~1'), await rig.git('rev-parse', 'other')];
    expect(await rig.read('said')).toBe(`refs/heads/other ${to} refs/heads/other ${from}\n`);
  });

  test('goes past what another branch sends to a remote that is not known here, and what it keeps', async ({ rig }) => {
    await twoBranches(rig);
    await rig.git('switch', '-q', 'other');
    const pointer = await rig.read('data.csv.pipe');
    await rig.write({ 'data.csv.pipe': `${pointer}    remote: gone\n` });
    await commitAll(rig, 'elsewhere');
    await rig.write({ 'secret.csv': 'secret\n', 'data.csv.pipe': pointer });
    await succeed(rig, ['add', 'secret.csv']);
    await commitAll(rig, 'a secret');
    await rig.write({ 'secret.csv.pipe': `${await rig.read('secret.csv.pipe')}    push: false\n` });
    await commitAll(rig, 'is kept');
    await rig.git('switch', '-q', 'main');
    await gitPush(rig, 'other');
    expect([await holds(rig, 'second\n'), await holds(rig, 'secret')]).toEqual([true, false]);
  });

  test('sends nothing when a branch is deleted, and stops when data are nowhere', async ({ rig }) => {
    await twoBranches(rig);
    await gitPush(rig, 'other');
    await rig.remove(REMOTE);
    await gitPush(rig, '--delete', 'other');
    expect(await rig.exists(REMOTE)).toBe(false);
    expect((await rig.git('ls-remote', '--heads', 'origin', 'other')).trim()).toBe('');
    // Of older commits, it is named.
    await rig.git('switch', '-q', 'other');
    await succeed(rig, ['gc', '-w', '-f']);
    const older = await rig.run('git', ['push', '-q', 'origin', 'other']);
    expect(older.code, older.stderr).toBe(0);
    expect(older.stdout + older.stderr).toMatch(/Neither in the cache nor in storage.*\n {2}data\.csv/);
    expect(await holds(rig, 'third\n')).toBe(true);
    await gitPush(rig, '--delete', 'other');
    await rig.remove(REMOTE);
    await rig.git('switch', '-q', 'main');
    await succeed(rig, ['gc', '-w', '-f']);
    const stopped = await rig.run('git', ['push', '-q', 'origin', 'other']);
    expect(stopped.code).not.toBe(0);
    expect(stopped.stdout + stopped.stderr).toMatch(/Neither in the cache nor in storage.*\n {2}data\.csv/);
    expect((await rig.git('ls-remote', '--heads', 'origin', 'other')).trim()).toBe('');
  });
});

test('push --rev sends what a revision needs besides the workspace', async ({ rig }) => {
  await startProject(rig, { 'data.csv': 'first\n', 'other.csv': 'other\n' });
  await succeed(rig, ['add', 'data.csv', 'other.csv']);
  await commitAll(rig, 'one');
  for (const text of ['second\n', 'third\n']) {
    await rig.write({ 'data.csv': text, 'other.csv': `other ${text}` });
    await succeed(rig, ['add', 'data.csv', 'other.csv']);
    await commitAll(rig, text);
  }
  await succeed(rig, ['push', '--rev', 'HEAD~1', 'data.csv']);
  const held = async () => Promise.all(['first\n', 'second\n', 'third\n', 'other'].map((text) => holds(rig, text)));
  expect(await held()).toEqual([false, true, true, false]);
  const ids = (await rig.git('rev-list', 'HEAD')).split('\n').flatMap((id) => ['--rev', id]);
  await succeed(rig, ['push', ...ids]);
  expect(await held()).toEqual([true, true, true, true]);
  expectProblems(await rig.pipe(['push', '--rev', 'nowhere']), 'PIPE_GIT_REVISION');
  expectProblems(await rig.pipe(['push', '--rev', 'd'.repeat(40), '--rev', 'HEAD']), 'PIPE_GIT_REVISION');
  expectProblems(await rig.pipe(['fetch', '--rev', 'HEAD']), 'PIPE_USAGE');
});
