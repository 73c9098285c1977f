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
      { path: 'a', state: 'sent' },
      { path: 'b', state: 'changed' },
    ],
  });
  expect(await document<Update>(rig, ['update', '--to-remote'])).toMatchObject({ imports: [{ state: 'unchanged' }, { state: 'unchanged' }], written: [] }); // prettier-ignore
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
  expect(await rig.read('a.pipe')).toMatch(/^# ours\n[^]*size: 6\n {4}remote: other\n$/);
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

test('an update to the remote of what has not changed sends what the remote lacks, and names another one in place', async ({
  rig,
}) => {
  await startProject(rig);
  serve('/a', 'one\n');
  await succeed(rig, ['import-url', `${web.url}/a`]);
  const said = (await rig.read('a.pipe')).replace('outs:\n', 'outs: # one\n');
  await rig.write({ 'a.pipe': `# ours\n${said}    desc: kept # too\nmeta: {b: 1, a: 2}\n` });
  await succeed(rig, ['remote', 'add', '-q', 'other', rig.path('../other')]);
  web.requests.length = 0;
  const sent = await document<Update>(rig, ['update', '--to-remote', '-r', 'other']);
  expect(sent).toMatchObject({ imports: [{ path: 'a', state: 'sent' }], written: ['a.pipe'] });
  expect(web.requests).toEqual(['HEAD /a']);
  expect(await rig.read('a.pipe')).toBe(`# ours\n${said}    remote: other\n    desc: kept # too\nmeta: {b: 1, a: 2}\n`);
  expect(await document<Update>(rig, ['update', '--to-remote'])).toMatchObject({ imports: [{ state: 'unchanged' }], written: [] }); // prettier-ignore
  // What neither the cache nor the remote has comes from the URL once more.
  await rig.remove('.pipe/cache', '../other');
  await succeed(rig, ['update', '--to-remote']);
  await rig.remove('a');
  web.files.clear();
  await succeed(rig, ['pull', '-q']);
  expect(await rig.read('a')).toBe('one\n');
});

test('what is never pushed is not sent by an update to the remote either', async ({ rig }) => {
  await startProject(rig);
  for (const name of ['own', 'shared']) {
    serve(`/${name}`, `${name}\n`);
    await succeed(rig, ['import-url', `${web.url}/${name}`]);
  }
  await rig.write({ 'own.pipe': (await rig.read('own.pipe')).replace('path: own\n', 'path: own\n    push: false\n') });
  const update = await rig.pipe(['update', '--to-remote', '--json']);
  expect(update.code).toBe(1);
  expect(JSON.parse(update.stdout)).toMatchObject({
    imports: [{ path: 'shared', state: 'sent' }],
    failed: [{ problems: [{ code: 'PIPE_USAGE', message: 'own.pipe: own is never pushed (push: false)' }] }],
  });
  const there = await rig.pipe(['status', '-c', '--json']);
  expect(JSON.parse(there.stdout)).toMatchObject({ upToDate: true, remotes: [{ objects: 1 }] });
});

test('where a server tells neither ETag nor time, only a download tells whether something changed', async ({ rig }) => {
  await startProject(rig);
  const quiet = (text: string): void => void web.files.set('/a', { body: Buffer.from(text) });
  quiet('one\n');
  await succeed(rig, ['import-url', `${web.url}/a`]);
  const pointer = `# ours\n${await rig.read('a.pipe')}`;
  await rig.write({ 'a.pipe': pointer });
  const status = await succeed(rig, ['status', '--updates']);
  expect(status.stdout).toContain('a: the source does not tell whether it has moved on (pipe update)\n'); // prettier-ignore
  expect(await document(rig, ['status', '--updates'])).toMatchObject({ updates: [{ path: 'a', moved: null }] });
  const same = { imports: [{ path: 'a', state: 'unchanged' }], written: [] };
  expect(await document<Update>(rig, ['update'])).toMatchObject(same);
  expect((await document<Update>(rig, ['update', '--no-download'])).imports).toMatchObject([{ state: 'unknown' }]);
  await succeed(rig, ['push', '-q']);
  expect(await document<Update>(rig, ['update', '--to-remote'])).toMatchObject(same);
  expect(await rig.read('a.pipe')).toBe(pointer);

  // Of what is recorded, the very bytes come: that is told when they are here.
  await rig.remove('.pipe/cache', '../remote', 'a');
  await rig.write({ '../remote/placeholder': '' });
  await succeed(rig, ['pull', '-q']);
  expect(await rig.read('a')).toBe('one\n');
  await rig.remove('.pipe/cache', 'a');
  quiet('two\n');
  expect((await rig.pipe(['pull'])).stderr).toMatch(/^PIPE_FILE_CHANGED/);
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([{ state: 'changed' }]);
  expect(await rig.read('a')).toBe('two\n');
  // Another size is a change that needs no download.
  quiet('three\n');
  expect(await document(rig, ['status', '--updates'])).toMatchObject({ updates: [{ path: 'a', moved: true }] });
  // A server that tells more by now is heard.
  web.files.set('/a', { body: Buffer.from('two\n'), etag: '"two"' });
  expect((await document<Update>(rig, ['update'])).imports).toMatchObject([{ state: 'moved' }]);
  expect(await document(rig, ['status', '--updates'])).toMatchObject({ updates: [{ path: 'a', moved: false }] });
});
