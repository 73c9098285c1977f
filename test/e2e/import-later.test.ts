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

interface Status {
  readonly data: readonly { readonly path: string; readonly state: string }[];
  readonly updates?: readonly unknown[];
}

test('an import that is not downloaded is known by what the server says, and comes with a pull', async ({ rig }) => {
  await startProject(rig, { other: 'o\n' });
  await succeed(rig, ['add', '-q', 'other']);
  web.files.set('/l/data.csv', { body: Buffer.from('1\n'), etag: '"one"' });
  web.requests.length = 0;
  const { stdout } = await succeed(rig, ['import-url', '--no-download', `${web.url}/l/data.csv`]);
  expect(stdout).toBe(
    'data.csv  2 bytes\nNot downloaded: `pipe pull data.csv` brings it.\n\nFor Git: git add data.csv.pipe .gitignore\n',
  );
  expect(web.requests).toEqual(['HEAD /l/data.csv']);
  expect(await rig.exists('data.csv')).toBe(false);
  const written = await rig.read('data.csv.pipe');
  expect(written).toBe(
    `schema: pipe.pointer/1\ndeps:\n  - path: "${web.url}/l/data.csv"\n    etag: "\\"one\\""\n    size: 2\nouts:\n  - path: data.csv\n`,
  );
  const status = await document<Status>(rig, ['status', '--updates']);
  expect(status.data).toContainEqual({ path: 'data.csv', pointer: 'data.csv.pipe', state: 'pending' });
  expect(status.updates).toEqual([{ path: 'data.csv', moved: false }]);
  expect((await succeed(rig, ['status'])).stdout).toContain('was never downloaded (pipe pull ');
  await commitAll(rig);
  for (const args of [
    ['push'],
    ['checkout'],
    ['gc', '-w', '-f'],
    ['fsck'],
    ['diff'],
    ['data', 'status'],
    ['commit'],
    ['du'],
    ['list', '.'],
    ['pull', '--dry'],
  ])
    expect([args, (await rig.pipe(args)).code]).toEqual([args, 0]);
  for (const args of [['checkout', 'data.csv'], ['push', 'data.csv.pipe']]) expectProblems(await rig.pipe(args), 'PIPE_IMPORT_PENDING'); // prettier-ignore
  expectProblems(await rig.pipe(['import-url', `${web.url}/l/data.csv`]), 'PIPE_USAGE');

  await rig.write({ 'data.csv.pipe': `# ours\n${written}    desc: kept\n` });
  await commitAll(rig);
  const b = await cloneProject(rig, 'b');
  const pulled = await succeed(rig, ['pull'], b);
  expect(pulled.stdout).toContain(`Downloaded data.csv from ${web.url}/l/data.csv: 2 bytes.\n\nFor Git: git add data.csv.pipe\n`); // prettier-ignore
  expect(await rig.read('../b/data.csv')).toBe('1\n');
  expect(await rig.read('../b/data.csv.pipe')).toMatch(/^# ours\n[^]*outs:\n {2}- path: data.csv\n {4}digest: b3:[0-9a-f]{64}\n {4}size: 2\n {4}desc: kept\n$/); // prettier-ignore
  await succeed(rig, ['push', '-q'], b);

  const fetched = await document<{ downloaded: { imports: unknown[] } }>(rig, ['fetch', 'data.csv']);
  expect(fetched.downloaded.imports).toMatchObject([{ path: 'data.csv', size: 2 }]);
  expect(await rig.exists('data.csv')).toBe(false);
  await succeed(rig, ['checkout']);
  expect(await rig.read('data.csv')).toBe('1\n');
});

test('what the source holds by now is taken only where that is asked for', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/m', { body: Buffer.from('1\n'), etag: '"one"' });
  web.files.set('/n', { body: Buffer.from('n\n') });
  for (const name of ['m', 'n']) await succeed(rig, ['import-url', '--no-download', `${web.url}/${name}`, 'd/']);
  web.files.set('/m', { body: Buffer.from('22\n'), etag: '"two"' });
  const pull = await rig.pipe(['pull']);
  expect(pull.code).toBe(1);
  expect(pull.stderr).toMatch(/^PIPE_FILE_CHANGED {2}d\/m\.pipe: [^]*pipe update d\/m\.pipe/);
  // The other one came all the same.
  expect([await rig.exists('d/m'), await rig.read('d/n')]).toEqual([false, 'n\n']);
  expect((await document<Status>(rig, ['status', '--updates'])).updates).toContainEqual({ path: 'd/m', moved: true });
  await succeed(rig, ['update', 'd/m']);
  expect(await rig.read('d/m')).toBe('22\n');
  expect((await succeed(rig, ['status'])).stdout).toContain('up to date');
});

test('what lies in its place already stays; its pointer can be removed, or replaced', async ({ rig }) => {
  await startProject(rig);
  web.files.set('/p', { body: Buffer.from('1\n'), etag: '"one"' });
  await succeed(rig, ['import-url', '--no-download', `${web.url}/p`]);
  await rig.write({ p: 'mine\n' });
  expectProblems(await rig.pipe(['pull']), 'PIPE_USAGE');
  expectProblems(await rig.pipe(['add', 'p']), 'PIPE_IMPORT_PENDING');
  expect(await rig.read('p')).toBe('mine\n');
  await succeed(rig, ['remove', 'p.pipe']);
  expect([await rig.exists('p.pipe'), await rig.read('p')]).toEqual([false, 'mine\n']);
  expect(await rig.exists('.gitignore')).toBe(false);
  await succeed(rig, ['import-url', '-f', `${web.url}/p`]);
  expect(await rig.read('p')).toBe('1\n');
});
