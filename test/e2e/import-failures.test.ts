import { afterAll, beforeAll, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { document, startProject, succeed } from './share/project.ts';

let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

interface Failed {
  readonly path: string;
  readonly pointer: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

function serve(path: string, text: string): void {
  web.files.set(path, { body: Buffer.from(text), etag: `"${text.trim()}"` });
}

/** Three imports, of which the source of the second is gone and those of the others have moved on. */
async function start(rig: Rig): Promise<void> {
  await startProject(rig, { in: 'in', 'pipeline.yaml': { stages: { copy: { cmd: 'cp in out', deps: ['in'], outs: ['out'] } } } }); // prettier-ignore
  for (const name of ['a', 'b', 'sub/c']) {
    serve(`/${name}`, `old ${name}\n`);
    await rig.write({ 'sub/keep': '' });
    await succeed(rig, ['import-url', '-q', `${web.url}/${name}`, name]);
    serve(`/${name}`, `new ${name}\n`);
  }
  web.files.delete('/b');
}

const FAILED = [{ path: 'b', pointer: 'b.pipe', problems: [{ code: 'PIPE_SOURCE_MISSING' }] }];

test('an update tells what it did, and of each failure the pointer', async ({ rig }) => {
  await start(rig);
  const run = await rig.pipe(['update']);
  expect(run.code).toBe(1);
  expect(run.stdout).toBe('a  updated\nsub/c  updated\n\nFor Git: git add a.pipe sub/c.pipe\n');
  expect(run.stderr).toMatch(/^PIPE_SOURCE_MISSING {2}b\.pipe: /);
  expect([await rig.read('a'), await rig.read('b'), await rig.read('sub/c')]).toEqual(['new a\n', 'old b\n', 'new sub/c\n']); // prettier-ignore

  serve('/a', 'newer a\n');
  const told = await document<{ imports: unknown[]; written: string[]; failed: Failed[] }>(rig, ['update'], {
    code: 1,
  });
  expect(told.imports).toMatchObject([{ path: 'a', state: 'changed' }, { path: 'sub/c', state: 'unchanged' }]); // prettier-ignore
  expect(told.written).toEqual(['a.pipe']);
  expect(told.failed).toMatchObject(FAILED);
  expect(told.failed[0]?.problems[0]?.message).toMatch(/^b\.pipe: /);

  // --quiet does not hide what went wrong.
  expect((await rig.pipe(['update', '-q'])).stderr).toMatch(/b\.pipe: /);
});

test('an update of nothing but what fails is an error, which names the pointers', async ({ rig }) => {
  await start(rig);
  web.files.delete('/a');
  const run = await rig.pipe(['update', 'a', 'b']);
  expectProblems(run, 'PIPE_SOURCE_MISSING', 'PIPE_SOURCE_MISSING');
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(/ {2}a\.pipe: .*[^]* {2}b\.pipe: /);
});

test('a flag that an import does not know is refused before anything is updated', async ({ rig }) => {
  await start(rig);
  expectProblems(await rig.pipe(['update', '--rev', 'main']), 'PIPE_USAGE');
  expect(await rig.read('a')).toBe('old a\n');
});

test('a source that is gone hides nothing else of the status', async ({ rig }) => {
  await start(rig);
  const run = await rig.pipe(['status', '--updates']);
  expect(run.code).toBe(1);
  expect(run.stdout).toBe(
    'copy: will run\n  it has not run before\na: the source has moved on (pipe update)\nsub/c: the source has moved on (pipe update)\n',
  );
  expect(run.stderr).toMatch(/^PIPE_SOURCE_MISSING {2}b\.pipe: /);
  const told = await document<{ upToDate: boolean; updates: unknown[]; stages: unknown[]; failed: Failed[] }>(
    rig,
    ['status', '--updates'],
    { code: 1 },
  );
  expect(told).toMatchObject({ upToDate: false, stages: [{ stage: 'copy' }], failed: FAILED });
  expect(told.updates).toEqual([{ path: 'a', moved: true }, { path: 'sub/c', moved: true }]); // prettier-ignore
});

test('what is up to date, but for a source that does not answer, is not said to be up to date', async ({ rig }) => {
  await start(rig);
  await succeed(rig, ['update', '-q', 'a', 'sub/c']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  const run = await rig.pipe(['status', '--updates']);
  expect(run).toMatchObject({ code: 1, stdout: 'Nothing changed here: 1 stage.\n' });
  expect((await rig.pipe(['status', '--updates', '-q'])).code).toBe(1);
});
