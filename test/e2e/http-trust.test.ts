import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { startProject, succeed } from './share/project.ts';

/** A web server with a certificate that nobody knows, which lies in `../cert.pem`. */
async function startTls(rig: Rig): Promise<WebServer> {
  const [key, cert] = [rig.path('../key.pem'), rig.path('../cert.pem')];
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  expect((await rig.run('openssl', [...made, ...subject, '-keyout', key, '-out', cert])).code).toBe(0);
  const web = await startWebServer({ key: readFileSync(key), cert: readFileSync(cert) });
  web.files.set('/data/x', { body: Buffer.from('x\n'), etag: '"x"' });
  return web;
}

test('a web server is believed by the certificate that its remote names, or whatever it shows', async ({ rig }) => {
  await startProject(rig);
  const web = await startTls(rig);
  try {
    const plain = await rig.pipe(['get-url', `${web.url}/data/x`]);
    expectProblems(plain, 'PIPE_URL_FAILED');
    expect(plain.stderr).toMatch(/its certificate is not trusted.*\n.*NODE_EXTRA_CA_CERTS/);
    await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`]);
    const untrusted = await rig.pipe(['get-url', 'remote://web/x']);
    expectProblems(untrusted, 'PIPE_URL_FAILED');
    expect(untrusted.stderr).toContain('pipe remote modify --local web ssl_verify FILE');
    expect(web.requests).toEqual([]);

    await succeed(rig, ['remote', 'modify', '-q', 'web', 'ssl_verify', '../cert.pem']);
    await succeed(rig, ['import-url', '-q', 'remote://web/x', 'x']);
    await succeed(rig, ['update', '-q']);
    await succeed(rig, ['remote', 'modify', '-q', 'web', 'ssl_verify', '../key.pem.not']);
    expectProblems(await rig.pipe(['get-url', 'remote://web/x', 'y']), 'PIPE_CONFIG_VALUE');
    await succeed(rig, ['remote', 'modify', '-q', 'web', 'ssl_verify', 'false']);
    await succeed(rig, ['get-url', 'remote://web/x', 'y']);
    expect([await rig.read('x'), await rig.read('y')]).toEqual(['x\n', 'x\n']);
  } finally {
    await web.close();
  }
});

test('a login is shown to nobody whom only a file in Git makes believable', async ({ rig }) => {
  await startProject(rig, { '../netrc': 'machine 127.0.0.1 login me password hush\n' });
  const web = await startTls(rig);
  try {
    web.files.set('/data/secret', { body: Buffer.from('s\n'), login: 'me:hush' });
    await succeed(rig, ['remote', 'add', '-q', 'web', `${web.url}/data`]);
    await succeed(rig, ['remote', 'modify', '-q', 'web', 'ssl_verify', 'false']);
    const env = { NETRC: rig.path('../netrc') };
    const refused = await rig.pipe(['get-url', 'remote://web/secret'], { env });
    expectProblems(refused, 'PIPE_CONFIG_VALUE');
    expect(refused.stderr).toContain('pipe remote modify --local web ssl_verify');
    await succeed(rig, ['remote', 'modify', '-q', 'web', 'user', 'me']);
    await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'password', 'hush']);
    expectProblems(await rig.pipe(['get-url', 'remote://web/secret']), 'PIPE_CONFIG_VALUE');
    expect(web.requests).toEqual([]);
    await succeed(rig, ['remote', 'modify', '-q', '--local', 'web', 'ssl_verify', 'false']);
    await succeed(rig, ['get-url', 'remote://web/secret']);
    expect(await rig.read('secret')).toBe('s\n');
  } finally {
    await web.close();
  }
});
