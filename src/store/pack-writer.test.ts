import fc from 'fast-check';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { ownedName, thisOwner } from '../kit/owner.ts';
import type { ObjectStore } from './object-store.ts';
import { LARGEST_PACK, PACK_HEADER, scanFrames } from './pack.ts';
import { PackWriter } from './pack-writer.ts';
import { endOf, openStore, pack, startProcess, texts } from './store.fixture.ts';

const blake3 = await loadBlake3();
let folder: string;
let damaged: Digest[];
let store: ObjectStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-pack-'));
  damaged = [];
  store = open();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (): ObjectStore => openStore(folder, blake3, damaged);
const packs = (): string[] => (existsSync(store.layout.packs) ? readdirSync(store.layout.packs) : []);
const left = (): string[] => (existsSync(store.layout.tmp) ? readdirSync(store.layout.tmp) : []);
const readAll = (from: ObjectStore, digests: readonly Digest[]): (string | undefined)[] =>
  digests.map((digest) => from.read(digest)?.toString());

/** Bytes that do not compress, and differ with the seed. */
function bytesOf(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length, String(seed));
  if (length >= 4) bytes.writeUInt32LE(seed);
  return bytes;
}

/** A pack in `tmp` whose writer is gone. */
function leave(content: Buffer, mode = 0o600): string {
  mkdirSync(store.layout.tmp, { recursive: true });
  const path = join(store.layout.tmp, `${ownedName({ ...thisOwner(), start: '1' })}.pack`);
  writeFileSync(path, content, { mode });
  return path;
}

describe('objects that are stored together', () => {
  test('of any size come back as they were, packed, also where they cross what is written at once', async () => {
    const MIB = 1 << 20;
    const size = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: MIB - 80, max: MIB + 80 }),
      fc.integer({ min: MIB / 2 - 80, max: MIB / 2 + 80 }),
      fc.integer({ min: 2 * MIB, max: 2 * MIB + 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(size, { minLength: 16, maxLength: 30 }), async (sizes) => {
        rmSync(join(folder, 'cache'), { recursive: true, force: true });
        const writer = open().writer();
        const all = sizes.map((length, at) => bytesOf(length, at));
        for (const bytes of all) writer.addNow(blake3.raw(bytes), bytes);
        for (const bytes of all) expect(writer.has(blake3.raw(bytes))).toBe(true);
        await writer.finish();
        const again = open();
        for (const bytes of all) expect(again.read(blake3.hash(bytes))?.equals(bytes)).toBe(true);
        expect(left()).toEqual([]);
      }),
      { numRuns: 15 },
    );
    expect(damaged).toEqual([]);
  });

  test('are in the store only when they are finished, and gone when they are given up', async () => {
    const writer = store.writer();
    const big = bytesOf(2 << 20, 1);
    writer.addNow(blake3.raw(big), big);
    expect([left().length, open().has(blake3.hash(big)), writer.has(blake3.raw(big))]).toEqual([1, false, true]);
    writer.discard();
    await writer.finish();
    expect([left(), packs(), open().has(blake3.hash(big))]).toEqual([[], [], false]);
  });

  test('get a pack of their own each time one is full', async () => {
    const writer = store.writer();
    const digests: Digest[] = [];
    let settled = 0;
    for (let at = 0; at < 1_100; at += 1) {
      const bytes = bytesOf(64 * 1024, at);
      digests.push(blake3.hash(bytes));
      if (!writer.addNow(blake3.raw(bytes), bytes)) continue;
      settled += 1;
      await writer.settle();
    }
    await writer.finish();
    const sizes = packs().map((name) => statSync(join(store.layout.packs, name)).size);
    expect([settled, sizes.length]).toEqual([2, 3]);
    expect(Math.max(...sizes)).toBeLessThan(33 << 20);
    const again = open();
    expect(digests.every((digest) => again.has(digest))).toBe(true);
    expect(again.read(digests[0]!)?.equals(bytesOf(64 * 1024, 0))).toBe(true);
    expect(again.read(digests.at(-1)!)?.equals(bytesOf(64 * 1024, 1_099))).toBe(true);
  });

  test('lie in files of their own when they are few', async () => {
    const digests = await pack(store, blake3, texts(15));
    expect([packs(), readAll(open(), digests)]).toEqual([[], texts(15)]);
    expect(digests.every((digest) => existsSync(store.layout.loose(digest)))).toBe(true);
    await pack(store, blake3, texts(16, 'more'));
    expect(packs()).toHaveLength(1);
    expect(statSync(join(store.layout.packs, packs()[0]!)).mode & 0o777).toBe(0o444);
  });

  test('are written once, however often they are added', async () => {
    const twice = [...texts(20), ...texts(20)];
    await pack(store, blake3, twice);
    await pack(store, blake3, twice);
    await pack(open(), blake3, twice);
    const [name, ...more] = packs();
    const { frames } = scanFrames(readFileSync(join(store.layout.packs, name!)), blake3);
    expect([frames.length, more]).toEqual([20, []]);
  });

  test('that cannot be sealed leave nothing behind', async () => {
    mkdirSync(join(folder, 'cache/v1'), { recursive: true });
    writeFileSync(store.layout.packs, 'in the way');
    await expect(pack(store, blake3, texts(20))).rejects.toThrow();
    expect(left()).toEqual([]);
    rmSync(store.layout.packs);
    expect(readAll(open(), await pack(store, blake3, texts(20)))).toEqual(texts(20));
  });
});

describe('a pack that a killed process left', () => {
  const content = async (): Promise<Buffer> => {
    const other = openStore(join(folder, 'other'), blake3);
    await pack(other, blake3, texts(30));
    const [name] = readdirSync(other.layout.packs);
    return readFileSync(join(other.layout.packs, name!));
  };

  test('torn anywhere, gives the objects that were whole to the next writer', async () => {
    const whole = await content();
    const { frames } = scanFrames(whole, blake3);
    for (let cut = 0; cut <= whole.length; cut += 97) {
      rmSync(join(folder, 'cache'), { recursive: true, force: true });
      leave(whole.subarray(0, cut));
      await open().put('next');
      const count = frames.filter(({ offset, length }) => offset + length <= cut).length;
      const again = open();
      const found = texts(30).map((text) => again.read(blake3.hash(text))?.toString());
      expect(found).toEqual(texts(30).map((text, at) => (at < count ? text : undefined)));
      expect([left(), packs().length]).toEqual([[], count === 0 ? 0 : 1]);
    }
    expect(damaged).toEqual([]);
  });

  test('in the moment between sealing and renaming is sealed by users who are not root, too', async () => {
    const whole = await content();
    leave(whole, 0o444);
    const asRoot = process.geteuid?.() === 0;
    const nobody = (path: string): void => {
      chownSync(path, 65_534, 65_534);
      if (statSync(path).isDirectory()) for (const name of readdirSync(path)) nobody(join(path, name));
    };
    if (asRoot) nobody(folder);
    if (asRoot) process.seteuid?.(65_534);
    try {
      await store.put('next');
    } finally {
      if (asRoot) process.seteuid?.(0);
    }
    expect([left(), packs().length]).toEqual([[], 1]);
    expect(open().read(blake3.hash('object 29'))?.toString()).toBe('object 29');
  });

  test('that is not ours to read keeps nobody from writing', async () => {
    const asRoot = process.geteuid?.() === 0;
    const path = leave(await content(), 0);
    if (asRoot) {
      chmodSync(folder, 0o777);
      for (const each of [join(folder, 'cache'), join(folder, 'cache/v1'), store.layout.tmp]) chmodSync(each, 0o777);
      process.seteuid?.(65_534);
    }
    try {
      const digest = await store.put('next');
      expect(store.read(digest)?.toString()).toBe('next');
    } finally {
      if (asRoot) process.seteuid?.(0);
    }
    expect([packs(), left().length, existsSync(path)]).toEqual([[], 1, false]);
  });

  test.each([
    ['no pack', Buffer.from('something else')],
    ['nothing but its header', PACK_HEADER],
    ['empty', Buffer.alloc(0)],
  ])('and that is %s, is removed', async (_, bytes) => {
    leave(bytes);
    await store.put('next');
    expect([left(), packs()]).toEqual([[], []]);
  });

  test('and that is larger than any pack, or a folder, is removed without being read', async () => {
    truncateSync(leave(PACK_HEADER), LARGEST_PACK + 1);
    for (const end of ['.pack', ''])
      mkdirSync(join(store.layout.tmp, `${ownedName({ ...thisOwner(), start: '1' })}${end}`, 'sub'), {
        recursive: true,
      });
    await store.put('next');
    expect([left(), packs()]).toEqual([[], []]);
  });

  test('stays while its writer lives, also one that nothing is known of', async () => {
    const writer = new PackWriter(store.layout, blake3, { owner: thisOwner() });
    const big = bytesOf(2 << 20, 1);
    writer.add(blake3.raw(big), big);
    writeFileSync(join(store.layout.tmp, `${ownedName({ ...thisOwner(), host: 'elsewhere' })}.pack`), await content());
    await store.put('next');
    expect(left()).toHaveLength(2);
    writer.discard();
    expect(left()).toHaveLength(1);
  });
});

describe('processes', () => {
  const SEED = 20_240_611;
  const OBJECT = 3_000;

  test('killed after any object lose only what was not written yet', async () => {
    // Notes each object that it added, a byte for each; blocks of 1 MiB go to the disk, packs of 32 MiB are sealed.
    // It ends itself: whoever killed it from outside would have to wait for a pipe, which may be full.
    const program = `
      const [noted, killAt] = args;
      const writer = store.writer();
      for (let at = 0; ; at += 1) {
        const bytes = Buffer.alloc(${String(OBJECT * 10)}, String(at));
        if (writer.addNow(blake3.raw(bytes), bytes)) await writer.settle();
        appendFileSync(noted, '.');
        if (at >= Number(killAt)) process.kill(process.pid, 'SIGKILL');
      }`;
    let random = SEED;
    for (let round = 0; round < 5; round += 1) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const killAt = [3, 40, 200, 1_100, 2_300][round]! + (random % 60);
      const noted = join(folder, `noted-${String(round)}`);
      expect(await endOf(startProcess(folder, program, noted, String(killAt)))).toBe('SIGKILL');
      const whole = left().flatMap((name) => scanFrames(readFileSync(join(store.layout.tmp, name)), blake3).frames);
      const digests = whole.map(({ digest }) => `b3:${digest.toString('hex')}` as Digest);
      expect(await endOf(startProcess(folder, `await store.put('round ' + args[0]);`, String(round)))).toBe(0);
      const again = open();
      for (const digest of digests) expect(again.read(digest)?.length, `seed ${String(SEED)}`).toBe(OBJECT * 10);
      const added = statSync(noted).size - 1;
      // What is not there can only have been in the last block.
      for (let at = 0; at <= added - 2 * Math.ceil((1 << 20) / OBJECT / 10); at += 1) {
        expect(again.has(blake3.hash(Buffer.alloc(OBJECT * 10, String(at)))), `object ${String(at)}`).toBe(true);
      }
      expect([left(), damaged]).toEqual([[], []]);
    }
  });

  test('two of them that clear up at once seal each pack once, and lose nothing', async () => {
    for (let at = 0; at < 30; at += 1) {
      const other = openStore(join(folder, String(at)), blake3);
      await pack(other, blake3, texts(20, `pack ${String(at)},`));
      const [name] = readdirSync(other.layout.packs);
      const whole = readFileSync(join(other.layout.packs, name!));
      leave(whole.subarray(0, whole.length - at * 11));
    }
    const ends = ['a', 'b', 'c'].map((name) => endOf(startProcess(folder, `await store.put(args[0]);`, name)));
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    expect([left(), packs().length]).toEqual([[], 30]);
    for (const name of packs()) {
      const path = join(store.layout.packs, name);
      for (const { digest } of scanFrames(readFileSync(path), blake3).frames)
        expect(store.read(`b3:${digest.toString('hex')}` as Digest)).toBeDefined();
    }
    expect(damaged).toEqual([]);
  });

  test('that pack the same objects at once each find all of them', async () => {
    const program = `
      const texts = Array.from({ length: 500 }, (_, at) => 'object ' + at);
      const digests = await pack(args[0] === 'down' ? texts.reverse() : texts);
      if (!digests.every((digest) => store.read(digest) !== undefined)) throw new Error('lost');`;
    expect(await Promise.all(['up', 'down'].map((way) => endOf(startProcess(folder, program, way))))).toEqual([0, 0]);
    expect(readAll(store, texts(500).map((text) => blake3.hash(text)))).toEqual(texts(500)); // prettier-ignore
    expect([left(), damaged]).toEqual([[], []]);
  });
});
