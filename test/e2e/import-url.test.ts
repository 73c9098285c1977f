import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Minio } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { cloneProject, commitAll, document, smallFiles, startProject, succeed } from './share/project.ts';

let web: WebServer;
let minio: Minio;
beforeAll(async () => {
  [web, minio] = await Promise.all([startWebServer(), startMinio()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([web.close(), minio.stop()]);
});

interface Update {
  readonly imports: readonly { readonly state: string; readonly path: string }[];
}

test('a file of a web server is tracked, and comes again only when it changed', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/a/data.csv', { body: Buffer.from('1\n'), etag: '"one"' });
  const { stdout } = await succeed(rig, ['import-url', `${web.url}/a/data.csv`]);
  expect(stdout).toBe('data.csv  2 bytes\n\nFor Git: git add data.csv.pipe .gitignore\n');
  expect(await rig.read('data.csv.pipe')).toContain(
    `path: "${web.url}/a/data.csv"\n    etag: "\\"one\\""\n    size: 2\n`,
  );
  web.requests.length = 0;
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([{ state: 'unchanged' }]);
  expect((await document<{ updates: unknown[] }>(rig, ['status', '--updates'])).updates).toEqual([
    { path: 'data.csv', moved: false },
  ]);
  expect(web.requests).toEqual(['HEAD /a/data.csv', 'HEAD /a/data.csv']);
  web.files.set('/a/data.csv', { body: Buffer.from('22\n'), etag: '"two"' });
  expect((await succeed(rig, ['status', '--updates'])).stdout).toContain('data.csv: the source has moved on');
  expect((await document<Update>(rig, ['update', 'data.csv'])).imports).toMatchObject([{ state: 'changed' }]);
  expect(await rig.read('data.csv')).toBe('22\n');
  web.files.set('/a/data.csv', { body: Buffer.from('22\n'), etag: '"three"' });
  expect((await document<Update>(rig, ['update', 'data.csv'])).imports).toMatchObject([{ state: 'moved' }]);

  await commitAll(rig);
  await succeed(rig, ['push', '-q']);
  web.files.delete('/a/data.csv');
  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', '-q'], b);
  expect(await rig.read('../b/data.csv')).toBe('22\n');
  expectProblems(await rig.pipe(['update']), 'PIPE_SOURCE_MISSING');
});

test('a download that breaks off goes on where it stopped; faults of the moment pass', async ({ rig }) => {
  const body = Buffer.alloc(3_000_000, 'some bytes ');
  web.files.set('/big', {
    body,
    etag: '"big"',
    breaks: { after: 1_000_000, count: 2 },
    failures: { status: 503, count: 2 },
  });
  web.requests.length = 0;
  await succeed(rig, ['get-url', `${web.url}/big`]);
  expect((await rig.run('sh', ['-c', 'wc -c < big'])).stdout.trim()).toBe('3000000');
  expect(web.requests.filter((each) => each.includes('bytes=')).length).toBeGreaterThan(0);
  // Without an ETag nobody knows whether the rest belongs to what came.
  web.files.set('/plain', { body, breaks: { after: 1_000_000, count: 1 } });
  await succeed(rig, ['get-url', `${web.url}/plain`, 'deep/plain']);
  expect((await rig.run('cmp', ['big', 'deep/plain'])).code).toBe(0);
  expect(await rig.files()).toEqual(['big', 'deep/plain']);
});

test('what a server has packed on its way is unpacked, and a host that is not there is told at once', async ({
  rig,
}) => {
  const packed = gzipSync('some text\n'.repeat(1000));
  web.files.set('/packed', { body: packed, etag: '"p"', encoding: 'gzip' });
  await startProject(rig);
  await succeed(rig, ['import-url', '-q', `${web.url}/packed`]);
  expect(await rig.read('packed')).toBe('some text\n'.repeat(1000));
  expect(await rig.read('packed.pipe')).toContain('    size: 10000\n');
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([{ state: 'unchanged' }]);
  const gone = await rig.pipe(['get-url', 'http://no-such-host.invalid/x']);
  expectProblems(gone, 'PIPE_URL_FAILED');
  expect(gone.stderr).toMatch(/there is no such host|cannot be looked up/);
});

test('redirects are followed, but not for ever, and not to strange places', async ({ rig }) => {
  web.files.set('/from', { body: Buffer.alloc(0), location: '/to?x=1' });
  web.files.set('/to', { body: Buffer.from('there\n'), withoutHead: true });
  web.files.set('/circle', { body: Buffer.alloc(0), location: '/circle' });
  web.files.set('/file', { body: Buffer.alloc(0), location: 'file:///etc/passwd' });
  await succeed(rig, ['get-url', `${web.url}/from`]);
  expect(await rig.read('from')).toBe('there\n');
  expectProblems(await rig.pipe(['get-url', `${web.url}/circle`]), 'PIPE_URL_FAILED');
  expectProblems(await rig.pipe(['get-url', `${web.url}/file`]), 'PIPE_URL_FAILED');
  expectProblems(await rig.pipe(['get-url', `${web.url}/nothing`]), 'PIPE_SOURCE_MISSING');
  expectProblems(await rig.pipe(['get-url', `${web.url}/from`]), 'PIPE_USAGE');
  expect(await rig.files()).toEqual(['from']);
});

test('a password comes from the environment, and only the server that it is for sees it', async ({ rig }) => {
  await startProject(rig);
  const other = await startWebServer();
  try {
    web.files.set('/secret', { body: Buffer.from('x\n'), login: 'me:hush' });
    web.files.set('/away', { body: Buffer.alloc(0), location: `${other.url}/x` });
    other.files.set('/x', { body: Buffer.from('x\n') });
    const at = (path: string): string => `${web.url.replace('//', '//me:${TOKEN}@')}${path}`;
    const env = { TOKEN: 'hush' };
    await succeed(rig, ['import-url', at('/secret')], { env });
    expect(await rig.read('secret.pipe')).toContain('me:${TOKEN}@');
    expectProblems(await rig.pipe(['update'], { env }), 'PIPE_ENV_REFUSED');
    await succeed(rig, ['config', '--local', 'core.env', 'TOKEN']);
    await succeed(rig, ['update'], { env });
    const gone = await rig.pipe(['get-url', `${web.url}/\${TOKEN}/x`, 'y'], { env: { TOKEN: 'sesame' } });
    expectProblems(gone, 'PIPE_SOURCE_MISSING');
    expect(gone.stderr).toContain('/${TOKEN}/x');
    expect(gone.stderr).not.toContain('sesame');
    await succeed(rig, ['get-url', at('/away')], { env });
    expect(other.requests).toEqual(['GET /x']);
    const wrong = await rig.pipe(['get-url', at('/secret'), 'y'], { env: { TOKEN: 'shush' } });
    expectProblems(wrong, 'PIPE_URL_FAILED');
    expect(wrong.stderr).not.toContain('shush');
    const told = await rig.pipe(['import-url', 'https://me:hush@example.org/x', 'z']);
    expectProblems(told, 'PIPE_URL');
    expect(told.stderr).toContain('remote://NAME/PATH');
    expect(told.stderr).not.toContain('hush');
  } finally {
    await other.close();
  }
});

test('files and folders of a bucket are tracked by what its list says', async ({ rig }) => {
  await startProject(rig);
  await minio.makeBuckets('imports');
  await rig.write(smallFiles('../up', 12));
  await rig.write({ '../up/sub/big': Buffer.alloc(20_000_000, 'big ') });
  await minio.mc('cp', '-q', '--recursive', `${rig.path('../up')}/`, 't/imports/some/');
  const { accessKeyId, secretAccessKey } = minio.root;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_ENDPOINT_URL: minio.url };
  await succeed(rig, ['import-url', 's3://imports/some', 'data'], { env });
  expect((await rig.run('diff', ['-r', 'data', '../up'])).stdout).toBe('');
  await succeed(rig, ['get-url', 's3://imports/some/sub/big'], { env });
  expect((await rig.run('cmp', ['big', '../up/sub/big'])).code).toBe(0);
  expect((await document<Update>(rig, ['update'], { env })).imports).toMatchObject([{ state: 'unchanged' }]);
  await rig.write({ '../up/new.txt': 'new\n' });
  await minio.mc('cp', '-q', rig.path('../up/new.txt'), 't/imports/some/new.txt');
  expect((await document<Update>(rig, ['update'], { env })).imports).toMatchObject([{ state: 'changed' }]);
  expect(await rig.read('data/new.txt')).toBe('new\n');

  await succeed(rig, ['remote', 'add', '-q', 'bucket', 's3://imports/some']);
  await succeed(rig, ['remote', 'modify', '-q', 'bucket', 'endpointurl', minio.url]);
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'bucket', 'access_key_id', accessKeyId]);
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'bucket', 'secret_access_key', secretAccessKey]);
  await succeed(rig, ['import-url', 'remote://bucket/new.txt']);
  expect(await rig.read('new.txt')).toBe('new\n');
  expect(await rig.read('new.txt.pipe')).not.toContain(secretAccessKey);
  expectProblems(await rig.pipe(['get-url', 'remote://bucket/a/../b']), 'PIPE_URL');
  expectProblems(await rig.pipe(['get-url', 'remote://bucket/nothing']), 'PIPE_SOURCE_MISSING');
});

test('files and folders of this machine are tracked by size and time, or by their bytes', async ({ rig }) => {
  await startProject(rig);
  await rig.write({ ...smallFiles('../src', 5), '../one.txt': 'one\n' });
  await succeed(rig, ['import-url', '../one.txt']);
  await succeed(rig, ['import-url', rig.path('../src'), 'data']);
  expect(await rig.read('one.txt.pipe')).toContain('path: "../one.txt"\n');
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([
    { state: 'unchanged' },
    { state: 'unchanged' },
  ]);
  await rig.write({ '../one.txt': 'changed\n', '../src/new': 'new\n' });
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([{ state: 'changed' }, { state: 'changed' }]);
  expect([await rig.read('one.txt'), await rig.read('data/new')]).toEqual(['changed\n', 'new\n']);
  await succeed(rig, ['get-url', '../src']);
  expect((await rig.run('diff', ['-r', 'src', '../src'])).stdout).toBe('');
});
