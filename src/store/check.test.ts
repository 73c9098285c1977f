import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import type { CheckedStore } from './check.ts';
import { checkStore } from './check.ts';
import { checkNeeds } from './check-needs.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';
import { PackWriter } from './pack-writer.ts';
import { lostObjects, repairStore } from './repair.ts';
import { fileOrigin, originOf, readRunRecords, writeRunRecord } from './run-record.ts';
import type { Entry } from './tree.ts';
import { encodeTree } from './tree.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
/** A disk in memory, where there is one: thousands of stores are repaired, and each write waits for its disk. */
const DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let folder: string;
let texts: Map<Digest, string>;

const layout = () => storeLayout(join(folder, 'cache'));
const open = (): ObjectStore => new ObjectStore(layout(), blake3, () => undefined);
const check = (): Promise<CheckedStore> => checkStore({ layout: layout(), blake3 });

beforeEach(() => {
  folder = mkdtempSync(join(DISK, 'pipe-check-'));
  texts = new Map();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A store with a pack of small objects, two loose ones and a run record. */
async function fill(): Promise<void> {
  const store = open();
  const writer = store.writer();
  for (let at = 0; at < 17; at += 1) {
    const text = 'packed '.repeat(at % 3) + String(at);
    texts.set(blake3.hash(text), text);
    writer.addNow(rawOfDigest(blake3.hash(text)), Buffer.from(text));
  }
  await writer.finish();
  for (const text of ['loose', 'another']) texts.set(await store.put(text), text);
  writeRun(store);
}

/** A store with a pack of four objects, a loose one and a run record. */
async function fillLittle(): Promise<void> {
  const store = open();
  texts.set(await store.put('loose'), 'loose');
  const writer = new PackWriter(layout(), blake3, { owner: thisOwner(), isWhole: true });
  for (const text of ['one', 'two', 'three', 'four']) {
    texts.set(blake3.hash(text), text);
    writer.add(blake3.raw(text), Buffer.from(text));
  }
  writer.seal();
  writeRun(store);
}

function writeRun(store: ObjectStore): void {
  writeRunRecord(store, blake3, {
    key: blake3.hash('key'),
    stage: 'train',
    startedAt: '2024-01-01T00:00:00.000Z',
    durationMs: 1,
    outs: [],
    log: null,
  });
}

/** Every file of the store that holds anything for long. */
function files(): string[] {
  const { root } = layout();
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/leases|quarantine/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name));
}

function overwrite(path: string, bytes: Buffer): void {
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

function isClean(checked: CheckedStore): boolean {
  const { damagedLoose, damagedPacks, damagedRuns, wrongNotes, isFormatDamaged } = checked;
  return !isFormatDamaged && [damagedLoose, damagedPacks, damagedRuns, wrongNotes].every((list) => list.length === 0);
}

async function repair(checked: CheckedStore): Promise<void> {
  // As another process: this one has a lease on what it stored.
  const upkeep = await beginUpkeep(layout(), blake3);
  const relied = { ...upkeep, isHeld: () => false };
  try {
    expect(repairStore(checked, { layout: layout(), blake3, upkeep: relied, now: Date.now() })).toEqual([]);
  } finally {
    upkeep.end();
  }
}

/** Flips a bit of each byte in turn, of the files whose names end so; what `act` leaves behind is put right. */
async function eachFlip(act: (story: string) => Promise<void>, end = ''): Promise<number> {
  const pristine = new Map(files().map((path) => [path, readFileSync(path)]));
  let flips = 0;
  for (const [path, bytes] of pristine) {
    if (!path.endsWith(end)) continue;
    // Another number is another format.
    const to = path.endsWith('format') ? 'pipe.store/'.length : bytes.length;
    for (let at = 0; at < to; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      overwrite(path, flipped);
      await act(`${path} at ${at}`);
      for (const each of files()) if (!pristine.has(each)) rmSync(each);
      for (const [each, content] of pristine) {
        rmSync(each, { force: true });
        writeFileSync(each, content, { mode: 0o600 });
      }
      flips += 1;
    }
  }
  return flips;
}

/** Repairs a store, which is clean then, and holds all that it had not lost. */
async function expectRepaired(checked: CheckedStore, story: string): Promise<void> {
  const lost = lostObjects(checked);
  expect(lost.size, story).toBeLessThan(2);
  forgetLeases();
  await repair(checked);
  checked.objects.close();
  const after = await check();
  after.objects.close();
  expect(isClean(after), story).toBe(true);
  const store = open();
  for (const [digest, text] of texts) {
    expect(store.read(digest)?.toString(), story).toBe(lost.has(digest) ? undefined : text);
  }
}

/** Ends the lease that this process has on the store. */
function forgetLeases(): void {
  for (const name of readdirSync(layout().leases)) rmSync(join(layout().leases, name));
}

describe('a store', () => {
  test('that nobody touched is clean, and holds what was put into it', async () => {
    await fill();
    const checked = await check();
    expect(isClean(checked)).toBe(true);
    expect(checked.objects.size).toBe(texts.size);
    expect(checked.runs).toBe(1);
    for (const [digest, text] of texts) expect(checked.objects.read(digest)?.toString()).toBe(text);
    checked.objects.close();
  });

  test('of which any single byte was changed is found out, and has lost at most one object', async () => {
    await fill();
    const flips = await eachFlip(async (story) => {
      const checked = await check();
      checked.objects.close();
      expect(isClean(checked), story).toBe(false);
      expect(lostObjects(checked).size, story).toBeLessThan(2);
    });
    expect(flips).toBeGreaterThan(1_500);
  });

  test('of which any single byte was changed is clean once repaired, and lacks at most that object', async () => {
    await fillLittle();
    const flips = await eachFlip(async (story) => {
      const checked = await check();
      expect(isClean(checked), story).toBe(false);
      await expectRepaired(checked, story);
    });
    expect(flips).toBeGreaterThan(650);
  });

  test('whose note of what a pack holds wrong is damaged too is found out; repaired, it is clean', async () => {
    await fillLittle();
    const [pack] = files().filter((path) => path.endsWith('.pack'));
    const bytes = readFileSync(pack!);
    bytes.write('X', bytes.indexOf('three', 16));
    overwrite(pack!, bytes);
    expect(open().read(blake3.hash('three'))).toBeUndefined();
    const flips = await eachFlip(async (story) => {
      for (const [digest, text] of texts) {
        expect(open().read(digest)?.toString(), story).toBe(text === 'three' ? undefined : text);
      }
      const checked = await check();
      expect(checked.damagedPacks, story).toHaveLength(1);
      await expectRepaired(checked, story);
      expect(files().filter((path) => path.endsWith('.bad')), story).toEqual([]); // prettier-ignore
    }, '.bad');
    expect(flips).toBe(65);
  });

  test('in which it was changed where a run record came from is clean: the record counts as that of others anyhow', async () => {
    await fillLittle();
    const key = blake3.hash('key');
    const [record] = readRunRecords(layout(), blake3, key);
    fileOrigin(open(), { key, name: record!.name, remote: 'far' });
    expect(originOf(layout(), record!)).toBe('far');
    const flips = await eachFlip(async (story) => {
      expect(originOf(layout(), record!), story).toEqual(expect.any(String));
      const checked = await check();
      expect(isClean(checked), story).toBe(true);
      forgetLeases();
      await repair(checked);
      checked.objects.close();
      expect(originOf(layout(), record!), story).toEqual(expect.any(String));
    }, '.from');
    expect(flips).toBe('{"remote":"far"}\n'.length);
  });

  test('with a pack that was cut off keeps every object that is whole in it', async () => {
    await fill();
    const [pack] = files().filter((path) => path.endsWith('.pack'));
    const bytes = readFileSync(pack!);
    for (const length of [bytes.length - 1, Math.floor(bytes.length / 3), 20, 0]) {
      overwrite(pack!, bytes.subarray(0, length));
      const checked = await check();
      const [damaged] = checked.damagedPacks;
      expect(damaged?.isTableDamaged).toBe(true);
      for (const [digest, text] of texts) {
        const read = checked.objects.read(digest);
        if (read !== undefined) expect(read.toString()).toBe(text);
      }
      if (length === bytes.length - 1) expect(damaged?.good).toHaveLength(17);
      checked.objects.close();
    }
  });

  test('with an object that is damaged in a pack and right elsewhere has lost nothing', async () => {
    await fill();
    const [first] = texts;
    const [digest, text] = first!;
    const [pack] = files().filter((path) => path.endsWith('.pack'));
    const bytes = readFileSync(pack!);
    bytes.write('X', bytes.indexOf(text, 52));
    overwrite(pack!, bytes);
    // Reading it sets it aside; then it is stored once more.
    expect(open().read(digest)).toBeUndefined();
    await open().put(text);
    expect(open().read(digest)?.toString()).toBe(text);
    const checked = await check();
    expect(checked.damagedPacks).toHaveLength(1);
    expect(lostObjects(checked).size).toBe(0);
    forgetLeases();
    await repair(checked);
    expect(isClean(await check())).toBe(true);
    expect(open().read(digest)?.toString()).toBe(text);
  });
});

describe('what is needed', () => {
  const absent = blake3.hash('nowhere');

  test('is told by path when it cannot be had, also where the same folder is needed twice', async () => {
    const store = open();
    const file: Entry = { kind: 'file', digest: await store.put('there'), size: 5 };
    const gone: Entry = { kind: 'file', digest: absent, size: 7 };
    const text = encodeTree(new Map([['a', file], ['b', gone]])); // prettier-ignore
    const inner: Entry = { kind: 'dir', digest: await store.put(text), size: 12, files: 2 };
    const outer = encodeTree(new Map([['in', inner]]));
    const entry: Entry = { kind: 'dir', digest: await store.put(outer), size: 12, files: 2 };
    const things = [
      { entry, path: 'data', from: 'data.pipe' },
      { entry: inner, path: 'copy', from: 'pipeline.lock:copy' },
    ];
    const [missing, ...others] = checkNeeds(store, things).values();
    expect(others).toEqual([]);
    expect(missing).toEqual({
      digest: absent,
      kind: 'file',
      state: 'absent',
      size: 7,
      places: [
        { path: 'data/in/b', from: 'data.pipe' },
        { path: 'copy/b', from: 'pipeline.lock:copy' },
      ],
    });
  });

  test('as a folder must be the list of one, of the size that is said', async () => {
    const store = open();
    const digest = await store.put('no list of anything');
    const entry: Entry = { kind: 'dir', digest, size: 1, files: 1 };
    const [found] = checkNeeds(store, [{ entry, path: 'data', from: 'data.pipe' }]).values();
    expect(found).toMatchObject({ digest, kind: 'dir', state: 'malformed' });
  });
});
