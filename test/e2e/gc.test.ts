import { rename, utimes } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Digest } from '../../src/kit/digest.ts';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { formatSize } from '../../src/report/size.ts';
import { markedTime } from '../../src/store/object-mark.ts';
import type { Entry } from '../../src/store/tree.ts';
import { encodeTree } from '../../src/store/tree.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { cacheContent, complete, fsck, gc, makeBranches, makeFor, startProject } from './upkeep/project.ts';

describe('gc says what to keep', () => {
  test('without a scope, without anybody to ask, or with flags that do not go together it does nothing', async ({
    rig,
  }) => {
    await startProject(rig);
    const before = await cacheContent(rig);
    const usage: [string[], RegExp][] = [
      [[], /must be told what to keep[\s\S]*-w, -a, -T, -A, --rev REV, --date DAY/],
      [['-f'], /must be told what to keep/],
      [['-w'], /nobody to ask[\s\S]*-f/],
      [['-w', '-n', '2'], /--num counts back/],
      [['-w', '--trash', 'week', '-f'], /--trash takes a number of days/],
      [['--date', 'yesterday', '-f'], /--date takes a day/],
      [['--undo', '-w'], /--undo stands alone/],
    ];
    for (const [args, message] of usage) {
      const run = await rig.pipe(['gc', ...args]);
      expectProblems(run, 'PIPE_USAGE');
      expect(run.stderr).toMatch(message);
    }
    expectProblems(await rig.pipe(['gc', '--rev', 'nowhere', '-f']), 'PIPE_GIT_REVISION');
    expect(await cacheContent(rig)).toEqual(before);
  });

  test('on a terminal it asks; anything but yes is no', async ({ rig }) => {
    await startProject(rig);
    await makeFor(rig, 2);
    const before = await cacheContent(rig);
    const no = rig.terminal(['gc', '-w']);
    await no.shows(/Remove \d+ objects and 1 run record \(.* KB\) for good\? \[y\/N\]/);
    expect(no.screen().join('\n')).toMatch(/^ {2}large \(pipeline\.lock:make in \w+\): 103 KB\n {2}data .*: .*B\n/);
    no.type('\n');
    expect(await no.done).toBe(0);
    expect(no.screen().join('\n')).toContain('Nothing was removed.');
    expect(await cacheContent(rig)).toEqual(before);
    const stopped = rig.terminal(['gc', '-w']);
    await stopped.shows(/for good\? \[y\/N\]/);
    stopped.type('\u0003');
    expect(await stopped.done).toBe(130);
    expect(await cacheContent(rig)).toEqual(before);
    const yes = rig.terminal(['gc', '-w', '--trash', '3']);
    await yes.shows(/Move .* to the trash for 3 days\? \[y\/N\]/);
    yes.type('y\n');
    expect(await yes.done).toBe(0);
    expect((await cacheContent(rig)).size).toBeLessThan(before.size);
  });
});

test('scopes keep what their branches, tags and commits need, and nothing else', async ({ rig }) => {
  await startProject(rig);
  await makeBranches(rig);
  expect(await rig.pipe(['repro', '-q'])).toMatchObject({ code: 0 });
  const revisions = ['one', 'main', 'side~1', 'side'];
  expect(await complete(rig, revisions)).toEqual(revisions);
  const days = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  const scopes: [string[], string[]][] = [
    [['-w'], ['main']],
    [['-T'], ['one', 'main']],
    [['-a'], ['main', 'side']],
    [
      ['-a', '-n', '2'],
      ['one', 'main', 'side~1', 'side'],
    ],
    [['-A'], revisions],
    [
      ['--rev', 'side'],
      ['main', 'side'],
    ],
    [
      ['--rev', 'side', '-n', '2'],
      ['main', 'side~1', 'side'],
    ],
    [
      ['--rev', 'one', '--rev', 'side~1'],
      ['one', 'main', 'side~1'],
    ],
    [['--date', '2000-01-01'], revisions],
    [['--date', days], ['main']],
  ];
  for (const [args, kept] of scopes) {
    const before = await cacheContent(rig);
    const dry = await gc(rig, [...args, '--dry']);
    const { objects, bytes } = await gc(rig, [...args, '-f', '--trash', '1']);
    expect({ objects, bytes }, args.join(' ')).toEqual({ objects: dry.objects, bytes: dry.bytes });
    expect(await complete(rig, revisions), args.join(' ')).toEqual(kept);
    const undo = await rig.pipe(['gc', '--undo']);
    expect(undo, undo.stderr).toMatchObject({ code: 0, stderr: '' });
    expect([...(await cacheContent(rig)).keys()], args.join(' ')).toEqual(expect.arrayContaining([...before.keys()]));
  }
  expect(await complete(rig, revisions)).toEqual(revisions);
});

const blake3 = await loadBlake3();

function fileOf(text: string): Entry {
  return { kind: 'file', digest: blake3.hash(text), size: text.length };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

test('a dry run names what would go by path and revision, and how much, and changes nothing', async ({ rig }) => {
  await startProject(rig);
  await rig.git('checkout', '-q', '-b', 'side');
  await makeFor(rig, 2);
  await rig.git('checkout', '-q', 'main');
  await rig.pipe(['repro', '-q']);
  const before = await cacheContent(rig);
  const { names = [], objects, bytes, runs } = await gc(rig, ['-w', '--dry']);
  expect(runs).toBe(1);
  expect(objects).toBeGreaterThan(18);
  expect(names.map(({ path, from, revisions }) => [path, from, ...revisions])).toEqual([
    ['large', 'pipeline.lock:make', 'side'],
    ['data', 'pipeline.lock:make', 'side'],
    ['log', 'run of make'],
  ]);
  // The bytes of each object are its own; those of the version that stays are as many.
  const large = (await rig.read('large')).length;
  const numbered = Array.from({ length: 18 }, (_, at) => ({ path: `data/${at + 1}`, bytes: `2 ${at + 1}\n`.length }));
  const below: Entry = { kind: 'dir', digest: blake3.hash(encodeTree(new Map([['same', fileOf('same\n')]]))), size: 5, files: 1 }; // prettier-ignore
  const list = encodeTree(new Map([...numbered.map((_, at) => [String(at + 1), fileOf(`2 ${at + 1}\n`)] as const), ['sub', below]])); // prettier-ignore
  const inData = numbered.reduce((sum, { bytes }) => sum + bytes, list.length);
  expect(names.map((each) => [each.path, each.objects, each.bytes])).toEqual([['large', 1, large], ['data', 19, inData], ['log', 1, 'made 2\n'.length]]); // prettier-ignore
  expect(names.map((each) => each.files.toSorted(byPath))).toEqual([
    [{ path: 'large', bytes: large }],
    numbered.toSorted(byPath),
    [{ path: 'log', bytes: 'made 2\n'.length }],
  ]);
  const { stdout } = await rig.pipe(['gc', '-w', '--dry']);
  const [head, ofLarge, ofData, ...lines] = stdout.split('\n');
  expect(head).toBe(`Would remove ${objects} objects and 1 run record (${formatSize(bytes)}):`);
  expect(bytes).toBeGreaterThan(large + inData);
  expect([ofLarge, ofData]).toEqual([
    `  large (pipeline.lock:make in side): ${formatSize(large)}`,
    `  data (pipeline.lock:make in side): ${formatSize(inData)}`,
  ]);
  expect(lines).toEqual([
    ...(names[1]?.files ?? []).slice(0, 10).map((file) => `    ${file.path}: ${file.bytes} bytes`),
    ...['    and 9 more', '  log (run of make): 7 bytes', ''],
  ]);
  expect(await cacheContent(rig)).toEqual(before);
});

test('what went to the trash comes back with the very same bytes', async ({ rig }) => {
  await startProject(rig);
  await makeFor(rig, 2);
  const before = await cacheContent(rig);
  await gc(rig, ['-w', '-f', '--trash', '7']);
  expect([...before.keys()].filter((path) => !path.endsWith('.pack')).length).toBeGreaterThan(0);
  expect(await rig.pipe(['gc', '--undo'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Brought back') });
  const after = await cacheContent(rig);
  for (const [path, bytes] of before) expect(after.get(path), path).toEqual(bytes);
  expect((await rig.pipe(['gc', '--undo'])).stdout).toBe('The trash is empty.\n');
  expect(await fsck(rig)).toMatchObject({ ok: true });
});

test('a lock or pointer of a kept revision that cannot be read stops it before anything goes', async ({ rig }) => {
  await startProject(rig);
  const good = await rig.read('pipeline.lock');
  await rig.git('checkout', '-q', '-b', 'broken');
  await rig.write({ 'pipeline.lock': '<<<<<<< ours\n' });
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'broken');
  await rig.git('checkout', '-q', 'main');
  const before = await cacheContent(rig);
  const run = await rig.pipe(['gc', '-a', '-f']);
  expectProblems(run, 'PIPE_LOCK_FORMAT');
  expect(run.stderr).toContain('(broken), so it is not known what is needed');
  await rig.write({ 'data.csv.pipe': 'schema: pipe.pointer/9\n' });
  expectProblems(await rig.pipe(['gc', '-w', '-f']), 'PIPE_POINTER_FORMAT');
  expect(await cacheContent(rig)).toEqual(before);
  await rig.remove('data.csv.pipe');
  expect(await rig.read('pipeline.lock')).toBe(good);
  await gc(rig, ['-w', '-f']);
});

test('a damaged list of a folder that is kept stops it, unless it can be had', async ({ rig }) => {
  await startProject(rig);
  await makeFor(rig, 2);
  const lock = await rig.read('pipeline.lock');
  const digest = /"digest":"b3:([0-9a-f]{64})","files":19/.exec(lock)?.[1] ?? '';
  const path = `.pipe/cache/v1/loose/${digest.slice(0, 2)}/${digest.slice(2)}`;
  // Taken out of its pack, as if it had been stored alone, and spoilt.
  for (const each of (await cacheContent(rig)).keys()) if (each.endsWith('.pack')) await rig.remove(each);
  await rig.write({ [path]: 'no list' });
  // By a disk: nobody has written to it.
  await utimes(rig.path(path), 0, markedTime(`b3:${digest}` as Digest, Date.now()));
  await rename(rig.path('data'), rig.path('../data'));
  for (const when of ['found out now', 'set aside before']) {
    const run = await rig.pipe(['gc', '-w', '-f']);
    expectProblems(run, 'PIPE_OBJECT_MISSING');
    expect(run.stderr, when).toContain('data (pipeline.lock:make in workspace');
    expect(await rig.exists(path), when).toBe(false);
  }
  await rename(rig.path('../data'), rig.path('data'));
  await gc(rig, ['-w', '-f']);
  expect(await rig.pipe(['repro', '-q', '-f'])).toMatchObject({ code: 0 });
  await gc(rig, ['-w', '-f']);
  expect(await fsck(rig)).toMatchObject({ missing: [] });
});

test('what another worktree has in its workspace stays, committed or not', async ({ rig }) => {
  await startProject(rig);
  await rig.git('worktree', 'add', '-q', '-b', 'linked', '../linked');
  await rig.write({ '../linked/number': '9\n' });
  expect(await rig.pipe(['repro', '-q'], { cwd: '../linked' })).toMatchObject({ code: 0 });
  expect(await gc(rig, ['-w', '-f'])).toMatchObject({ objects: 0 });
  expect(await fsck(rig, [], { cwd: '../linked' })).toMatchObject({ ok: true });
  await rig.git('worktree', 'remove', '-f', '../linked');
  expect((await gc(rig, ['-w', '-f'])).objects).toBeGreaterThan(18);
});

test('what another project with the same cache needs stays when it is named', async ({ rig }) => {
  await startProject(rig);
  await rig.write({ '../other/number': '5\n' });
  await rig.pipe(['init', '-q', '--no-scm'], { cwd: '../other' });
  await rig.pipe(['cache', 'dir', rig.path('.pipe/cache')], { cwd: '../other' });
  await rig.write({ '../other/pipeline.yaml': await rig.read('pipeline.yaml') });
  expect(await rig.pipe(['repro', '-q'], { cwd: '../other' })).toMatchObject({ code: 0 });
  expect(await gc(rig, ['-w', '-f', '-p', '../other'])).toMatchObject({ objects: 0 });
  expect((await gc(rig, ['-w', '-f'])).objects).toBeGreaterThan(18);
});

test('du adds up what there is, and what each thing alone needs', async ({ rig }) => {
  await startProject(rig);
  const run = await rig.pipe(['du', '--json']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const document = run.json<{
    cache: Record<'loose' | 'packed' | 'runs', { count: number; bytes: number }>;
    things: { path: string; size: number; files: number; ownObjects: number; ownBytes: number }[];
    others: { objects: number };
  }>();
  const content = [...(await cacheContent(rig))];
  const bytes = (part: string): number =>
    content.filter(([path]) => path.includes(`/v1/${part}/`)).reduce((sum, [, each]) => sum + each.length, 0);
  expect(document.cache.loose.bytes).toBe(bytes('loose'));
  expect(document.cache.packed.bytes).toBe(bytes('packs'));
  expect(document.cache.runs.bytes).toBe(bytes('runs'));
  expect(document.things.map(({ path, files, ownObjects }) => [path, files, ownObjects])).toEqual([
    ['large', 1, 1],
    ['data', 19, 21],
  ]);
  // The log.
  expect(document.others.objects).toBe(1);
  expect((await rig.pipe(['du', 'data'])).stdout).toMatch(
    /^SIZE +ALONE +PATH +TRACKED BY\n.* data +pipeline.lock:make\n/,
  );
  expectProblems(await rig.pipe(['du', 'nothing']), 'PIPE_TARGET_UNKNOWN');
});
