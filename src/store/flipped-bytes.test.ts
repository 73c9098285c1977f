import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { lstatSync, openSync, readlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { chmodSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import { namesIn } from '../kit/temporary.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import { checkStore } from './check.ts';
import { storeLayout } from './layout.ts';
import type { LinkType } from './link.ts';
import { linkTrust } from './link.ts';
import { ObjectStore } from './object-store.ts';
import { PackWriter } from './pack-writer.ts';
import { repairStore } from './repair.ts';
import { restoreEntry } from './restore.ts';
import type { Entry } from './tree.ts';
import { encodeTree } from './tree.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
/** A disk in memory, where there is one: thousands of stores are written and repaired, and each write waits for its disk. */
const DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const TYPES = ['copy', 'hardlink', 'symlink'] as const;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(DISK, 'pipe-flip-'));
  mkdirSync(join(folder, 'project'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const layoutOf = (name = 'cache') => storeLayout(join(folder, name));
const open = (name?: string): ObjectStore => new ObjectStore(layoutOf(name), blake3, () => undefined);

interface Filled {
  readonly entry: Entry;
  readonly texts: readonly string[];
}

/** Makes entries; their texts are those to be stored. */
function maker() {
  const texts: string[] = [];
  const put = (kind: Entry['kind'], text: string, files?: number): Entry => {
    texts.push(text);
    const size = kind === 'dir' ? 0 : Buffer.byteLength(text);
    return { kind, digest: blake3.hash(text), size, ...(files === undefined ? {} : { files }) } as Entry;
  };
  const dir = (entries: readonly (readonly [string, Entry])[]): Entry => {
    const size = entries.reduce((sum, [, each]) => sum + each.size, 0);
    const files = entries.reduce((sum, [, each]) => sum + (each.kind === 'dir' ? each.files : 1), 0);
    return { ...put('dir', encodeTree(new Map(entries)), files), size };
  };
  return { texts, put, dir };
}

/** A folder of small files, an executable, a link and a folder below. */
async function fill(name: string, order: 1 | -1 = 1): Promise<Filled> {
  const { texts, put, dir } = maker();
  const small = Array.from({ length: 16 }, (_, at) => [`f${at}`, put('file', `text ${at}`)] as const);
  const below = dir([['inside', put('file', 'below')]]);
  const entry = dir([...small, ['run', put('exec', '#!')], ['to', put('link', 'f1')], ['below', below]]);
  const store = open(name);
  const writer = store.writer();
  for (const text of texts.toSorted(() => order)) writer.addNow(rawOfDigest(blake3.hash(text)), Buffer.from(text));
  await writer.finish();
  return { entry, texts };
}

/** A folder of three files, of which one has a file of its own in the store; the others share a pack, or two. */
async function fillLittle({ packs }: { readonly packs: 1 | 2 }): Promise<Filled> {
  const { texts, put, dir } = maker();
  const entry = dir([
    ['a', put('file', 'a')],
    ['b', put('exec', 'bb')],
    ['c', put('file', 'ccc')],
  ]);
  // To be written to, it is made.
  await open().put('ccc');
  const packed = texts.filter((text) => text !== 'ccc' || packs === 2);
  for (const some of [packed, packed.toReversed()].slice(0, packs)) {
    const writer = new PackWriter(layoutOf(), blake3, { owner: thisOwner(), isWhole: true });
    for (const text of some) writer.add(rawOfDigest(blake3.hash(text)), Buffer.from(text));
    expect(writer.seal()).toMatchObject({ pack: expect.any(String) });
  }
  return { entry, texts };
}

/** What lies in a folder, with the bytes of all files; links into the store are what they lead to. */
function look(path: string): unknown {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const isLink = stat.isSymbolicLink();
  if (isLink && !readlinkSync(path).includes('/v1/loose/')) return ['link', readlinkSync(path)];
  if (!stat.isDirectory()) return [isLink ? 0 : stat.mode & 0o100, readFileSync(path, 'latin1')];
  return Object.fromEntries(readdirSync(path).sort().map((name) => [name, look(join(path, name))])); // prettier-ignore
}

function files(name = 'cache'): string[] {
  const found = readdirSync(layoutOf(name).base, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile() && /\/(?:packs|loose)/.test(each.parentPath))
    .map((each) => join(each.parentPath, each.name))
    .sort();
}

/** Flips a bit of each byte in turn, or of each `step`th; `act` says whether it left more than a byte changed. */
async function eachFlip(act: (story: string) => Promise<boolean>, step = 1): Promise<number> {
  cpSync(join(folder, 'cache'), join(folder, 'whole'), { recursive: true });
  let flips = 0;
  for (const path of files()) {
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += step) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      rmSync(path, { force: true });
      writeFileSync(path, flipped);
      const isOther = await act(`byte ${at} of ${path}`);
      flips += 1;
      if (isOther) rmSync(join(folder, 'cache'), { recursive: true });
      if (isOther) cpSync(join(folder, 'whole'), join(folder, 'cache'), { recursive: true });
      for (const name of namesIn(layoutOf().packs)) if (name.endsWith('.bad')) rmSync(join(layoutOf().packs, name));
      rmSync(layoutOf().quarantine, { recursive: true, force: true });
    }
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
  }
  return flips;
}

async function restore(
  entry: Entry,
  type: LinkType = 'copy',
  store = open(),
): Promise<{ done: boolean; found: unknown; beside: number }> {
  const root = join(folder, 'project');
  const target = join(root, 'data');
  const done = await restoreEntry(store, entry, { target, root, links: { types: [type, 'copy'] } });
  const found = look(target);
  rmSync(target, { recursive: true, force: true });
  return { done, found, beside: readdirSync(root).length };
}

async function repair(): Promise<void> {
  const checked = await checkStore({ layout: layoutOf(), blake3 });
  for (const name of existsSync(layoutOf().leases) ? readdirSync(layoutOf().leases) : []) rmSync(join(layoutOf().leases, name)); // prettier-ignore
  const upkeep = await beginUpkeep(layoutOf(), blake3);
  repairStore(checked, { layout: layoutOf(), blake3, upkeep: { ...upkeep, isHeld: () => false }, now: Date.now() });
  upkeep.end();
  checked.objects.close();
}

test.each(TYPES)('whichever byte of a store is flipped, what is restored is right, or nothing is: %s', async (type) => {
  const { entry, texts } = await fill('cache');
  rmSync(open().layout.packs, { recursive: true });
  // Few objects do not make a pack.
  for (const some of [texts.slice(0, 4), texts.slice(4)]) {
    const writer = open().writer();
    for (const text of some) writer.addNow(rawOfDigest(blake3.hash(text)), Buffer.from(text));
    await writer.finish();
  }
  expect(files()).toHaveLength(5);
  const { found: right } = await restore(entry);
  let refused = 0;
  const flips = await eachFlip(async (story) => {
    const { done, found, beside } = await restore(entry, type);
    expect([found, beside], story).toEqual([done ? right : undefined, 0]);
    if (!done) refused += 1;
    return false;
  });
  expect([flips > 1_000, refused > 500]).toEqual([true, true]);
});

test.each(TYPES)('wherever a large object is wrong, it is not restored: %s', async (type) => {
  const text = 'large '.repeat(13_000);
  const entry: Entry = { kind: 'file', digest: await open().put(text), size: text.length };
  expect(files()).toHaveLength(1);
  expect(await restore(entry, type)).toMatchObject({ done: true, found: [0, text] });
  const flips = await eachFlip(async (story) => {
    expect(await restore(entry, type), story).toEqual({ done: false, found: undefined, beside: 0 });
    return false;
  }, 317);
  expect(flips).toBeGreaterThan(200);
});

test.each(['hardlink', 'symlink'] as const)(
  'an object that was linked is read again when its stat values changed, and by fsck in any case: %s',
  async (type) => {
    const text = 'linked '.repeat(13_000);
    const index = openStatIndex(join(folder, 'objects.idx'), folder, checksum);
    const trusting = (): ObjectStore => Object.assign(open(), { trust: linkTrust(index) });
    const entry: Entry = { kind: 'file', digest: await open().put(text), size: text.length };
    const path = layoutOf().loose(entry.digest);
    expect(await restore(entry, type, trusting())).toMatchObject({ done: true, found: [0, text] });
    const times = join(folder, 'times');
    writeFileSync(times, '');
    const copyTimes = (from: string, to: string): unknown => execFileSync('touch', ['-r', from, to]);
    copyTimes(path, times);
    chmodSync(path, 0o644);
    const fd = openSync(path, 'r+');
    writeSync(fd, 'L', 0);
    closeSync(fd);
    // Somebody who sets the times back is believed (docs/formats.md): to read each object each time takes too long.
    copyTimes(times, path);
    expect(await restore(entry, type, trusting())).toMatchObject({ done: true });
    const { damagedLoose, objects } = await checkStore({ layout: layoutOf(), blake3 });
    objects.close();
    expect(damagedLoose.map(({ digest }) => digest)).toEqual([entry.digest]);
    utimesSync(path, new Date(), new Date());
    expect(await restore(entry, type, trusting())).toEqual({ done: false, found: undefined, beside: 0 });
  },
);

test('where a second pack holds the same objects, nothing that is flipped in one keeps them from being restored', async () => {
  const { entry } = await fill('cache');
  await fill('second', -1);
  const [pack] = files('second');
  cpSync(pack!, pack!.replace('second', 'cache'));
  expect(files()).toHaveLength(2);
  const { found: right } = await restore(entry);
  const flips = await eachFlip(async (story) => {
    expect(await restore(entry), story).toEqual({ done: true, found: right, beside: 0 });
    return false;
  }, 5);
  expect(flips).toBeGreaterThan(500);
});

test('whichever byte of a store is flipped, it is whole once it was repaired and all was stored again', async () => {
  const { entry, texts } = await fillLittle({ packs: 1 });
  expect(files()).toHaveLength(2);
  const { found: right } = await restore(entry);
  const flips = await eachFlip(async (story) => {
    await restore(entry);
    await repair();
    const again = open();
    for (const text of texts) await again.put(text);
    expect(await restore(entry), story).toEqual({ done: true, found: right, beside: 0 });
    await expectClean(story);
    return true;
  });
  expect(flips).toBeGreaterThan(500);
});

test('whichever byte is flipped where all is there twice, the store is whole once it was repaired', async () => {
  const { entry } = await fillLittle({ packs: 2 });
  expect(files()).toHaveLength(3);
  const { found: right } = await restore(entry);
  const flips = await eachFlip(async (story) => {
    await repair();
    await expectClean(story);
    expect(await restore(entry), story).toEqual({ done: true, found: right, beside: 0 });
    return true;
  });
  expect(flips).toBeGreaterThan(1_000);
});

async function expectClean(story: string): Promise<void> {
  const { objects, damagedPacks, damagedLoose, wrongNotes } = await checkStore({ layout: layoutOf(), blake3 });
  objects.close();
  expect([damagedPacks, damagedLoose, wrongNotes], story).toEqual([[], [], []]);
}
