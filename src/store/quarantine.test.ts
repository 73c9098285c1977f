import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { checkStore } from './check.ts';
import { removeGarbage } from './collect.ts';
import { Marks } from './mark.ts';
import { isMarked, markedTime } from './object-mark.ts';
import { moveAside } from './quarantine.ts';
import { repairStore } from './repair.ts';
import { openStore } from './store.fixture.ts';
import { findObjects } from './stored-objects.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-quarantine-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('what is damaged is moved, what is right stays, and what is gone is left to whoever moved it', () => {
  const { layout } = openStore(folder, blake3);
  const path = join(folder, 'x');
  const isRight = (file: string): boolean => readFileSync(file, 'utf8') === 'right';
  expect(moveAside(layout, { path, name: 'x' }, isRight)).toBe('gone');
  writeFileSync(path, 'right');
  expect(moveAside(layout, { path, name: 'x' }, isRight)).toBe('right');
  expect([existsSync(path), readdirSync(layout.quarantine)]).toEqual([true, []]);
  writeFileSync(path, 'wrong');
  expect(moveAside(layout, { path, name: 'x' }, isRight)).toMatchObject({ movedTo: expect.any(String) as string });
  expect([existsSync(path), readdirSync(layout.quarantine)]).toHaveLength(2);
});

test('a repair leaves what somebody put right since it was looked at', async () => {
  const store = openStore(folder, blake3);
  const [digest, other] = [await store.put('one'), await store.put('two')];
  for (const each of [digest, other]) {
    chmodSync(store.layout.loose(each), 0o600);
    writeFileSync(store.layout.loose(each), 'wrong');
  }
  const upkeep = await beginUpkeep(store.layout, blake3);
  const checked = await checkStore({ layout: store.layout, blake3 });
  expect(checked.damagedLoose).toHaveLength(2);
  await openStore(folder, blake3).put('one');
  repairStore(checked, { layout: store.layout, blake3, upkeep, now: Date.now() });
  upkeep.end();
  const after = openStore(folder, blake3);
  expect([after.read(digest)?.toString(), after.has(other)]).toEqual(['one', false]);
});

test('the time of a file tells whether it was left alone since it was made for a digest', () => {
  const [digest, other] = [blake3.hash('one'), blake3.hash('two')];
  for (let at = 0; at < 1_000; at += 1) {
    const mtimeMs = markedTime(digest, 1_700_000_000_000 + at * 1_234.567) * 1_000;
    // As the system rounds it: to nanoseconds, to 100 of them, or to microseconds.
    for (const step of [1e-6, 1e-4, 1e-3]) {
      const rounded = { mtimeMs: Math.floor(mtimeMs / step) * step };
      expect([isMarked(digest, rounded), isMarked(other, rounded)]).toEqual([true, false]);
    }
  }
});

test('gc empties the quarantine after two weeks, but of what is needed and was not healed', async () => {
  const store = openStore(folder, blake3);
  const { layout } = store;
  const digests = ['needed', 'healed', 'unneeded'].map((text) => blake3.hash(text));
  await store.put('healed');
  mkdirSync(layout.quarantine, { recursive: true });
  const names = [...digests.map((digest) => digest.slice(3)), 'run', `${'0'.repeat(64)}.pack`].map((name) => `${name}-00000000`); // prettier-ignore
  for (const name of names) writeFileSync(join(layout.quarantine, name), 'wrong');
  const collect = async (days: number): Promise<string[]> => {
    const upkeep = await beginUpkeep(layout, blake3);
    const marks = new Marks(findObjects(layout, blake3));
    for (const digest of digests.slice(0, 2)) marks.addEntry({ kind: 'file', digest, size: 0 }, 'kept');
    const now = Date.now() + days * 86_400_000;
    await removeGarbage({ layout, blake3, marks, isHeld: () => false, upkeep, trashDays: undefined, now });
    upkeep.end();
    return readdirSync(layout.quarantine).sort();
  };
  expect(await collect(13)).toEqual(names.toSorted());
  expect(await collect(15)).toEqual([names[0]]);
});
