import { afterEach, beforeEach, expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { commitAll, startProject, succeed } from './share/project.ts';

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

test.each(['GITHUB_TOKEN', 'PIPE_SIGNING_KEY', 'AWS_SECRET_ACCESS_KEY'])('a pointer is not given %s', async (name) => {
  const { Rig: Rigs } = await import('../rig/rig.ts');
  const rig = await Rigs.create();
  try {
    await startProject(rig);
    await rig.write({ 'x.pipe': importFrom(`${web.url}/x/\${${name}}`) });
    for (const args of [['pull'], ['fetch'], ['update'], ['status', '--updates']]) {
      const run = await rig.pipe(args, { env: SECRETS });
      expectProblems(run, 'PIPE_ENV_REFUSED');
      expect(run.stderr).not.toContain('sesame');
    }
    await rig.write({ 'x.pipe': `schema: pipe.pointer/1\ndeps:\n  - path: ${web.url}/x/\${${name}}\nouts:\n  - path: x\n    digest: b3:${'a'.repeat(64)}\n    size: 1\n` }); // prettier-ignore
    expectProblems(await rig.pipe(['update'], { env: SECRETS }), 'PIPE_ENV_REFUSED');
    expectProblems(await rig.pipe(['status', '--updates'], { env: SECRETS }), 'PIPE_ENV_REFUSED');
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
