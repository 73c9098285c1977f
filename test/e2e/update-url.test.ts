import { lstat } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { cloneProject, commitAll, document, startProject, succeed } from './share/project.ts';

let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

function serve(path: string, text: string): void {
  web.files.set(path, { body: Buffer.from(text), etag: `"${text.trim()}"` });
}

interface Update {
  readonly imports: readonly unknown[];
  readonly written: readonly string[];
}

test('an update without a download asks, and writes the pointer alone where something changed', async ({ rig }) => {
  await startProject(rig);
  serve('/a', 'one\n');
  await succeed(rig, ['import-url', `${web.url}/a`]);
  await rig.write({ 'a.pipe': `# ours\n${await rig.read('a.pipe')}    desc: kept\n` });
  web.requests.length = 0;
  const same = await document<Update>(rig, ['update', '--no-download']);
  expect(same).toMatchObject({ imports: [{ state: 'unchanged', size: 4 }], written: [] });
  serve('/a', 'second\n');
  const asked = await document<Update>(rig, ['update', '--no-download']);
  expect(asked).toMatchObject({ imports: [{ state: 'pending', digest: null, size: 7 }], written: ['a.pipe'] });
  expect(web.requests).toEqual(['HEAD /a', 'HEAD /a']);
  expect(await rig.read('a')).toBe('one\n');
  expect(await rig.read('a.pipe')).toBe(
    `# ours\nschema: pipe.pointer/1\ndeps:\n  - path: "${web.url}/a"\n    etag: "\\"second\\""\n    size: 7\nouts:\n  - path: a\n    desc: kept\n`,
  );
  // Again, and of one that was never downloaded.
  expect(await document<Update>(rig, ['update', '--no-download'])).toMatchObject({ imports: [{ state: 'unchanged', digest: null }] }); // prettier-ignore
  serve('/a', 'third\n');
  expect((await succeed(rig, ['update', '--no-download'])).stdout).toContain('not downloaded (pipe pull)');

  // What lies there came from the URL before: nothing of it would be lost.
  await succeed(rig, ['pull']);
  expect(await rig.read('a')).toBe('third\n');
  expect(await rig.read('a.pipe')).toMatch(/^# ours\n[^]*digest: b3:[^]*desc: kept\n$/);
  serve('/a', 'fourth\n');
  await succeed(rig, ['update', '--no-download']);
  await rig.write({ a: 'mine\n' });
  expectProblems(await rig.pipe(['pull']), 'PIPE_USAGE');
  expect(await rig.read('a')).toBe('mine\n');
});

test('an update to the remote leaves no data here, and only what changed is sent', async ({ rig }) => {
  await startProject(rig);
  serve('/a', 'one\n');
  serve('/b', 'b\n');
  await succeed(rig, ['import-url', `${web.url}/a`]);
  await succeed(rig, ['import-url', '--no-download', `${web.url}/b`]);
  await rig.write({ 'a.pipe': `# ours\n${await rig.read('a.pipe')}` });
  web.requests.length = 0;
  const first = await document<Update>(rig, ['update', '--to-remote']);
  expect(first).toMatchObject({
    imports: [
      { path: 'a', state: 'unchanged' },
      { path: 'b', state: 'changed' },
    ],
  });
  expect(web.requests).not.toContain('GET /a');
  expect(await rig.exists('b')).toBe(false);
  serve('/a', 'second\n');
  await succeed(rig, ['update', '--to-remote']);
  expect(await rig.read('a')).toBe('one\n');
  expect(await rig.read('a.pipe')).toMatch(/^# ours\n[^]*size: 7\n/);
  await commitAll(rig);
  web.files.clear();
  const b = await cloneProject(rig, 'b');
  await succeed(rig, ['pull', '-q'], b);
  expect([await rig.read('../b/a'), await rig.read('../b/b')]).toEqual(['second\n', 'b\n']);
  await succeed(rig, ['pull', '-q']);
  expect(await rig.read('a')).toBe('second\n');

  // To another one, which the pointer names from then on.
  serve('/a', 'third\n');
  await succeed(rig, ['remote', 'add', '-q', 'other', rig.path('../other')]);
  await succeed(rig, ['update', '--to-remote', '-r', 'other', 'a']);
  expect(await rig.read('a.pipe')).toContain('remote: other\n');
  serve('/a', 'fourth\n');
  await succeed(rig, ['update', '--to-remote', 'a']);
  await succeed(rig, ['pull', '-q', 'a']);
  expect(await rig.read('a')).toBe('fourth\n');
});

test('what a pending import names is changed to the default remote where the data go there', async ({ rig }) => {
  await startProject(rig);
  serve('/a', 'one\n');
  await succeed(rig, ['remote', 'add', '-q', 'other', rig.path('../other')]);
  await succeed(rig, ['import-url', '--to-remote', '-r', 'other', `${web.url}/a`]);
  serve('/a', 'second\n');
  await succeed(rig, ['update', '--no-download']);
  expect(await rig.read('a.pipe')).toContain('remote: other\n');
  await succeed(rig, ['update', '--to-remote', '-r', 'storage']);
  expect(await rig.read('a.pipe')).not.toContain('other');
  web.files.clear();
  await succeed(rig, ['pull', '-q']);
  expect(await rig.read('a')).toBe('second\n');
});

test('an update without a download leaves no link to what the cache may lose', async ({ rig }) => {
  await startProject(rig);
  await succeed(rig, ['config', 'cache.type', 'symlink']);
  web.files.set('/a', { body: Buffer.from(`${'one'.repeat(50_000)}\n`), etag: '"one"' });
  await succeed(rig, ['import-url', `${web.url}/a`]);
  expect((await lstat(rig.path('a'))).isSymbolicLink()).toBe(true);
  serve('/a', 'second\n');
  await succeed(rig, ['update', '--no-download']);
  await succeed(rig, ['gc', '-w', '-f']);
  expect(await rig.read('a')).toBe(`${'one'.repeat(50_000)}\n`);
});

test('flags that make no sense together are refused', async ({ rig }) => {
  await startProject(rig);
  serve('/a', 'one\n');
  await succeed(rig, ['import-url', `${web.url}/a`]);
  for (const flags of [
    ['--to-remote', '--no-download'],
    ['-r', 'storage'],
    ['--rev', 'main'],
  ])
    expectProblems(await rig.pipe(['update', ...flags]), 'PIPE_USAGE');
});
