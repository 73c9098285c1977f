import { afterEach, beforeEach, expect } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { commitAll, startProject, succeed } from './share/project.ts';
import { gitThere, REGISTRY, startRegistry } from './share/registry.ts';

// A repository that somebody else wrote asks for what is ours: variables, credentials, programs to run.

let web: WebServer;
beforeEach(async () => {
  web = await startWebServer();
});
afterEach(async () => {
  await web.close();
});

/** What must not arrive anywhere. */
const SECRETS = {
  PIPE_SIGNING_KEY: 'sesame-signing',
  AWS_ACCESS_KEY_ID: 'sesame-id',
  AWS_SECRET_ACCESS_KEY: 'sesame-secret',
  AWS_SESSION_TOKEN: 'sesame-session',
  GITHUB_TOKEN: 'sesame-github',
};

function importFrom(url: string): string {
  return `schema: pipe.pointer/1\ndeps:\n  - path: x\n    repo:\n      url: "${url}"\n      rev_lock: '${'0'.repeat(40)}'\nouts:\n  - path: x\n    digest: b3:${'a'.repeat(64)}\n    size: 1\n`;
}

/** `status --updates` shows all else, and tells of the pointer that asks for too much. */
async function expectUntold(rig: Rig): Promise<void> {
  const run = await rig.pipe(['status', '--updates'], { env: SECRETS });
  expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/^PIPE_ENV_REFUSED {2}x\.pipe: /) });
  expect(run.stdout + run.stderr).not.toContain('sesame');
}

test.each(['GITHUB_TOKEN', 'PIPE_SIGNING_KEY', 'AWS_SECRET_ACCESS_KEY'])('a pointer is not given %s', async (name) => {
  const { Rig: Rigs } = await import('../rig/rig.ts');
  const rig = await Rigs.create();
  try {
    await startProject(rig);
    await rig.write({ 'x.pipe': importFrom(`${web.url}/x/\${${name}}`) });
    for (const args of [['pull'], ['fetch'], ['update']]) {
      const run = await rig.pipe(args, { env: SECRETS });
      expectProblems(run, 'PIPE_ENV_REFUSED');
      expect(run.stderr).not.toContain('sesame');
    }
    await expectUntold(rig);
    await rig.write({ 'x.pipe': `schema: pipe.pointer/1\ndeps:\n  - path: ${web.url}/x/\${${name}}\nouts:\n  - path: x\n    digest: b3:${'a'.repeat(64)}\n    size: 1\n` }); // prettier-ignore
    expectProblems(await rig.pipe(['update'], { env: SECRETS }), 'PIPE_ENV_REFUSED');
    await expectUntold(rig);
    expect(web.requests).toEqual([]);
  } finally {
    await rig.cleanup();
  }
});

test('a config in Git is given a variable only when it is allowed; one may not allow itself', async ({ rig }) => {
  await startProject(rig);
  await rig.write({ 'x.txt': 'x\n' });
  await succeed(rig, ['add', '-q', 'x.txt']);
  await rig.remove('x.txt', '.pipe/cache');
  const remote = (url: string): string => `core:\n  remote: r\nremote:\n  r:\n    url: ${url}\n    region: us-east-1\n    endpointurl: ${web.url}\n`; // prettier-ignore
  await rig.write({ '.pipe/config.yaml': remote('s3://bucket/${GITHUB_TOKEN}') });
  expectProblems(await rig.pipe(['pull'], { env: SECRETS }), 'PIPE_ENV_REFUSED');
  await rig.write({ '.pipe/config.local.yaml': 'core:\n  env: [GITHUB_TOKEN]\n' });
  await commitAll(rig, 'a stranger');
  expect(await rig.run('git', ['add', '-f', '.pipe/config.local.yaml'])).toMatchObject({ code: 0 });
  expectProblems(await rig.pipe(['pull'], { env: SECRETS }), 'PIPE_ENV_REFUSED');
  expect(web.requests).toEqual([]);
  expectProblems(await rig.pipe(['config', 'core.env', 'GITHUB_TOKEN']), 'PIPE_CONFIG_VALUE');
  expectProblems(await rig.pipe(['config', '--local', 'core.env', 'PIPE_SIGNING_KEY']), 'PIPE_CONFIG_VALUE');
  await succeed(rig, ['config', '--global', 'core.env', 'GITHUB_TOKEN']);
  await rig.pipe(['pull'], { env: SECRETS });
  expect(web.requests.join('\n')).toContain('sesame-github');
});

/** Lets the registry name a remote, and lack its data; by way of Git or of its folder. */
async function hostileRegistry(rig: Rig, url: string): Promise<void> {
  await startRegistry(rig);
  await rig.write({ [`${REGISTRY}/.pipe/config.yaml`]: `core:\n  remote: r\nremote:\n  r:\n    url: ${JSON.stringify(url)}\n    region: us-east-1\n    endpointurl: ${web.url}\n` }); // prettier-ignore
  await gitThere(rig, 'commit', '-qam', 'hostile');
  await gitThere(rig, 'push', '-q', '../git/registry.git', 'main');
  await rig.remove(`${REGISTRY}/.pipe/cache`);
}

test('a folder is given no variable either, unless its local config, which is ours, asks for it', async ({ rig }) => {
  await hostileRegistry(rig, 's3://bucket/${GITHUB_TOKEN}');
  const run = await rig.pipe(['get', REGISTRY, 'labels.csv'], { env: SECRETS });
  expectProblems(run, 'PIPE_REMOTE_URL');
  expect(web.requests).toEqual([]);
  const local = `${REGISTRY}/.pipe/config.local.yaml`;
  await rig.write({ [local]: 'remote:\n  r:\n    url: ../../${WHERE}-remote\n' });
  await succeed(rig, ['get', REGISTRY, 'labels.csv'], { env: { WHERE: 'registry' } });
  await gitThere(rig, 'add', '-f', '.pipe/config.local.yaml');
  expectProblems(await rig.pipe(['get', REGISTRY, 'made'], { env: { WHERE: 'registry' } }), 'PIPE_REMOTE_URL');
});

test('credentials do not go to a server that only the stranger names', async ({ rig }) => {
  await hostileRegistry(rig, 's3://bucket/p');
  const server = await startGitServer(rig.path('../git'));
  try {
    const asked = async (env: Record<string, string>): Promise<string> => {
      web.requests.length = 0;
      for (const url of [`${server.url}/registry.git`, REGISTRY])
        expect((await rig.pipe(['get', url, 'labels.csv'], { env })).code).not.toBe(0);
      return web.requests.join('\n');
    };
    const first = await asked(SECRETS);
    expect(first).toContain('/bucket');
    expect(first).not.toContain('login');
    expect(await asked({ ...SECRETS, AWS_ENDPOINT_URL: web.url })).toContain('login');
    await succeed(rig, ['init', '-q', '--no-scm']);
    await succeed(rig, ['remote', 'add', '-q', 'ours', 's3://other/place']);
    await succeed(rig, ['remote', 'modify', '-q', 'ours', 'endpointurl', web.url]);
    expect(await asked(SECRETS)).toContain('login');
  } finally {
    await server.close();
  }
});

test('a folder with a repository starts no program that its configuration names', async ({ rig }) => {
  await startRegistry(rig);
  const id = await gitThere(rig, 'rev-parse', 'HEAD:README.md');
  await rig.remove(`${REGISTRY}/.git/objects/${id.slice(0, 2)}/${id.slice(2)}`);
  const touch = `touch ${rig.path('hacked')};false`;
  const settings = [
    ['core.repositoryformatversion', '1'], ['extensions.partialClone', 'origin'], ['remote.origin.promisor', 'true'],
    ['remote.origin.url', rig.path(REGISTRY)], ['remote.origin.uploadpack', touch], ['core.fsmonitor', touch],
    ['core.sshCommand', touch],
  ]; // prettier-ignore
  for (const [name = '', value = ''] of settings) await gitThere(rig, 'config', name, value);
  await rig.write({ [`${REGISTRY}/.pipe/config.local.yaml`]: 'core:\n  remote: store\n' });
  expectProblems(await rig.pipe(['get', REGISTRY, 'README.md']), 'PIPE_SOURCE_MISSING');
  await rig.pipe(['list', REGISTRY, '--size']);
  await succeed(rig, ['get', REGISTRY, 'labels.csv']);
  expect(await rig.exists('hacked')).toBe(false);
  // Git by itself would have.
  await rig.run('git', ['cat-file', '-p', id], { cwd: REGISTRY });
  expect(await rig.exists('hacked')).toBe(true);
});

test('a pipe in the cache of another project is not waited for', async ({ rig }) => {
  await startRegistry(rig);
  await rig.write({ [`${REGISTRY}/big.bin`]: Buffer.alloc(200_000, 'b') });
  await succeed(rig, ['add', '-q', 'big.bin'], { cwd: REGISTRY });
  await commitAll(rig, 'big', { cwd: REGISTRY });
  const [, head = '', rest = ''] = /b3:(..)([0-9a-f]{62})/.exec(await rig.read(`${REGISTRY}/big.bin.pipe`)) ?? [];
  const object = `${REGISTRY}/.pipe/cache/v1/loose/${head}/${rest}`;
  await rig.remove(object);
  expect(await rig.run('mkfifo', [rig.path(object)])).toMatchObject({ code: 0 });
  expectProblems(await rig.pipe(['get', REGISTRY, 'big.bin']), 'PIPE_SOURCE_MISSING');
});
