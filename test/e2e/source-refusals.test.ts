import { afterAll, beforeAll, expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { commitAll, startProject, succeed } from './share/project.ts';
import { REGISTRY, startRegistry } from './share/registry.ts';

let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

const LOGIN =
  'keep a user and a password in ~/.netrc (https only), or any login in a remote for that server (`pipe remote add --help`), or put variables of the environment into the URL (USER:${NAME}@HOST, ?token=${NAME})';

for (const command of ['get-url', 'import-url']) {
  test(`${command}: what a server says when it refuses, and what could be given to it`, async ({ rig }) => {
    await startProject(rig);
    const body = Buffer.alloc(0);
    const refuse = async (status: number, type: string, said: string): Promise<string> => {
      web.files.set('/x', { body, refusal: { status, type, body: said } });
      const { code, stderr } = await rig.pipe([command, `${web.url}/x`, 'out', '-q'], { env: { COLUMNS: '500' } });
      expect(code).toBe(2);
      return stderr.replaceAll(`${web.url}/x`, 'URL');
    };
    expect(await refuse(401, 'text/plain; charset=utf-8', 'no token\nat all\n')).toBe(
      `PIPE_URL_FAILED  URL answers 401 Unauthorized: no token\n  hint: ${LOGIN}\n`,
    );
    const xml = '<?xml?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';
    expect(await refuse(403, 'application/xml', xml)).toBe(
      `PIPE_URL_FAILED  URL answers 403 Forbidden: Request has expired\n  hint: a URL that was signed may have expired; ${LOGIN}\n`,
    );
    expect(await refuse(404, 'application/json', '{"message":"no such \\u001b[31mfile"}')).toMatch(
      /^PIPE_SOURCE_MISSING {2}there is nothing at URL \(404 Not Found: no such [^\u001b]*\[31mfile\)\n {2}hint: check the URL/, // eslint-disable-line no-control-regex -- none may reach a terminal
    );
    expect(await refuse(403, 'text/html', '<h1>Forbidden</h1>')).toContain('URL answers 403 Forbidden\n');
    expect(await rig.exists('out')).toBe(false);
  });
}

test('who has given a user and a password is told that they are wrong, or not enough', async ({ rig }) => {
  web.files.set('/secret', { body: Buffer.from('x\n'), login: 'me:hush' });
  const url = `${web.url.replace('//', '//me:${TOKEN}@')}/secret`;
  const wrong = await rig.pipe(['get-url', url], { env: { TOKEN: 'shush' } });
  expect(wrong.stderr).toContain('hint: it does not accept the login that the URL gives');
  expect(wrong.stderr).not.toContain('shush');
});

test('a path in a submodule, a revision and a folder that are not there are told of by name', async ({ rig }) => {
  await startRegistry(rig);
  await startProject(rig);
  await rig.git(
    '-c',
    'protocol.file.allow=always',
    'submodule',
    '--quiet',
    'add',
    rig.path('../git/registry.git'),
    'lib',
  );
  await commitAll(rig);
  const run = async (...args: string[]): Promise<string> => (await rig.pipe(args, { env: { COLUMNS: '500' } })).stderr;
  expect(await run('get', '.', 'lib/labels.csv')).toContain('lib is a submodule, a repository of its own');
  expect(await run('get', 'lib', 'labels.csv')).toBe('');
  expect(await run('get', REGISTRY, 'made', '--rev', 'nothere')).toContain(
    `"nothere" names no commit in ${REGISTRY}\n`,
  );
  await succeed(rig, ['import', '-q', REGISTRY, 'made']);
  await rig.run('mv', [REGISTRY, '../moved']);
  expect(await run('update')).toContain(
    'made.pipe: there is no folder ../registry\n  hint: where it has moved, change `url`',
  );
  await rig.write({ 'made.pipe': (await rig.read('made.pipe')).replace('../registry', '../moved') });
  expect(await run('update')).toBe('');
});
