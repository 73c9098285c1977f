import { afterAll, beforeAll, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import type { Machine } from './share/project.ts';
import { REMOTE, cloneProject, commitAll, document, startProject, succeed } from './share/project.ts';
import { reproPull } from './share/pull-run.ts';

let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

function serve(path: string, text: string, etag = text.trim()): void {
  web.files.set(path, { body: Buffer.from(text), etag: `"${etag}"` });
}

interface Fetched {
  readonly downloaded?: { readonly imports: readonly { readonly path: string }[] };
  readonly failed?: readonly { readonly path: string; readonly problems: readonly { readonly code: string }[] }[];
  readonly sources?: readonly { readonly path: string; readonly url: string; readonly size: number | null }[];
  readonly remotes: readonly { readonly absent: readonly unknown[] }[];
  readonly imports?: readonly { readonly path: string; readonly url: string }[];
}

/** Imports that are not downloaded, of which one cannot be. */
async function startPending(rig: Rig): Promise<void> {
  await startProject(rig);
  for (const name of ['a', 'b', 'c']) {
    serve(`/${name}`, `${name}\n`);
    await succeed(rig, ['import-url', '--no-download', `${web.url}/${name}`, 'd/']);
  }
  web.files.delete('/b');
}

const FAILED = [{ path: 'd/b', pointer: 'd/b.pipe', problems: [{ code: 'PIPE_SOURCE_MISSING' }] }];

test('of several imports that are named, those come that can, and the others are told', async ({ rig }) => {
  await startPending(rig);
  const run = await rig.pipe(['pull', 'd/a.pipe', 'd/b', 'd/c']);
  expect(run).toMatchObject({ code: 1 });
  expect(run.stderr).toMatch(/^PIPE_SOURCE_MISSING {2}d\/b\.pipe: /);
  expect(run.stdout).toContain(`Downloaded d/a from ${web.url}/a: 2 bytes.`);
  expect(run.stdout).toContain('For Git: git add d/a.pipe d/c.pipe');
  expect([await rig.read('d/a'), await rig.exists('d/b'), await rig.read('d/c')]).toEqual(['a\n', false, 'c\n']);
  // What is here comes no more, and what cannot be had keeps nothing else back.
  const again = await document<Fetched>(rig, ['fetch', 'd/b', 'd/c'], { code: 1 });
  expect(again).toMatchObject({ failed: FAILED });
  expectProblems(await rig.pipe(['pull', 'd/b']), 'PIPE_SOURCE_MISSING');
  expect((await rig.pipe(['pull', 'd'])).code).toBe(1);
  serve('/b', 'b\n');
  await succeed(rig, ['pull', '--glob', 'd/?']);
  expect(await rig.read('d/b')).toBe('b\n');
});

test('imports that are not downloaded need no remote to come, and are named by a dry run', async ({ rig }) => {
  await startPending(rig);
  await succeed(rig, ['remote', 'remove', 'storage']);
  const dry = await document<Fetched>(rig, ['pull', '--dry']);
  expect(dry.sources).toEqual(['a', 'b', 'c'].map((name) => ({ path: `d/${name}`, url: `${web.url}/${name}`, size: 2 }))); // prettier-ignore
  expect((await succeed(rig, ['fetch', '--dry', 'd/c'])).stdout).toBe(
    `Would download d/c from ${web.url}/c: 2 bytes.\n`,
  );
  expect(await rig.exists('d/c')).toBe(false);
  await succeed(rig, ['pull', 'd/c']);
  expect(await rig.read('d/c')).toBe('c\n');
});

test('--max-size holds for imports that are not downloaded, and leaves out what may be larger', async ({ rig }) => {
  await startProject(rig);
  serve('/small', 's\n');
  serve('/large', 'larger\n');
  for (const name of ['small', 'large']) await succeed(rig, ['import-url', '--no-download', `${web.url}/${name}`]);
  await rig.write({ 'unknown.pipe': `schema: pipe.pointer/1\ndeps:\n  - path: "${web.url}/small"\nouts:\n  - path: unknown\n` }); // prettier-ignore
  const { stdout } = await succeed(rig, ['fetch', '--max-size', '3']);
  expect(stdout).toContain('Downloaded small');
  expect(stdout).toContain('(--max-size): unknown.');
  expect(stdout).not.toContain('Downloaded large');
  await succeed(rig, ['fetch', '--max-size', '3', 'large', 'small']);
  await succeed(rig, ['fetch', '--type', 'metrics']);
  expect(await rig.read('large.pipe')).not.toContain('digest');
});

const STAGES = { stages: { copy: { cmd: 'cat in in > out', deps: ['in'], outs: ['out'] } } };

test('a run with --pull downloads first what its stages read and was never downloaded', async ({ rig }) => {
  await startProject(rig, { 'pipeline.yaml': STAGES });
  serve('/in', 'in\n');
  serve('/other', 'other\n');
  for (const name of ['in', 'other']) await succeed(rig, ['import-url', '--no-download', `${web.url}/${name}`]);
  expect((await rig.pipe(['repro'])).code).not.toBe(0);
  const dry = await rig.pipe(['repro', '--pull', '--dry']);
  expect(dry, dry.stderr).toMatchObject({ code: 0 });
  expect(dry.stdout).toContain('copy');
  expect(await rig.exists('in')).toBe(false);
  const run = await reproPull(rig, ['--pull'], {});
  expect(run.ends['copy']).toMatchObject({ outcome: 'ran' });
  expect(run.downloads).toMatchObject([{ paths: ['in'], bytes: 3 }]);
  expect(run.events[0]).toMatchObject({ type: 'plan' });
  expect([await rig.read('out'), await rig.exists('other')]).toEqual(['in\nin\n', false]);
  expect(await rig.read('in.pipe')).toContain('digest: b3:');

  await rig.remove('in', 'in.pipe', 'out');
  await succeed(rig, ['import-url', '--no-download', `${web.url}/in`]);
  web.files.delete('/in');
  expectProblems(await rig.pipe(['repro', '--pull']), 'PIPE_SOURCE_MISSING');
});

/** A clone of a project that ran with what it imported, whose remote has lost everything. */
async function cloneWithoutRemote(rig: Rig): Promise<Machine> {
  await startProject(rig, { 'pipeline.yaml': STAGES });
  serve('/in', 'in\n', 'one');
  await succeed(rig, ['import-url', `${web.url}/in`]);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push', '-q']);
  await rig.remove(REMOTE);
  await rig.write({ [`${REMOTE}/placeholder`]: '' });
  return cloneProject(rig, 'b');
}

test('what no remote has of an import comes from its URL, as long as that holds the same', async ({ rig }) => {
  const b = await cloneWithoutRemote(rig);
  const run = await reproPull(rig, ['--pull'], b);
  expect(run.ends['copy']).toMatchObject({ outcome: 'ran' });
  expect(run.downloads).toMatchObject([{ stage: 'copy', paths: ['in'] }]);
  expect(await rig.read('../b/out')).toBe('in\nin\n');

  const c = await cloneProject(rig, 'c');
  const dry = await document<Fetched>(rig, ['pull', '--dry', 'in'], c);
  expect(dry).toMatchObject({ sources: [{ path: 'in' }], remotes: [{ absent: [] }] });
  const pulled = await document<Fetched>(rig, ['pull', 'in'], c);
  expect(pulled).toMatchObject({ imports: [{ path: 'in', url: `${web.url}/in` }], remotes: [{ absent: [] }] });
  expect(await rig.read('../c/in')).toBe('in\n');
});

test('what a URL holds by now never takes the place of what was imported', async ({ rig }) => {
  const b = await cloneWithoutRemote(rig);
  for (const etag of ['two', 'one']) {
    serve('/in', 'changed\n', etag);
    const pull = await rig.pipe(['pull', 'in'], b);
    expect(pull.code).toBe(1);
    expect(pull.stdout).toContain('Neither in the cache nor in storage');
    expect(pull.stderr).toMatch(/^PIPE_FILE_CHANGED {2}in\.pipe: /);
    expect(await rig.exists('../b/in')).toBe(false);
    const run = await rig.pipe(['repro', '--pull'], b);
    expect(run.code).not.toBe(0);
    expect(await rig.exists('../b/out')).toBe(false);
  }
});

test('what is imported from a repository is asked of no remote by a run', async ({ rig }) => {
  await rig.write({ '../source/lib/in': 'theirs\n' });
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'one'],
  ])
    expect((await rig.run('git', args, { cwd: '../source' })).code).toBe(0);
  await startProject(rig, { 'pipeline.yaml': { stages: { copy: { cmd: 'cp lib/in out', deps: ['lib/in'], outs: ['out'] } } } }); // prettier-ignore
  await succeed(rig, ['import', rig.path('../source'), 'lib']);
  await commitAll(rig);
  await succeed(rig, ['push', '-q']);
  const b = await cloneProject(rig, 'b');
  const dry = await document<Fetched>(rig, ['pull', '--dry'], b);
  expect(dry.sources).toMatchObject([{ path: 'lib', url: rig.path('../source') }]);
  const run = await reproPull(rig, ['--pull'], b);
  expect(run.ends['copy']).toMatchObject({ outcome: 'ran' });
  expect(await rig.read('../b/out')).toBe('theirs\n');
});

test('a project without a remote, or with a web server as one, gets what it imported from where it comes from', async ({
  rig,
}) => {
  await startProject(rig);
  await succeed(rig, ['remote', 'remove', 'storage']);
  expectProblems(await rig.pipe(['push']), 'PIPE_REMOTE_NONE');
  await succeed(rig, ['remote', 'add', '-q', 'hub', web.url]);
  serve('/in', 'in\n', 'one');
  await succeed(rig, ['import-url', `${web.url}/in`]);
  await commitAll(rig);
  const refused = await rig.pipe(['push']);
  expectProblems(refused, 'PIPE_REMOTE_NONE');
  expect(refused.stderr).toContain('there is no remote that holds data: from hub, URLs are only read');
  await succeed(rig, ['git-hook', 'pre-push', 'origin', 'elsewhere']);
  const b = await cloneProject(rig, 'b');
  expect((await succeed(rig, ['pull', '--dry'], b)).stdout).toBe(`Would download in from ${web.url}/in: 3 bytes.\n`);
  expect((await succeed(rig, ['fetch'], b)).stdout).toBe(`Fetched 1 object, 3 bytes of in from ${web.url}/in.\n`);
  // One that somebody imports from is not where this project's data are.
  await succeed(rig, ['remote', 'add', '-q', '--local', 'registry', rig.path('../registry')], b);
  await rig.remove('../b/.pipe/cache');
  await succeed(rig, ['pull'], b);
  expect(await rig.read('../b/in')).toBe('in\n');
  const c = await cloneProject(rig, 'c');
  serve('/in', 'changed\n', 'two');
  expectProblems(await rig.pipe(['pull'], c), 'PIPE_FILE_CHANGED');
});

test('a version that is nowhere is missing, though another one of its path comes from the URL', async ({ rig }) => {
  await startProject(rig, { x: 'x\n' });
  await succeed(rig, ['add', '-q', 'x']);
  await succeed(rig, ['push', '-q']);
  serve('/in', 'one\n');
  await succeed(rig, ['import-url', `${web.url}/in`]);
  await commitAll(rig, 'one');
  serve('/in', 'second\n');
  await succeed(rig, ['update', '-q']);
  await commitAll(rig, 'second');
  const b = await cloneProject(rig, 'b');
  const lacking = { remotes: [{ absent: [{ path: 'in', size: 4 }] }] };
  const dry = await document<Fetched>(rig, ['fetch', '-A', '--dry'], { ...b, code: 1 });
  expect(dry).toMatchObject({ ...lacking, sources: [{ path: 'in', size: 7 }] });
  const run = await rig.pipe(['fetch', '-A', '--json'], b);
  expect(run.code).toBe(1);
  expect(run.json<Fetched>()).toMatchObject({ ...lacking, imports: [{ path: 'in' }] });
});

test('what was put in place is told, where all that was to be downloaded failed', async ({ rig }) => {
  await startProject(rig);
  serve('/in', 'in\n');
  serve('/late', 'late\n');
  await succeed(rig, ['import-url', `${web.url}/in`]);
  await succeed(rig, ['import-url', '--no-download', `${web.url}/late`]);
  await succeed(rig, ['remote', 'remove', 'storage']);
  web.files.delete('/late');
  await rig.remove('in');
  const run = await rig.pipe(['pull', '--json']);
  expect(run.code).toBe(1);
  expect(run.json()).toMatchObject({ failed: [{ path: 'late' }], paths: [{ path: 'in', added: 1 }] });
  expect(await rig.read('in')).toBe('in\n');
});
