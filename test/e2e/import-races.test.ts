import { afterEach, beforeEach, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { Waiters } from '../rig/waiters.ts';
import type { WebServer } from '../rig/web-server.ts';
import { startWebServer } from '../rig/web-server.ts';
import { expectProblems } from './faults/problem.ts';
import { startProject, succeed } from './share/project.ts';

// A download takes long: whatever somebody else does to its place meanwhile stays.

let web: WebServer;
beforeEach(async () => {
  web = await startWebServer();
});
afterEach(async () => {
  await web.close();
});

/** Serves a file that comes when it is let go. */
function hold(body: string): { readonly asked: (times?: number) => Promise<void>; readonly go: () => void } {
  const waiters = new Waiters();
  const { promise, resolve } = withResolvers();
  let times = 0;
  const held = (): Promise<void> => {
    times += 1;
    waiters.check();
    return promise;
  };
  web.files.set('/raw', { body: Buffer.from(body), etag: `"${body.trim()}"`, held });
  return { asked: (wanted = 1) => waiters.wait(() => times >= wanted, 'a request'), go: resolve };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => { resolve = settle; }); // prettier-ignore
  return { promise, resolve };
}

test('what somebody tracks while it is downloaded is not replaced', async ({ rig }) => {
  await startProject(rig);
  const { asked, go } = hold('new\n');
  const importing = rig.spawn(['import-url', `${web.url}/raw`]);
  await asked();
  await rig.write({ raw: 'my own data\n' });
  await succeed(rig, ['add', '-q', 'raw']);
  const pointer = await rig.read('raw.pipe');
  go();
  expectProblems(await importing.done, 'PIPE_USAGE');
  expect(await rig.read('raw')).toBe('my own data\n');
  expect(await rig.read('raw.pipe')).toBe(pointer);
  const forced = hold('newer\n');
  const again = rig.spawn(['import-url', `${web.url}/raw`, '--force']);
  await forced.asked();
  await rig.write({ raw: 'my other data\n' });
  await succeed(rig, ['add', '-q', 'raw']);
  forced.go();
  expectProblems(await again.done, 'PIPE_FILE_CHANGED');
  expect(await rig.read('raw')).toBe('my other data\n');
});

test('an update leaves an import alone that somebody else changed, froze or removed meanwhile', async ({ rig }) => {
  await startProject(rig);
  hold('one\n').go();
  await succeed(rig, ['import-url', `${web.url}/raw`]);
  const before = await rig.read('raw.pipe');
  const changes = [
    async (): Promise<void> => rig.write({ 'raw.pipe': `frozen: true\n${before}` }),
    async (): Promise<void> => rig.remove('raw.pipe'),
    async (): Promise<void> => void (await succeed(rig, ['remove', '-q', 'raw.pipe'])),
  ];
  for (const [at, change] of changes.entries()) {
    await rig.write({ 'raw.pipe': before });
    const { asked, go } = hold(`two ${String(at)}\n`);
    const updating = rig.spawn(['update']);
    await asked();
    await change();
    go();
    expectProblems(await updating.done, 'PIPE_FILE_CHANGED');
    expect(await rig.exists('raw.pipe')).toBe(at === 0);
  }
});

test('two that import the same at once make the same of it; one is told', async ({ rig }) => {
  await startProject(rig);
  const { asked, go } = hold('new\n');
  const both = [1, 2].map(() => rig.spawn(['import-url', `${web.url}/raw`]));
  await asked(2);
  go();
  const codes = (await Promise.all(both.map(({ done }) => done))).map(({ code }) => code);
  expect(codes.sort()).toEqual([0, 2]);
  expect(await rig.read('raw')).toBe('new\n');
});
