import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { does, project } from './data/commands.ts';

const HURRY = pathToFileURL(join(import.meta.dirname, '../rig/hurry.child.mjs')).href;

test('on a terminal add, commit, checkout and fsck tell how much is done, how fast, and what is left; then the line goes', async ({
  rig,
}) => {
  await project(rig);
  const small = Object.fromEntries(Array.from({ length: 1_200 }, (_, at) => [`data/${at}`, `${at}\n`]));
  await rig.write({ one: '1'.repeat(30 << 20), ...small, 'data/large': 'l'.repeat(12 << 20) });
  const shown = async (...args: string[]): Promise<string[]> => {
    const terminal = rig.terminal(args, { columns: 120, env: { NODE_OPTIONS: `--import=${HURRY}` } });
    expect(await terminal.done, terminal.raw).toBe(0);
    const told = terminal.raw.split('\r\u001b[K').map((line) => line.trim());
    expect(terminal.history().join('\n')).not.toMatch(/\/s\b/);
    return told;
  };
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
