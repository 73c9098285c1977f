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

  test('add of a path inside a folder that is tracked by then, which is brought up to date instead', async ({
    rig,
  }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ 'd/x': '1', 'd/y': '1' });
    await does(rig, 'add', 'd');
    const tracked = await rig.read('d.pipe');
    await does(rig, 'remove', 'd.pipe');
    await rig.write({ 'd/x': '2' });
    const { end } = await running(rig, { deps: ['d/x'] });
    const add = rig.spawn(['add', 'd/x']);
    await add.printed(/waiting for process/);
    await rig.write({ 'd.pipe': tracked });
    await end();
    expect(await add.done).toMatchObject({ code: 0 });
    expect(await rig.exists('d/x.pipe')).toBe(false);
    await rig.remove('d');
    await does(rig, 'checkout', 'd.pipe');
    expect([await rig.read('d/x'), await rig.read('d/y')]).toEqual(['2', '1']);
  });

  test('add of what a pointer tracks that was frozen meanwhile is refused', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ a: '1' });
    const { end } = await running(rig, { deps: ['a'] });
    const add = rig.spawn(['add', 'a']);
    await add.printed(/waiting for process/);
    await rig.write({ 'a.pipe': `schema: pipe.pointer/1\nouts:\n- path: a\n  digest: b3:${'a'.repeat(64)}\n  size: 1\nfrozen: true\n` }); // prettier-ignore
    await end();
    const told = await add.done;
    expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('PIPE_FROZEN')]);
  });

  test('move to where something is tracked by then is refused', async ({ rig }) => {
    await rig.pipe(['init', '-q', '--no-scm']);
    await rig.write({ a: '1', 'e/f': '1' });
    await does(rig, 'add', 'a', 'e/f');
    const inner = await rig.read('e/f.pipe');
    await does(rig, 'remove', 'e/f.pipe');
    await rig.remove('e');
    const { end } = await running(rig, { deps: ['a'] });
    const move = rig.spawn(['move', 'a', 'e']);
    await move.printed(/waiting for process/);
    await rig.write({ 'e/f.pipe': inner });
    await end();
    const told = await move.done;
    expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('PIPE_POINTER_CONFLICT')]);
    expect(await rig.read('a')).toBe('1');
  });
});

test('adds of a folder and of a path in it at once: one of the two tracks it, and the project is sound', async ({
  rig,
}) => {
  await rig.pipe(['init', '-q', '--no-scm']);
  for (let round = 0; round < 6; round += 1) {
    await rig.write({ 'd/x': `${round}`, 'd/y': `${round}` });
    const ends = await Promise.all([rig.pipe(['add', 'd']), rig.pipe(['add', 'd/x']), rig.pipe(['add', 'd'])]);
    const refused = ends.filter(({ code }) => code !== 0);
    for (const each of refused) expect([each.code, each.stderr]).toEqual([2, expect.stringContaining('PIPE_POINTER_CONFLICT')]); // prettier-ignore
    expect(await rig.exists('d.pipe')).not.toBe(await rig.exists('d/x.pipe'));
    await does(rig, 'data', 'status');
    await rig.remove('d.pipe', 'd', '.gitignore');
  }
});
