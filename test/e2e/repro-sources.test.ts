import { afterAll, beforeAll, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import type { Machine } from './share/project.ts';
import { cloneProject, commitAll, startProject, succeed } from './share/project.ts';
import { reproPull } from './share/pull-run.ts';

let web: WebServer;
beforeAll(async () => {
  web = await startWebServer();
});
afterAll(() => web.close());

const STAGES = {
  join: { cmd: 'cat page lib/in > joined', deps: ['page', 'lib/in'], outs: ['joined'] },
  inside: { cmd: 'cat folder/deep/x folder/deep/x > copied', deps: ['folder/deep/x'], outs: ['copied'] },
  own: { cmd: 'cp mine taken', deps: ['mine'], outs: ['taken'] },
};

/** A clone of a project that has no remote, and that ran with what it imported, and with a file of its own. */
async function start(rig: Rig, stages: readonly (keyof typeof STAGES)[]): Promise<Machine> {
  await rig.write({ '../theirs/lib/in': 'theirs\n', '../folder/deep/x': 'x\n', '../folder/y': 'y\n' });
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'one'],
  ])
    expect((await rig.run('git', args, { cwd: '../theirs' })).code).toBe(0);
  const chosen = Object.fromEntries(stages.map((name) => [name, STAGES[name]]));
  await startProject(rig, { 'pipeline.yaml': { stages: chosen }, mine: 'mine\n' });
  await succeed(rig, ['remote', 'remove', 'storage']);
  // A web server is only read from.
  await succeed(rig, ['remote', 'add', '-q', 'hub', web.url]);
  web.files.set('/page', { body: Buffer.from('page\n'), etag: '"page"' });
  await succeed(rig, ['import-url', '-q', `${web.url}/page`]);
  await succeed(rig, ['import-url', '-q', '../folder']);
  await succeed(rig, ['import', '-q', rig.path('../theirs'), 'lib']);
  await succeed(rig, ['add', '-q', 'mine']);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  return cloneProject(rig, 'b');
}

test('a run with --pull in a project without a remote gets what it needs from where it was imported', async ({
  rig,
}) => {
  const b = await start(rig, ['join', 'inside']);
  expect((await rig.pipe(['status', '--pull'], b)).code).toBe(0);
  expect((await rig.pipe(['repro', '--pull', '--dry'], b)).code).toBe(0);
  expect(await rig.exists('../b/page')).toBe(false);
  const run = await reproPull(rig, ['--pull'], b);
  expect(run.ends).toMatchObject({ join: { outcome: 'ran' }, inside: { outcome: 'ran' } });
  expect([await rig.read('../b/joined'), await rig.read('../b/copied')]).toEqual(['page\ntheirs\n', 'x\nx\n']);
  expect((await rig.run('git', ['status', '--short'], b)).stdout).toBe('');
});

test('a run with --pull of a project with remotes of which none is the default one is refused', async ({ rig }) => {
  const b = await start(rig, ['join']);
  await succeed(rig, ['remote', 'add', '-q', 'storage', rig.path('../storage')], b);
  const run = await rig.pipe(['repro', '--pull'], b);
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('PIPE_REMOTE_NONE')]);
  expect(await rig.exists('../b/joined')).toBe(false);
});

test('where something that is needed can come from nowhere, that is told, and nothing else is kept from running', async ({
  rig,
}) => {
  const b = await start(rig, ['join', 'own']);
  const run = await rig.pipe(['repro', '--pull', '-k'], b);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('neither the cache nor a remote has all of mine');
  expect(run.stderr).toContain('pipe remote add -d NAME URL');
  expect(await rig.read('../b/joined')).toBe('page\ntheirs\n');
  const dry = await rig.pipe(['repro', '--pull', '--dry', 'own'], b);
  expect(dry.code).toBe(1);
  expect(dry.stdout).toContain('neither the cache nor a remote has all of mine');
  // Of a URL that gives something else by now, the same.
  web.files.set('/page', { body: Buffer.from('another\n'), etag: '"another"' });
  const c = await cloneProject(rig, 'c');
  const changed = await rig.pipe(['repro', '--pull', 'join'], c);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toContain('has all of page');
  expect(await rig.exists('../c/joined')).toBe(false);
});
