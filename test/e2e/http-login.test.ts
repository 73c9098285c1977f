import { afterAll, beforeAll, expect } from 'vitest';
import { DigestGate } from '../rig/digest-gate.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { startProject, succeed } from './share/project.ts';

let web: WebServer;
let other: WebServer;
beforeAll(async () => {
  [web, other] = await Promise.all([startWebServer(), startWebServer()]);
});
afterAll(async () => {
  await Promise.all([web.close(), other.close()]);
});

const text = (body: string): { readonly body: Buffer } => ({ body: Buffer.from(body) });

test('a login of the netrc file opens its server, and no other', async ({ rig }) => {
  await startProject(rig, { '../netrc': 'machine 127.0.0.1 login me password hush\n' });
  web.files.set('/secret.csv', { ...text('1\n'), login: 'me:hush' });
  const closed = await rig.pipe(['import-url', `${web.url}/secret.csv`]);
  expectProblems(closed, 'PIPE_URL_FAILED');
  expect(closed.stderr).toContain('~/.netrc');
  const env = { NETRC: rig.path('../netrc') };
  await succeed(rig, ['import-url', `${web.url}/secret.csv`], { env });
  expect(await rig.read('secret.csv.pipe')).not.toMatch(/hush|me:/);
  await succeed(rig, ['update'], { env });
  // In the home folder, where everybody has it.
  const home = rig.path('../home');
  await rig.write({ '../home/.netrc': 'machine 127.0.0.1 login me password hush\n' });
  await succeed(rig, ['get-url', `${web.url}/secret.csv`, 'again'], { env: { HOME: home } });

  await rig.write({ '../netrc': 'machine 127.0.0.1 login me password shush\n' });
  const wrong = await rig.pipe(['update'], { env });
  expectProblems(wrong, 'PIPE_URL_FAILED');
  expect(wrong.stderr).toContain('the netrc file');
  expect(wrong.stderr).not.toContain('shush');

  other.requests.length = 0;
  web.files.set('/away', { ...text(''), location: `${other.url}/x` });
  other.files.set('/x', text('x\n'));
  await succeed(rig, ['get-url', `${web.url}/away`], { env });
  expect(other.requests).toEqual(['GET /x']);
});

test('a remote that is a web server is read with its user, its token or a header of its own', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/data/basic', { ...text('basic\n'), login: 'me:hush' });
  web.files.set('/data/bearer', { ...text('bearer\n'), header: ['authorization', 'Bearer t0ken'] });
  web.files.set('/data/custom', { ...text('custom\n'), header: ['x-api-key', 'k3y'] });
  const modify = (...words: readonly string[]): Promise<unknown> => succeed(rig, ['remote', 'modify', '-q', ...words]);
  await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`]);
  expectProblems(await rig.pipe(['remote', 'modify', 'web', 'password', 'hush']), 'PIPE_CONFIG_SECRET');
  await modify('web', 'user', 'me');
  await modify('--local', 'web', 'password', 'hush');
  await succeed(rig, ['import-url', 'remote://web/basic']);
  expect(await rig.read('basic')).toBe('basic\n');
  expect(await rig.read('basic.pipe')).toContain('path: "remote://web/basic"\n');
  await succeed(rig, ['update', 'basic']);

  await modify('web', 'auth', 'bearer');
  await modify('--local', 'web', 'password', '${TOKEN}');
  await succeed(rig, ['get-url', 'remote://web/bearer'], { env: { TOKEN: 't0ken' } });
  // A server that tells what it was shown gives nothing away here.
  const wrong = await rig.pipe(['get-url', 'remote://web/bearer', 'y'], { env: { TOKEN: 'wr0ng-token' } });
  expectProblems(wrong, 'PIPE_URL_FAILED');
  expect(wrong.stderr).toContain('remote.web.password');
  expect(wrong.stderr).not.toContain('wr0ng');
  await modify('web', 'auth', 'custom');
  expectProblems(await rig.pipe(['get-url', 'remote://web/custom'], { env: { TOKEN: 'k3y' } }), 'PIPE_CONFIG_VALUE');
  await modify('web', 'custom_auth_header', 'X-Api-Key');
  await succeed(rig, ['get-url', 'remote://web/custom'], { env: { TOKEN: 'k3y' } });
  other.requests.length = 0;
  web.files.set('/data/away', { ...text(''), location: `${other.url}/x` });
  other.files.set('/x', { ...text('x\n'), header: ['x-api-key', 'k3y'] });
  expectProblems(await rig.pipe(['get-url', 'remote://web/away'], { env: { TOKEN: 'k3y' } }), 'PIPE_URL_FAILED');
});

test('a remote that is a web server is left by no path, and takes nothing', async ({ rig }) => {
  await startProject(rig, { a: 'a\n' });
  web.files.set('/other/x', text('x\n'));
  await succeed(rig, ['add', '-q', 'a']);
  await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data/`]);
  web.requests.length = 0;
  for (const path of ['../other/x', '%2e%2e/other/x', '..\\other/x', 'a/../../other/x'])
    expectProblems(await rig.pipe(['get-url', `remote://web/${path}`, 'x']), 'PIPE_URL');
  expect(web.requests).toEqual([]);
  for (const command of ['push', 'pull', 'fetch'])
    expectProblems(await rig.pipe([command, '-r', 'web']), 'PIPE_REMOTE_URL');
  expectProblems(await rig.pipe(['remote', 'add', 'user', 'https://me:hush@example.org/']), 'PIPE_REMOTE_URL');
});

test('a password that is kept for all projects goes nowhere that a project says', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/data/x', { ...text('x\n'), login: 'me:hush' });
  const env = { XDG_CONFIG_HOME: rig.path('../config') };
  await succeed(rig, ['remote', 'add', '-q', '--global', 'web', 'https://example.org/'], { env });
  await succeed(rig, ['remote', 'modify', '-q', '--global', 'web', 'user', 'me'], { env });
  await succeed(rig, ['remote', 'modify', '-q', '--global', 'web', 'password', 'hush'], { env });
  await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`], { env });
  web.requests.length = 0;
  expectProblems(await rig.pipe(['get-url', 'remote://web/x'], { env }), 'PIPE_REMOTE_URL');
  expect(web.requests).toEqual([]);
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'password', 'hush'], { env });
  await succeed(rig, ['get-url', 'remote://web/x'], { env });
});

test('a local config that Git tracks does not say where a password for all projects goes', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/data/x', { ...text('x\n'), login: 'me:hush' });
  const env = { XDG_CONFIG_HOME: rig.path('../config') };
  await succeed(rig, ['remote', 'add', '-q', '--global', 'web', 'https://example.org/'], { env });
  await succeed(rig, ['remote', 'modify', '-q', '--global', 'web', 'user', 'me'], { env });
  await succeed(rig, ['remote', 'modify', '-q', '--global', 'web', 'password', 'hush'], { env });
  await succeed(rig, ['remote', 'add', '-q', '--local', 'web', `${web.url}/data`], { env });
  await succeed(rig, ['get-url', 'remote://web/x'], { env });
  await rig.git('add', '-f', '.pipe/config.local.yaml');
  web.requests.length = 0;
  expectProblems(await rig.pipe(['get-url', 'remote://web/x', 'y'], { env }), 'PIPE_REMOTE_URL');
  expect(web.requests).toEqual([]);
});

test('a password goes to no other server that the project comes to name', async ({ rig }) => {
  await startProject(rig);
  for (const server of [web, other]) server.files.set('/data/x', { ...text('x\n'), header: ['authorization', 'Bearer t'] }); // prettier-ignore
  await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`]);
  await succeed(rig, ['remote', 'modify', '-q', 'web', 'auth', 'bearer']);
  await succeed(rig, ['config', '-q', '--local', 'remote.web.password', 't']);
  await succeed(rig, ['get-url', 'remote://web/x', 'a']);
  // As a pull of the repository does.
  const config = await rig.read('.pipe/config.yaml');
  await rig.write({ '.pipe/config.yaml': config.replace(web.url, other.url) });
  other.requests.length = 0;
  const refused = await rig.pipe(['get-url', 'remote://web/x', 'b']);
  expectProblems(refused, 'PIPE_REMOTE_URL');
  expect(refused.stderr).toContain(web.url);
  expect(refused.stderr).toContain(`pipe remote modify --local web origin ${other.url}`);
  expect(other.requests).toEqual([]);
  expectProblems(await rig.pipe(['remote', 'modify', 'web', 'origin', other.url]), 'PIPE_CONFIG_VALUE');
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'origin', other.url]);
  await succeed(rig, ['get-url', 'remote://web/x', 'b']);
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'origin', '-u']);
  expectProblems(await rig.pipe(['get-url', 'remote://web/x', 'c']), 'PIPE_REMOTE_URL');
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'password', 't']);
  await succeed(rig, ['get-url', 'remote://web/x', 'c']);
});

test('with digest a password is proved for each request, and sent to nobody', async ({ rig }) => {
  await startProject(rig);
  const rules = { user: 'me', password: 'hush: "é"', realm: 'sets, of data', uses: 2 } as const;
  await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`]);
  await succeed(rig, ['remote', 'modify', '-q', 'web', 'auth', 'digest']);
  await succeed(rig, ['remote', 'modify', '-q', 'web', 'user', 'me']);
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'password', rules.password]);
  for (const [algorithms, taken] of [
    [['MD5'], 'MD5'],
    [['MD5', 'SHA-256'], 'SHA-256'],
    [['SHA-256-sess', 'MD5-sess'], 'SHA-256-sess'],
    [['MD5-sess'], 'MD5-sess'],
  ] as const) {
    const gate = new DigestGate({ ...rules, algorithms });
    // So many requests that a nonce grows too old meanwhile.
    const body = Buffer.alloc(300_000, 'some bytes ');
    web.files.set('/data/x', { body, etag: '"x"', gate, breaks: { after: 100_000, count: 2 } });
    await succeed(rig, ['import-url', '-q', '-f', 'remote://web/x', 'x']);
    expect((await rig.read('x')).length).toBe(300_000);
    expect(new Set(gate.proved)).toEqual(new Set([taken]));
    expect(gate.proved.length).toBeGreaterThan(2);
  }
  const gate = new DigestGate({ ...rules, password: 'another', algorithms: ['MD5'] });
  web.files.set('/data/x', { ...text('x\n'), gate });
  web.requests.length = 0;
  const wrong = await rig.pipe(['get-url', 'remote://web/x', 'y']);
  expectProblems(wrong, 'PIPE_URL_FAILED');
  expect(wrong.stderr).toContain('it does not accept the login that remote.web.password gives');
  expect(wrong.stderr).not.toContain('hush');
  expect(web.requests).toEqual(['GET /data/x', 'GET /data/x login']);
  // Who wants the password itself does not get it.
  web.files.set('/data/x', { ...text('x\n'), login: `me:${rules.password}` });
  expectProblems(await rig.pipe(['get-url', 'remote://web/x', 'y']), 'PIPE_URL_FAILED');
});
