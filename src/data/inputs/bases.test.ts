import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../kit/digest.ts';
import type { Entry } from '../../store/tree.ts';
import type { Bases } from './bases.ts';
import { openBases } from './bases.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-bases-'));
  mkdirSync(join(root, '.pipe'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const open = (): Bases => openBases({ root, pipeDir: join(root, '.pipe') });

const file = (of: string): Entry => ({ kind: 'file', digest: `b3:${of.repeat(64)}` as Digest, size: 1 });

function note(path: string, entry: Entry): void {
  const bases = open();
  bases.set(path, entry);
  bases.save();
}

test('of two that were opened at once, each saves its own edits and keeps those of the other', () => {
  note('gone', file('0'));
  note('kept', file('0'));
  const [one, two] = [open(), open()];
  for (const bases of [one, two]) expect(bases.get('gone')).toEqual(file('0'));
  one.set('a', file('1'));
  one.drop('gone');
  two.set('b', file('2'));
  one.save();
  two.save();
  const now = open();
  expect([now.get('a'), now.get('b'), now.get('kept')]).toEqual([file('1'), file('2'), file('0')]);
  expect(now.get('gone')).toBeUndefined();
  expect(two.get('a'), 'of what was saved, the others are known').toEqual(file('1'));
});

test('what was noted without a claim gives way to what another process has noted since', () => {
  note('a', file('0'));
  note('b', file('0'));
  const looking = open();
  looking.set('a', file('1'));
  looking.drop('b');
  looking.set('c', file('1'));
  note('a', file('2'));
  expect(looking.save({ isClaimed: false })).toEqual(['a']);
  const now = open();
  expect([now.get('a'), now.get('b'), now.get('c')]).toEqual([file('2'), undefined, file('1')]);
});

test('what was noted under a claim is newer than what another process has seen', () => {
  note('a', file('0'));
  const claimed = open();
  claimed.set('a', file('1'));
  note('a', file('2'));
  expect(claimed.save()).toEqual([]);
  expect(open().get('a')).toEqual(file('1'));
});
