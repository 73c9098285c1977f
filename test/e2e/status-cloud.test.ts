import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { FetchDocument, PushDocument } from './share/project.ts';
import { REMOTE, cloneProject, commitAll, document, startProject, succeed } from './share/project.ts';

interface Status {
  readonly remotes: readonly {
    readonly total: { readonly new: { readonly objects: number; readonly bytes: number } };
  }[];
}

test('status -c and push tell of the same objects, with what two paths share and what goes with run records', async ({
  rig,
}) => {
  await startProject(rig, {
    'one/a': 'shared',
    'one/b': 'one',
    'two/a': 'shared',
    in: 'made of this',
    'pipeline.yaml': {
      stages: {
        make: {
          cmd: 'cp in made && echo 1 > score.json',
          deps: ['in'],
          outs: ['made'],
          metrics: [{ 'score.json': { cache: false } }],
        },
      },
    },
  });
  await succeed(rig, ['add', 'one', 'two']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  const status = await document<Status>(rig, ['status', '-c']);
  const dry = await document<PushDocument>(rig, ['push', '--dry']);
  const pushed = await document<PushDocument>(rig, ['push']);
  const { objects, bytes } = status.remotes[0]!.total.new;
  expect(objects).toBe(pushed.remotes[0]!.objects);
  expect(bytes).toBe(dry.remotes[0]!.bytes);
  expect(objects).toBe(dry.remotes[0]!.objects);
  const after = await document<Status>(rig, ['status', '-c']);
  expect(after.remotes[0]!.total.new.objects).toBe(0);
});

test('what is in neither is named once, and what differs beside it is counted', async ({ rig }) => {
  await startProject(rig, { 'data/a': 'a\n', 'data/b': 'b\n', one: 'one\n', two: 'two\n', 'new/x': 'x\n' });
  await succeed(rig, ['add', '-q', 'data', 'one', 'two']);
  await rig.remove('.pipe/cache', REMOTE);
  await rig.write({ [`${REMOTE}/placeholder`]: '' });
  await succeed(rig, ['commit', '-q', 'two']);
  await succeed(rig, ['add', '-q', 'new']);
  const { stdout } = await succeed(rig, ['status', '-c']);
  expect(stdout).toBe(
    'new: 2 objects, 90 bytes not in storage\n' +
      'two: 1 object, 4 bytes not in storage\n' +
      'Together: 3 objects, 94 bytes not in storage\n' +
      'Neither in the cache nor in storage (8 bytes):\n  data\n  one\n',
  );
  const told = await document<{ remotes: readonly { missing: readonly { path: string }[] }[] }>(rig, ['status', '-c']);
  expect(told.remotes[0]!.missing.map(({ path }) => path)).toEqual(['data', 'one']);
});

test('in a fresh clone, what a remote has lost is named, though the list of its folder is only there', async ({
  rig,
}) => {
  await startProject(rig, { 'd/sub/large': Buffer.alloc(9_000_000, 'large '), 'd/a': 'a\n', 'd/b': 'b\n' });
  await succeed(rig, ['add', '-q', 'd']);
  await commitAll(rig);
  await succeed(rig, ['push', '-q']);
  await rig.run('find', [rig.path(REMOTE), '-path', '*/loose/*', '-type', 'f', '-delete']);
  const b = await cloneProject(rig, 'b');
  const status = await succeed(rig, ['status', '-c'], b);
  expect(status.stdout).toMatch(/Neither in the cache nor in storage \(9\.0 MB\):\n {2}d\/sub\/large/);
  for (const command of ['pull', 'fetch']) {
    const dry = await document<FetchDocument>(rig, [command, '--dry'], { ...b, code: 1 });
    expect(dry.remotes[0]?.absent).toMatchObject([{ path: 'd/sub/large', size: 9_000_000 }]);
  }
  expect((await rig.pipe(['pull'], b)).code).toBe(1);
});
