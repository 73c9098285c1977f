import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project } from './data/commands.ts';
import { withDisk } from './faults/disk.ts';

const HURRY = pathToFileURL(join(import.meta.dirname, '../rig/hurry.child.mjs')).href;

/** All lines of progress that a command shows on a terminal; none of them is left. */
async function shownBy(rig: Rig, ...args: string[]): Promise<string[]> {
  const terminal = rig.terminal(args, { columns: 120, env: { NODE_OPTIONS: `--import=${HURRY}` } });
  expect(await terminal.done, terminal.raw).toBe(0);
  expect(terminal.history().join('\n')).not.toMatch(/\/s\b/);
  return terminal.raw.split('\r\u001b[K').map((line) => line.trim());
}

test('on a terminal add, commit, checkout and fsck tell how much is done, how fast, and what is left; then the line goes', async ({
  rig,
}) => {
  await project(rig);
  const small = Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`data/${at}`, `${at}\n`]));
  await rig.write({ one: '1'.repeat(30 << 20), ...small, 'data/large': 'l'.repeat(12 << 20) });
  const shown = (...args: string[]): Promise<string[]> => shownBy(rig, ...args);
  const size = String.raw`[\d.]+ [KMG]?B`;
  const speed = String.raw`(?: · ${size}/s)?(?: · [\d,]+ files/s)?`;
  const of = String.raw`[\d,]+ of [\d,]+ files · ${size} of ${size}${speed} · .* left`;
  expect(await shown('add', 'one')).toContainEqual(expect.stringMatching(new RegExp(`^adding ${of}$`)));
  expect(await shown('add', 'data')).toContainEqual(
    expect.stringMatching(new RegExp(String.raw`^adding [\d,]+ files · ${size}${speed}$`)),
  );
  await rig.remove('one', 'data');
  expect(await shown('checkout')).toContainEqual(expect.stringMatching(new RegExp(`^checking out ${of}$`)));
  expect(await shown('fsck')).toContainEqual(
    expect.stringMatching(/^checking [\d,]+ of [\d,]+ objects · .*\/s.* · .* left$/),
  );
  await rig.write({ one: '2'.repeat(30 << 20) });
  expect(await shown('commit')).toContainEqual(expect.stringMatching(/^committing .*\/s/));
  await does(rig, 'fsck');
});

test('on a terminal gc tells how many objects are out, packed or not, of how many', async ({ rig }) => {
  await project(rig);
  const small = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`data/small/${at}`, `${at}\n`]));
  const large = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`data/${at}`, `${at}`.repeat(70_000)]));
  await rig.write({ ...small, ...large });
  await does(rig, 'add', 'data');
  await rig.remove('data', 'data.pipe');
  const { objects } = await does<{ objects: number }>(rig, 'gc', '-w', '--dry');
  // Two lists, too.
  expect(objects).toBe(632);
  const shown = await shownBy(rig, 'gc', '-w', '-f');
  const told = shown
    .flatMap((line) => /^removing ([\d,]+) of 632 objects · .* left$/.exec(line)?.[1] ?? [])
    .map(Number);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.length).toBeGreaterThan(5);
  expect(told.at(-1)).toBe(632);
  expect(shown.at(-1)).toMatch(/^Removed 632 objects/);
});

test('on a terminal a move to another disk tells how much has been copied, and how fast', async ({ rig }) => {
  await project(rig);
  const files = Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`data/${at}`, `${at}\n`]));
  await rig.write({ ...files, 'data/large': 'l'.repeat(12 << 20) });
  await does(rig, 'add', 'data');
  await withDisk(rig, { folder: 'other', size: '64m' }, async () => {
    const shown = await shownBy(rig, 'move', 'data', 'other/data');
    expect(shown).toContainEqual(expect.stringMatching(/^moving [\d,]+ files · [\d.]+ [KMG]?B · [\d.]+ [KMG]?B\/s/));
    const counts = shown.flatMap((line) => /^moving ([\d,]+) files/.exec(line)?.[1] ?? []).map(Number);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(await rig.files('other')).toContain('data/599');
    // On one disk nothing is copied.
    expect((await shownBy(rig, 'move', 'other/data', 'other/moved')).filter((line) => line.startsWith('moving'))).toEqual([]); // prettier-ignore
    await does(rig, 'fsck');
  });
});
