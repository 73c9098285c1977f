import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect } from 'vitest';
import { listen } from '../rig/listen.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project, save } from './data/commands.ts';

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** A server that takes every request and answers none. */
async function silentServer() {
  const server = createServer();
  const asked = (): Promise<unknown> => once(server, 'request');
  return { ...(await listen(server)), asked };
}

async function tracked(rig: Rig): Promise<void> {
  await project(rig);
  await rig.write({ d: '1' });
  await does(rig, 'add', 'd');
  await save(rig, 'd');
}

describe.for(SIGNALS)('a command that %s stops exits as shells expect, with %i', ([signal, code]) => {
  test('where it waits for another process', async ({ rig }) => {
    await tracked(rig);
    const command = await rig.command();
    await rig.write({ d: '2', 'pipeline.yaml': { stages: { s: { cmd: command.line, deps: ['d'] } } } });
    const run = rig.spawn(['repro', '-q']);
    const call = await command.next();
    for (const words of [
      ['add', 'd'],
      ['checkout', '-f', 'd'],
      ['commit', 'd.pipe'],
      ['remove', 'd.pipe'],
      ['move', 'd', 'e'],
      ['unprotect', 'd'],
    ]) {
      // prettier-ignore
      const waiting = rig.spawn(words);
      await waiting.printed(/waiting for process/);
      waiting.kill(signal);
      const { code: exit, stderr } = await waiting.done;
      expect([words[0], exit, stderr.includes('PIPE_CANCELLED')]).toEqual([words[0], code, true]);
    }
    await call.exit();
    await run.done;
    expect(await rig.read('d')).toBe('2');
  });

  test('where it waits for a server', async ({ rig }) => {
    await tracked(rig);
    const server = await silentServer();
    await rig.pipe(['remote', 'add', '-q', '-d', 'far', 's3://bucket']);
    await rig.pipe(['remote', 'modify', '-q', 'far', 'endpointurl', server.url]);
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    for (const words of [['push'], ['gc', '-w', '-c', '-f'], ['fsck', '--remote'], ['fetch'], ['pull']]) {
      // What the cache has is asked of no server.
      if (words[0] === 'fetch') await rig.remove('.pipe/cache');
      const asked = server.asked();
      const waiting = rig.spawn([...words, '--json'], { env });
      await Promise.race([asked, waiting.done]);
      waiting.kill(signal);
      const ended = await waiting.done;
      expect([words[0], ended.code, ended.stdout.includes('PIPE_CANCELLED')], ended.stdout).toEqual([words[0], code, true]); // prettier-ignore
    }
    await server.close();
  });
});

test('Ctrl-C is no answer to a question, and nothing is done', async ({ rig }) => {
  await tracked(rig);
  await rig.write({ d: '2' });
  await does(rig, 'add', 'd');
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: 'cp d o', deps: ['d'], outs: ['o'] } } } });
  await does(rig, 'commit', 'd.pipe');
  const gc = rig.terminal(['gc', '-w'], { columns: 60 });
  await gc.shows(/\[y\/N\] $/);
  gc.type('\x03');
  expect(await gc.done).toBe(130);
  await rig.write({ o: 'mine' });
  const commit = rig.terminal(['commit', 's'], { columns: 60 });
  await commit.shows(/\[y\/N\] $/);
  commit.type('\x03');
  expect(await commit.done).toBe(130);
  expect(await rig.exists('pipeline.lock')).toBe(false);
  expect((await does<{ objects: number }>(rig, 'gc', '-w', '-f')).objects).toBeGreaterThan(0);
});
