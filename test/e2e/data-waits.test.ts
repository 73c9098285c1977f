import { describe, expect } from 'vitest';
import type { Call } from '../rig/call.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, pointer } from './data/commands.ts';

interface Held {
  readonly call: Call;
  /** Lets the stage end, and with it its claim. */
  readonly end: () => Promise<void>;
}

/** A stage that runs: nobody else may write what it reads, or touch what it makes. */
async function running(rig: Rig, stage: Readonly<Record<string, unknown>>): Promise<Held> {
  const command = await rig.command();
  await rig.write({ 'pipeline.yaml': { stages: { s: { cmd: command.line, ...stage } } } });
  const run = rig.spawn(['repro', '-q']);
  const call = await command.next();
  const end = async (): Promise<void> => {
    await call.exit();
    await run.done;
  };
  return { call, end };
}

describe.concurrent('what is recorded while a command waits for its paths is what it works with', () => {
  test('move of a path inside a tracked folder', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ 'd/x': 'new' });
    await does(rig, 'add', 'd');
    const newer = await rig.read('d.pipe');
    const { digest } = (await does<{ added: { digest: string }[] }>(rig, 'add', 'd/x')).added[0] ?? {};
    await rig.write({ 'd/x': 'old' });
    await does(rig, 'add', 'd');
    const { end } = await running(rig, { deps: ['d'] });
    const move = rig.spawn(['move', 'd/x', 'y']);
    await move.printed(/waiting for process/);
    await rig.write({ 'd/x': 'new', 'd.pipe': newer });
    await end();
    expect(await move.done).toMatchObject({ code: 0 });
    expect(await rig.read('y')).toBe('new');
    expect((await pointer(rig, 'y.pipe')).digest).toBe(digest);
  });

  test('move of what a pointer tracks, into a folder that another tracks', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ f: 'new', 'd/x': '', e: '' });
    await does(rig, 'add', 'f', 'd');
    const newer = { 'f.pipe': await rig.read('f.pipe'), f: 'new' };
    await rig.write({ f: 'old' });
    await does(rig, 'add', 'f');
    const { end } = await running(rig, { deps: ['f'] });
    const move = rig.spawn(['move', 'f', 'd/f']);
    await move.printed(/waiting for process/);
    await rig.write(newer);
    await end();
    expect(await move.done).toMatchObject({ code: 0 });
    await rig.remove('d');
    await does(rig, 'checkout');
    expect(await rig.read('d/f')).toBe('new');
  });

  test('checkout of what a pointer tracks', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ a: 'new' });
    await does(rig, 'add', 'a');
    const newer = { 'a.pipe': await rig.read('a.pipe'), a: 'new' };
    await rig.write({ a: 'old' });
    await does(rig, 'add', 'a');
    const { end } = await running(rig, { deps: ['a'] });
    const checkout = rig.spawn(['checkout', 'a']);
    await checkout.printed(/waiting for process/);
    await rig.write(newer);
    await end();
    expect(await checkout.done).toMatchObject({ code: 0 });
    expect(await rig.read('a')).toBe('new');
  });

  test('checkout of the out of a stage that runs', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    const first = await running(rig, { outs: ['out'] });
    await first.call.write({ out: '1' });
    await first.end();
    const { call, end } = await running(rig, { outs: ['out'] });
    const checkout = rig.spawn(['checkout', 'out']);
    await checkout.printed(/waiting for process/);
    await call.write({ out: '2' });
    await end();
    expect(await checkout.done).toMatchObject({ code: 0 });
    expect(await rig.read('out')).toBe('2');
  });

  test('a pointer that is gone by then is told', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ a: 'a' });
    await does(rig, 'add', 'a');
    const { end } = await running(rig, { deps: ['a'] });
    const checkout = rig.spawn(['checkout', 'a']);
    await checkout.printed(/waiting for process/);
    await rig.remove('a.pipe');
    await end();
    const told = await checkout.done;
    expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('PIPE_TARGET_UNKNOWN  a.pipe is gone')]);
  });
});
