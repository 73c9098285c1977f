import { expect } from 'vitest';
import { Terminal } from './terminal.ts';
import { test } from './test.ts';
import type { Rig } from './rig.ts';

/** A Node script in a terminal. */
function run(rig: Rig, script: string, options: { columns?: number; rows?: number; limit?: number } = {}): Terminal {
  return new Terminal(process.execPath, ['-e', script], {
    columns: 40,
    rows: 6,
    cwd: rig.project,
    env: rig.env,
    ...options,
  });
}

test('a command in a terminal knows that and how large it is', async ({ rig }) => {
  const terminal = run(
    rig,
    'console.log(process.stdout.isTTY, process.stdin.isTTY, process.stdout.columns, process.stdout.rows)',
  );
  expect(await terminal.done).toBe(0);
  expect(terminal.screen()).toEqual(['true true 40 6']);
});

test('the screen shows what is left after lines were overwritten', async ({ rig }) => {
  const terminal = run(rig, String.raw`process.stdout.write('one\ntwo\n\x1b[1A\x1b[2KTWO\n')`);
  await terminal.done;
  expect(terminal.screen()).toEqual(['one', 'TWO']);
  expect(terminal.raw).toContain('\x1b[2K');
});

test('lines that scrolled away are kept in the history', async ({ rig }) => {
  const terminal = run(rig, 'for (let i = 1; i <= 8; i++) console.log("line", i)');
  await terminal.done;
  expect(terminal.screen()).toEqual(['line 4', 'line 5', 'line 6', 'line 7', 'line 8']);
  expect(terminal.history()).toHaveLength(8);
});

test('what is typed reaches the command, and Ctrl-C ends it', async ({ rig }) => {
  const terminal = run(
    rig,
    'process.stdin.on("data", (d) => console.log("got", String(d).trim())); console.log("ready")',
  );
  await terminal.shows(/ready/);
  terminal.type('words\r');
  await terminal.shows(/got words/);
  terminal.type('\x03');
  expect(await terminal.done).toBe(128 + 2);
});

test('a command hears that its terminal was resized', async ({ rig }) => {
  const script =
    'process.stdout.on("resize", () => { console.log(process.stdout.columns); process.exit(5) }); setInterval(() => 0, 1e6); console.log("ready")';
  const terminal = run(rig, script);
  await terminal.shows(/ready/);
  terminal.resize(60, 10);
  expect(await terminal.done).toBe(5);
  expect(terminal.screen()).toEqual(['ready', '60']);
});

test('a command that runs too long loses its terminal', async ({ rig }) => {
  const terminal = run(rig, 'setInterval(() => 0, 1e6); console.log("here")', { limit: 1000 });
  await expect(terminal.done).rejects.toThrow(/closed after 1000 ms, showing\nhere/);
  await expect.poll(() => rig.leftovers()).toEqual([]);
});

test('waiting for a screen that never comes ends with the command', async ({ rig }) => {
  await expect(run(rig, 'console.log("other")').shows(/words/)).rejects.toThrow(/it has ended, showing\nother/);
});
