import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { commitAll, document, startProject, succeed } from './share/project.ts';
import { publish, REGISTRY, startRegistry } from './share/registry.ts';

interface List {
  readonly entries: readonly {
    readonly path: string;
    readonly kind: string;
    readonly tracked: boolean;
    readonly size: number | null;
  }[];
}

/** A list as `path`, with `*` for what pipe tracks and `/` behind folders. */
async function list(rig: Rig, ...args: string[]): Promise<string[]> {
  const { entries } = await document<List>(rig, ['list', ...args]);
  return entries.map(({ path, kind, tracked }) => `${tracked ? '*' : ''}${path}${kind === 'dir' ? '/' : ''}`);
}

test('a repository lists what Git keeps and what pipe tracks, also inside tracked folders', async ({ rig }) => {
  await startRegistry(rig);
  expect(await list(rig, REGISTRY)).toEqual([
    '.gitignore', '.pipe/', '.pipeignore', 'README.md', 'docs/', '*images/', 'images.pipe', 'in.txt', '*labels.csv',
    'labels.csv.pipe', '*made', 'pipeline.lock', 'pipeline.yaml',
  ]); // prettier-ignore
  expect(await list(rig, REGISTRY, '--dvc-only')).toEqual(['*images/', '*labels.csv', '*made']);
  expect(await list(rig, REGISTRY, 'docs')).toEqual(['note.txt', 'run.sh']);
  expect(await list(rig, REGISTRY, 'images/deep')).toEqual(['*er/']);
  expect(await list(rig, REGISTRY, 'images/deep', '-R')).toEqual(['*er/x.txt']);
  expect(await list(rig, REGISTRY, 'images/deep/er/x.txt')).toEqual(['*x.txt']);
  expect((await list(rig, REGISTRY, '-R', '--dvc-only')).length).toBe(23);
  const { stdout } = await succeed(rig, ['list', REGISTRY, 'docs', '--size']);
  expect(stdout).toBe('12 bytes  note.txt\n10 bytes  run.sh\n');
  expectProblems(await rig.pipe(['list', REGISTRY, 'nothing']), 'PIPE_SOURCE_MISSING');
});

test('files and folders come from a folder of this machine, its cache first', async ({ rig }) => {
  await startRegistry(rig);
  await rig.remove('../registry-remote');
  await succeed(rig, ['get', REGISTRY, 'images']);
  expect((await rig.run('diff', ['-r', 'images', '../registry/images'])).stdout).toBe('');
  await succeed(rig, ['get', REGISTRY, 'images/deep/er', '-o', 'here']);
  expect(await rig.files('here')).toEqual(['x.txt']);
  await succeed(rig, ['get', REGISTRY, 'made']);
  expect(await rig.read('made')).toBe('in\nin\n');
  await succeed(rig, ['get', REGISTRY, 'docs', '-o', 'of-git']);
  expect(await rig.files('of-git')).toEqual(['note.txt', 'run.sh']);
  expect((await rig.run('of-git/run.sh')).code).toBe(0);
  expect((await rig.pipe(['get', REGISTRY, 'made'])).stderr).toContain('made exists already');
  await succeed(rig, ['get', REGISTRY, 'made', '-f']);
  expect((await rig.files()).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('from a server comes only what is needed, at any revision, and the clone is used again', async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'));
  const url = `${server.url}/registry.git`;
  try {
    await rig.write({
      [`${REGISTRY}/labels.csv`]: 'a,b\n3,4\n',
      [`${REGISTRY}/big.bin`]: Buffer.alloc(3_000_000, 'b'),
    });
    await succeed(rig, ['add', '-q', 'labels.csv'], { cwd: REGISTRY });
    const commit = await publish(rig, 'second');
    await succeed(rig, ['get', url, 'labels.csv']);
    expect(await rig.read('labels.csv')).toBe('a,b\n3,4\n');
    for (const rev of ['v1', 'main~1', commit.slice(0, 9) + '~1']) {
      await succeed(rig, ['get', url, 'labels.csv', '--rev', rev, '-f']);
      expect(await rig.read('labels.csv'), rev).toBe('a,b\n1,2\n');
    }
    const before = server.requests.length;
    await succeed(rig, ['get', url, 'labels.csv', '--rev', commit, '-f']);
    expect(server.requests.length).toBe(before);
    await succeed(rig, ['get', url, 'images/3.txt']);
    expect(await rig.read('3.txt')).toBe('file 3 \n');
    const size = await rig.run('du', ['-s', '--block-size=1', `${rig.env['XDG_CACHE_HOME'] ?? ''}/pipe/clones`]);
    expect(Number(size.stdout.split('\t')[0])).toBeLessThan(1_000_000);
    expectProblems(await rig.pipe(['get', url, 'labels.csv', '--rev', 'nope', '-f']), 'PIPE_GIT_REVISION');
    await succeed(rig, ['get', url, 'big.bin']);
    expect((await rig.run('cmp', ['big.bin', '../registry/big.bin'])).code).toBe(0);
  } finally {
    await server.close();
  }
});

test('credentials come from the environment, and no message shows them', async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'), 'hush');
  const url = `${server.url.replace('//', '//me:${TOKEN}@')}/registry.git`;
  try {
    await succeed(rig, ['get', url, 'labels.csv'], { env: { TOKEN: 'hush' } });
    const wrong = await rig.pipe(['get', url, 'labels.csv', '-f'], { env: { TOKEN: 'shush' } });
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('PIPE_GIT');
    expect(wrong.stderr).not.toContain('shush');
    expectProblems(await rig.pipe(['get', url, 'labels.csv', '-f']), 'PIPE_ENV_MISSING');
    const kept = await rig.run('grep', ['-r', 'hush', rig.env['XDG_CACHE_HOME'] ?? '']);
    expect(kept.stdout).toBe('');
  } finally {
    await server.close();
  }
});

test('a remote of this project stands in for theirs', async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'));
  const url = `${server.url}/registry.git`;
  try {
    expect((await rig.run('mv', ['../registry-remote', '../elsewhere'])).code).toBe(0);
    expectProblems(await rig.pipe(['get', url, 'labels.csv']), 'PIPE_REMOTE_NO_FOLDER');
    await succeed(rig, ['init', '-q', '--no-scm']);
    await succeed(rig, ['remote', 'add', '-q', 'moved', rig.path('../elsewhere')]);
    await succeed(rig, ['get', url, 'labels.csv', '--remote', 'moved']);
    expect(await rig.read('labels.csv')).toBe('a,b\n1,2\n');
  } finally {
    await server.close();
  }
});

test.each(['--upload-pack=touch hacked', 'ext::sh -c touch% hacked', 'ssh://-oProxyCommand=touch%20hacked/x', 'a\nb'])(
  'a hostile URL is refused: %s',
  async (url) => {
    const { Rig: Rigs } = await import('../rig/rig.ts');
    const rig = await Rigs.create();
    try {
      expectProblems(await rig.pipe(['get', '--', url, 'x']), 'PIPE_URL');
      expectProblems(await rig.pipe(['list', '--', url]), 'PIPE_URL');
      expect(await rig.files()).toEqual([]);
    } finally {
      await rig.cleanup();
    }
  },
);

test("a stranger's configuration is given neither variables nor files of this machine", async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'));
  const url = `${server.url}/registry.git`;
  const config = `${REGISTRY}/.pipe/config.yaml`;
  try {
    for (const remote of ['s3://bucket/${AWS_SECRET_ACCESS_KEY}', '../relative']) {
      await rig.write({ [config]: `core:\n  remote: evil\nremote:\n  evil:\n    url: ${JSON.stringify(remote)}\n` });
      await rig.run('git', ['commit', '-qam', 'evil'], { cwd: REGISTRY });
      await rig.run('git', ['push', '-q', '../git/registry.git', 'main'], { cwd: REGISTRY });
      const env = { AWS_SECRET_ACCESS_KEY: 'hush' };
      expectProblems(await rig.pipe(['get', url, 'labels.csv'], { env }), 'PIPE_REMOTE_URL');
    }
  } finally {
    await server.close();
  }
});

test('two who get from one repository at once wait for each other', async ({ rig }) => {
  await startRegistry(rig);
  const server = await startGitServer(rig.path('../git'));
  const url = `${server.url}/registry.git`;
  try {
    const all = ['a', 'b', 'c', 'd'].map((out) => rig.pipe(['get', url, 'images', '-o', out, '-q']));
    for (const run of await Promise.all(all)) expect(run, run.stderr).toMatchObject({ code: 0 });
    expect((await rig.files('d')).length).toBe(21);
  } finally {
    await server.close();
  }
});

test('nothing is written over what Git tracks, and no import takes it over', async ({ rig }) => {
  await startProject(rig, { 'labels.csv': 'mine\n', 'images/file': 'mine\n', source: 'theirs\n' });
  await startRegistry(rig);
  await commitAll(rig);
  const get = await rig.pipe(['get', rig.path(REGISTRY), 'labels.csv', '-f']);
  expectProblems(get, 'PIPE_PATH_IN_GIT');
  expectProblems(await rig.pipe(['get-url', 'source', 'labels.csv', '-f']), 'PIPE_PATH_IN_GIT');
  expectProblems(await rig.pipe(['import', rig.path(REGISTRY), 'labels.csv', '-f']), 'PIPE_PATH_IN_GIT');
  expectProblems(await rig.pipe(['import', rig.path(REGISTRY), 'images', '-f']), 'PIPE_PATH_IN_GIT');
  expectProblems(await rig.pipe(['import-url', rig.path('source'), 'labels.csv', '-f']), 'PIPE_PATH_IN_GIT');
  expect(await rig.read('labels.csv')).toBe('mine\n');
});

test('a folder that holds both files of Git and tracked things is listed once, and got whole', async ({ rig }) => {
  await startRegistry(rig);
  await rig.write({ [`${REGISTRY}/mixed/README`]: 'read me\n', [`${REGISTRY}/mixed/data.csv`]: '1\n' });
  await succeed(rig, ['add', '-q', 'mixed/data.csv'], { cwd: REGISTRY });
  await publish(rig, 'mixed');
  expect((await list(rig, REGISTRY)).filter((entry) => entry.includes('mixed'))).toEqual(['*mixed/']);
  await succeed(rig, ['get', REGISTRY, 'mixed']);
  expect((await rig.files('mixed')).filter((name) => !name.startsWith('.'))).toEqual([
    'README',
    'data.csv',
    'data.csv.pipe',
  ]);
});

test('what appears at its place during a download is not written over, but with --force', async ({ rig }) => {
  const server = createServer(({ method }, response) => {
    if (method === 'GET') writeFileSync(rig.path('big.csv'), 'mine\n');
    response.end(method === 'GET' ? 'theirs\n' : undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/big.csv`;
  const run = await rig.pipe(['get-url', url]);
  expectProblems(run, 'PIPE_USAGE');
  expect(run.stderr).toContain('big.csv exists already');
  expect(await rig.read('big.csv')).toBe('mine\n');
  await succeed(rig, ['get-url', '--force', url]);
  expect(await rig.read('big.csv')).toBe('theirs\n');
  expect((await readdir(rig.path('.'))).filter((name) => name.startsWith('.pipe-tmp'))).toEqual([]);
});
