import { expect } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { commitAll, startProject, succeed } from './share/project.ts';
import { gitThere, publish, REGISTRY, startRegistry } from './share/registry.ts';

test('outs that Git keeps are listed as files of Git', async ({ rig }) => {
  await startRegistry(rig);
  await rig.write({
    [`${REGISTRY}/pipeline.yaml`]: {
      stages: {
        score: {
          cmd: 'echo 1 > score.json && mkdir -p plots && echo 2 > plots/p.csv',
          metrics: [{ 'score.json': { cache: false } }],
          plots: [{ plots: { cache: false } }],
        },
      },
    },
  });
  expect(await rig.pipe(['repro', '-q'], { cwd: REGISTRY })).toMatchObject({ code: 0 });
  await commitAll(rig, 'metrics', { cwd: REGISTRY });
  const { stdout } = await succeed(rig, ['list', REGISTRY]);
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['score.json', 'plots/']));
  expect((await succeed(rig, ['list', REGISTRY, 'plots'])).stdout).toBe('p.csv\n');
  await succeed(rig, ['get', REGISTRY, 'plots']);
  expect(await rig.read('plots/p.csv')).toBe('2\n');
});

test('a slash behind a name means a folder, also one that is not there', async ({ rig }) => {
  await startRegistry(rig);
  await startProject(rig);
  await rig.write({ '../file.txt': 'x\n' });
  await succeed(rig, ['get', REGISTRY, 'labels.csv', '-o', 'a/']);
  await succeed(rig, ['get-url', '../file.txt', 'b/']);
  await succeed(rig, ['import', REGISTRY, 'labels.csv', '-o', 'c/']);
  await succeed(rig, ['import-url', '../file.txt', 'd/']);
  for (const path of ['a/labels.csv', 'b/file.txt', 'c/labels.csv.pipe', 'd/file.txt.pipe'])
    expect(await rig.exists(path), path).toBe(true);
  const again = await rig.pipe(['get-url', '../file.txt', 'b/']);
  expectProblems(again, 'PIPE_USAGE');
  expect(again.stderr).toContain('name another place behind the URL');
});

test('where a source has moved on, not everything is up to date', async ({ rig }) => {
  await startRegistry(rig);
  await startProject(rig);
  await succeed(rig, ['import', '-q', REGISTRY, 'labels.csv']);
  expect((await succeed(rig, ['status', '--updates'])).stdout).toBe('Everything is up to date: 1 pointer.\n');
  await rig.write({ [`${REGISTRY}/labels.csv`]: 'a,b\n3,4\n' });
  await succeed(rig, ['add', '-q', 'labels.csv'], { cwd: REGISTRY });
  await publish(rig, 'moved');
  expect((await succeed(rig, ['status', '--updates'])).stdout).toBe(
    'Nothing changed here: 1 pointer.\nlabels.csv: the source has moved on (pipe update)\n',
  );
});

test('locks that a killed Git left in a clone are in nobody’s way', async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'));
  try {
    const url = `${server.url}/registry.git`;
    await succeed(rig, ['list', url]);
    const clones = `${rig.env['XDG_CACHE_HOME'] ?? ''}/pipe/clones`;
    const clone = (await rig.run('find', [clones, '-name', 'repository.git'])).stdout.trim();
    await rig.run('touch', ['HEAD.lock', 'refs/pipe/tip.lock', 'refs/pipe/HEAD.lock'], { cwd: clone });
    await rig.write({ [`${REGISTRY}/new.txt`]: 'new\n' });
    await publish(rig, 'second');
    expect((await succeed(rig, ['list', url])).stdout).toContain('new.txt');
  } finally {
    await server.close();
  }
});

test('a pointer of more than 1 MiB is not read, and said to be so', async ({ rig }) => {
  await startRegistry(rig);
  const pointer = await rig.read(`${REGISTRY}/labels.csv.pipe`);
  await rig.write({ [`${REGISTRY}/huge.pipe`]: `${pointer}# ${'x'.repeat(1 << 20)}\n` });
  await gitThere(rig, 'add', '-f', 'huge.pipe');
  await gitThere(rig, 'commit', '-qm', 'huge');
  const { stdout } = await succeed(rig, ['list', REGISTRY]);
  expect(stdout).toContain('labels.csv\n');
  expect(stdout).toMatch(/Not read: .*too large/);
});

test('several imports of one commit read once what it holds', async ({ rig }) => {
  await startRegistry(rig);
  await startProject(rig);
  for (const path of ['labels.csv', 'made', 'images']) await succeed(rig, ['import', '-q', REGISTRY, path]);
  await rig.remove('.pipe/cache', 'labels.csv', 'made', 'images');
  await succeed(rig, ['pull', '-q'], { env: { GIT_TRACE: rig.path('trace') } });
  expect(await rig.read('made')).toBe('in\nin\n');
  expect((await rig.read('trace')).match(/built-in: git ls-tree/g)?.length).toBe(1);
});
