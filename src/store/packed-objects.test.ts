import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { storeSink } from '../run/sink.ts';
import type { ObjectStore } from './object-store.ts';
import { scanFrames } from './pack.ts';
import { isComplete } from './completeness.ts';
import { restoreEntry } from './restore.ts';
import { endOf, openStore, pack, startProcess, texts } from './store.fixture.ts';

const blake3 = await loadBlake3();
let folder: string;
let damaged: Digest[];
let store: ObjectStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-packed-'));
  damaged = [];
  store = open();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (): ObjectStore => openStore(folder, blake3, damaged);
const inPacks = (end: string): string[] => readdirSync(store.layout.packs).filter((name) => name.endsWith(end));
const packPath = (at = 0): string => join(store.layout.packs, inPacks('.pack')[at]!);
const read = (from: ObjectStore, digest: Digest): string | undefined => from.read(digest)?.toString();

/** Changes the bytes of an object where it lies in its pack. */
function spoil(digest: Digest, path = packPath()): void {
  const bytes = readFileSync(path);
  const frame = scanFrames(bytes, blake3).frames.find((each) => digest === `b3:${each.digest.toString('hex')}`);
  bytes[frame!.offset]! ^= 0xff;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

describe('wrong bytes in a pack', () => {
  const TEXTS = texts(20);

  test('are never believed, wherever they are', async () => {
    await pack(store, blake3, TEXTS);
    const whole = readFileSync(packPath());
    chmodSync(packPath(), 0o600);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= mask;
        for (const name of inPacks('.bad')) rmSync(join(store.layout.packs, name));
        writeFileSync(packPath(), bytes);
        const again = open();
        const found = TEXTS.map((text) => read(again, blake3.hash(text)));
        // A byte of a table takes all with it, one of an object that object; one of a head nothing.
        const lost = found.filter((text) => text === undefined).length;
        expect([0, 1, TEXTS.length]).toContain(lost);
        for (const [place, text] of found.entries()) if (text !== undefined) expect(text).toBe(TEXTS[place]);
      }),
      { numRuns: 150 },
    );
  });

  test('are set aside and told of, once, and the object counts as absent', async () => {
    const [first, second] = (await pack(store, blake3, TEXTS)) as [Digest, Digest];
    spoil(first);
    const other = open();
    expect(other.has(first)).toBe(true);
    expect(read(other, first)).toBeUndefined();
    expect([other.has(first), other.hasRaw(blake3.raw(TEXTS[0]!)), read(other, second)]).toEqual([
      false,
      false,
      TEXTS[1],
    ]);
    const [aside] = readdirSync(store.layout.quarantine);
    const expected = Buffer.from(TEXTS[0]!);
    expected[0]! ^= 0xff;
    expect(readFileSync(join(store.layout.quarantine, aside!)).equals(expected)).toBe(true);
    expect(readFileSync(join(store.layout.packs, inPacks('.bad')[0]!), 'utf8')).toBe(`${first.slice(3)}\n`);
    expect([read(open(), first), open().has(first), damaged]).toEqual([undefined, false, [first]]);
  });

  test('never reach the workspace', async () => {
    const [first] = (await pack(store, blake3, TEXTS)) as [Digest];
    spoil(first);
    expect(open().extractPacked(first, join(folder, 'out'), 0o644)).toBeUndefined();
    expect(await open().extract(first, join(folder, 'out'), { mode: 0o644 })).toBe(false);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test.each([
    ['by itself', (to: ObjectStore): Promise<unknown> => to.put(TEXTS[0]!)],
    ['with others', (to: ObjectStore): Promise<unknown> => pack(to, blake3, [...TEXTS, ...texts(20, 'new')])],
    ['in a pack of the same name', (to: ObjectStore): Promise<unknown> => pack(to, blake3, TEXTS)],
  ])('are made up for when the object is stored again %s, and it is found, also by others', async (how, storeAgain) => {
    const digests = await pack(store, blake3, TEXTS);
    const [first] = digests as [Digest];
    const sameName = how.includes('same');
    const mate = open();
    expect(mate.has(first)).toBe(true);
    for (const digest of sameName ? digests : [first]) spoilAll(digest);
    for (const digest of sameName ? digests : [first]) expect(read(store, digest)).toBeUndefined();
    expect(store.has(first)).toBe(false);
    await storeAgain(store);
    expect([store.has(first), read(store, first), read(open(), first), read(mate, first)]).toEqual([
      true,
      TEXTS[0],
      TEXTS[0],
      TEXTS[0],
    ]);
    const program = `if (store.read(args[0])?.toString() !== 'object 0') throw new Error('not found');`;
    expect(await endOf(startProcess(folder, program, first))).toBe(0);
    if (sameName) expect([inPacks('.pack').length, inPacks('.bad')]).toEqual([1, []]);
  });

  /** Damages each object by itself, so that the frames before it can still be found. */
  function spoilAll(digest: Digest): void {
    const path = packPath();
    const bytes = readFileSync(path);
    const head = bytes.indexOf(Buffer.from(digest.slice(3), 'hex'));
    bytes[head + 32]! ^= 0xff;
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
  }

  test('do not hide the right ones that another pack has', async () => {
    const [first] = (await pack(store, blake3, TEXTS)) as [Digest];
    const elsewhere = openStore(join(folder, 'other'), blake3);
    await pack(elsewhere, blake3, [...texts(30, 'more'), ...TEXTS]);
    const [name] = readdirSync(elsewhere.layout.packs);
    const path = packPath();
    copyFileSync(join(elsewhere.layout.packs, name!), join(store.layout.packs, name!));
    spoil(first, path);
    expect(read(open(), first)).toBe(TEXTS[0]);
    spoil(first, join(store.layout.packs, name!));
    expect(read(open(), first)).toBeUndefined();
    expect(open().has(first)).toBe(false);
    expect(read(open(), blake3.hash(TEXTS[1]!))).toBe(TEXTS[1]);
  });

  test('in a store that is only read are not believed either, and stop nobody', async () => {
    const [first, second] = (await pack(store, blake3, TEXTS)) as [Digest, Digest];
    spoil(first);
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) {
      execFileSync('chmod', ['-R', 'a+rX', folder]);
      process.seteuid?.(65_534);
    } else execFileSync('chmod', ['-R', 'a-w', join(folder, 'cache')]);
    try {
      const other = open();
      expect([read(other, first), other.has(first), read(other, second)]).toEqual([undefined, false, TEXTS[1]]);
    } finally {
      if (asRoot) process.seteuid?.(0);
      else execFileSync('chmod', ['-R', 'u+w', folder]);
    }
    expect([inPacks('.bad'), damaged]).toEqual([[], [first]]);
  });

  test('are said of by lines of 64 digits; others, and what is no file, say nothing', async () => {
    const digests = await pack(store, blake3, TEXTS);
    const bad = packPath().replace(/pack$/, 'bad');
    writeFileSync(bad, `\n${digests[0]!.slice(3).toUpperCase()}\n..\n${digests[1]!.slice(3, 40)}`);
    mkdirSync(join(store.layout.packs, `${'0'.repeat(64)}.bad`));
    expect(digests.map((digest) => read(open(), digest))).toEqual(TEXTS);
    appendFileSync(bad, `\n${digests[2]!.slice(3)}`);
    expect(digests.filter((digest) => !open().has(digest))).toEqual([digests[2]]);
  });
});

describe('packs that other processes', () => {
  test('add are found, also one after the other in the same moment', async () => {
    expect(store.has(blake3.hash('object 0'))).toBe(false);
    for (let round = 0; round < 30; round += 1) {
      const mine = texts(16, `round ${String(round)},`);
      await pack(open(), blake3, mine);
      const raw = blake3.raw(mine[0]!);
      expect([store.has(blake3.hash(mine[0]!)), store.hasRaw(raw), read(store, blake3.hash(mine[1]!))]).toEqual([true, true, mine[1]]); // prettier-ignore
    }
  });

  test('merge into another are read there, and nothing counts as damaged', async () => {
    const digests = [...(await pack(store, blake3, texts(20, 'a'))), ...(await pack(store, blake3, texts(20, 'b')))];
    const reading = open();
    expect(digests.every((digest) => reading.read(digest) !== undefined)).toBe(true);
    const small = inPacks('.pack');
    const merged = openStore(join(folder, 'merged'), blake3);
    await pack(merged, blake3, [...texts(20, 'a'), ...texts(20, 'b')]);
    const [name] = readdirSync(merged.layout.packs);
    const fresh = open();
    expect(fresh.has(digests[0]!)).toBe(true);
    renameSync(join(merged.layout.packs, name!), join(store.layout.packs, name!));
    for (const each of small) rmSync(join(store.layout.packs, each));
    for (const each of [reading, fresh, open()])
      expect(digests.map((digest) => each.read(digest) !== undefined)).not.toContain(false);
    expect(damaged).toEqual([]);
  });

  test('take away are absent, which is no damage', async () => {
    const digests = await pack(store, blake3, texts(20));
    const fresh = open();
    expect(fresh.hasRaw(blake3.raw('object 0'))).toBe(true);
    rmSync(packPath());
    expect([read(fresh, digests[0]!), fresh.has(digests[1]!), damaged]).toEqual([undefined, false, []]);
    expect(await pack(fresh, blake3, texts(20))).toEqual(digests);
    expect(read(fresh, digests[0]!)).toBe('object 0');
  });

  test.each([0, 10, 100, 900, 'all but a byte'])(
    'truncate to %s hold no more than that; the rest can be stored again',
    async (kept) => {
      const digests = await pack(store, blake3, texts(20));
      const [reading, fresh] = [open(), open()];
      expect(fresh.has(digests[19]!)).toBe(true);
      expect(read(reading, digests[19]!)).toBe('object 19');
      chmodSync(packPath(), 0o600);
      truncateSync(packPath(), typeof kept === 'number' ? kept : statSync(packPath()).size - 1);
      expect(open().has(digests[19]!)).toBe(false);
      for (const each of [fresh, reading]) {
        const found = digests.map((digest) => read(each, digest));
        for (const [at, text] of found.entries()) if (text !== undefined) expect(text).toBe(`object ${String(at)}`);
      }
      const again = open();
      await pack(again, blake3, texts(20));
      for (const each of [again, open()]) expect(digests.map((digest) => read(each, digest))).toEqual(texts(20));
    },
  );

  test('put under a name like that of a pack: a folder, a pipe, a link to nothing', async () => {
    const digests = await pack(store, blake3, texts(20));
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => join(store.layout.packs, `${digit.repeat(64)}.pack`));
    mkdirSync(a!);
    execFileSync('mkfifo', [b!]);
    execFileSync('ln', ['-s', 'nowhere', c!]);
    expect(digests.map((digest) => read(open(), digest))).toEqual(texts(20));
    expect(open().has(blake3.hash('absent'))).toBe(false);
  });

  test('open by the dozen are all read', async () => {
    const groups = Array.from({ length: 12 }, (_, at) => texts(16, `group ${String(at)},`));
    for (const group of groups) await pack(store, blake3, group);
    const again = open();
    for (let at = 0; at < 16; at += 1)
      for (const group of groups) expect(read(again, blake3.hash(group[at]!))).toBe(group[at]);
    const back = groups.flat().reverse();
    expect(back.map((text) => read(again, blake3.hash(text)))).toEqual(back);
  });
});

test('a pack is looked for again when the folder has the time it had before, a moment ago', async () => {
  await pack(store, blake3, texts(16));
  expect(store.has(blake3.hash('late 0'))).toBe(false);
  const { atime, mtime } = statSync(store.layout.packs);
  await pack(open(), blake3, texts(16, 'late'));
  utimesSync(store.layout.packs, atime, mtime);
  expect(store.has(blake3.hash('late 0'))).toBe(true);
});

test('what is put is stored although a pack that was seen a moment ago had it', async () => {
  await pack(store, blake3, texts(20));
  expect(store.has(blake3.hash('object 3'))).toBe(true);
  spoil(blake3.hash('object 3'));
  const digest = await store.put('object 3');
  expect([read(store, digest), read(open(), digest)]).toEqual(['object 3', 'object 3']);
});

test('a digest of another algorithm is an object that is not there', async () => {
  await pack(store, blake3, texts(20));
  for (const text of [`md5:${'0'.repeat(32)}`, `md5:${'f'.repeat(32)}.dir`]) {
    const digest = text as Digest;
    mkdirSync(join(folder, 'work'), { recursive: true });
    expect([store.has(digest), store.read(digest), open().extractPacked(digest, join(folder, 'x'), 0o644)]).toEqual([false, undefined, undefined]); // prettier-ignore
    expect(await store.extract(digest, join(folder, 'x'), { mode: 0o644 })).toBe(false);
    for (const kind of ['file', 'exec', 'link'] as const) {
      const entry = { kind, digest, size: 1 };
      expect(isComplete(store, entry)).toBe(false);
      expect(await restoreEntry(store, entry, { target: join(folder, 'work/x'), root: folder })).toBe(false);
    }
    const dir = { kind: 'dir', digest, size: 1, files: 1 } as const;
    expect(isComplete(store, dir)).toBe(false);
    expect(await restoreEntry(store, dir, { target: join(folder, 'work/x'), root: folder })).toBe(false);
  }
  expect(damaged).toEqual([]);
});

test('what is written out when the disk says no leaves no half of it', async () => {
  await pack(store, blake3, ['x'.repeat(5_000), ...texts(20)]);
  const program = `
    process.on('SIGXFSZ', () => {});
    try {
      store.extractPacked(blake3.hash('x'.repeat(5000)), args[0], 0o644);
    } catch (error) {
      process.exit(error.code === 'EFBIG' && !(await import('node:fs')).existsSync(args[0]) ? 9 : 1);
    }`;
  const limited = startProcess(folder, program, join(folder, 'out'));
  execFileSync('prlimit', ['--pid', String(limited.pid), '--fsize=1000']);
  expect(await endOf(limited)).toBe(9);
});

test('a sink that is asked for what is about to be stored says that it has it', async () => {
  const sink = storeSink(store.writer());
  const bytes = Buffer.from('x');
  expect([sink.has(blake3.raw(bytes)), sink.add(blake3.raw(bytes), bytes), sink.has(blake3.raw(bytes))]).toEqual([false, false, true]); // prettier-ignore
  await sink.settle();
  expect(store.has(blake3.hash('x'))).toBe(false);
});
