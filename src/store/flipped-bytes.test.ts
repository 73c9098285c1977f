import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { lstatSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { checkStore } from './check.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';
import { repairStore } from './repair.ts';
import { restoreEntry } from './restore.ts';
import type { Entry } from './tree.ts';
import { encodeTree } from './tree.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-flip-'));
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

/** A folder of small files, an executable, a link and a folder below. */
async function fill(name: string, order: 1 | -1 = 1): Promise<Filled> {
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
  const small = Array.from({ length: 16 }, (_, at) => [`f${at}`, put('file', `text ${at}`)] as const);
  const below = dir([['inside', put('file', 'below')]]);
  const entry = dir([...small, ['run', put('exec', '#!')], ['to', put('link', 'f1')], ['below', below]]);
  const store = open(name);
  const writer = store.writer();
  for (const text of texts.toSorted(() => order)) writer.addNow(rawOfDigest(blake3.hash(text)), Buffer.from(text));
  await writer.finish();
  return { entry, texts };
}

/** What lies in a folder, with the bytes of all files. */
function look(path: string): unknown {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return ['link', readlinkSync(path)];
  if (!stat.isDirectory()) return [stat.mode & 0o100, readFileSync(path, 'latin1')];
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
async function eachFlip(act: (story: string, at: number) => Promise<boolean>, step = 1): Promise<number> {
  cpSync(join(folder, 'cache'), join(folder, 'whole'), { recursive: true });
  let flips = 0;
  for (const path of files()) {
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += step) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      rmSync(path, { force: true });
      writeFileSync(path, flipped);
      const isOther = await act(`byte ${at} of ${path}`, at);
      flips += 1;
      if (isOther) rmSync(join(folder, 'cache'), { recursive: true });
      if (isOther) cpSync(join(folder, 'whole'), join(folder, 'cache'), { recursive: true });
      for (const name of readdirSync(layoutOf().packs)) if (name.endsWith('.bad')) rmSync(join(layoutOf().packs, name));
      rmSync(layoutOf().quarantine, { recursive: true, force: true });
    }
    rmSync(path, { force: true });
    writeFileSync(path, bytes);
  }
  return flips;
}

async function restore(entry: Entry): Promise<{ done: boolean; found: unknown; beside: number }> {
  const root = join(folder, 'project');
  const target = join(root, 'data');
  const done = await restoreEntry(open(), entry, { target, root });
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

test('whichever byte of a store is flipped, what is restored is right, or nothing is; stored again it is whole', async () => {
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
  const flips = await eachFlip(async (story, at) => {
    const { done, found, beside } = await restore(entry);
    expect([found, beside], story).toEqual([done ? right : undefined, 0]);
    if (!done) refused += 1;
    if (at % 31 !== 0) return false;
    await repair();
    const again = open();
    for (const text of texts) await again.put(text);
    expect(await restore(entry), story).toMatchObject({ done: true, found: right });
    return true;
  });
  expect([flips > 1_000, refused > 500]).toEqual([true, true]);
});

test('where a second pack holds the same objects, nothing that is flipped in one keeps them from being restored', async () => {
  const { entry } = await fill('cache');
  await fill('second', -1);
  const [pack] = files('second');
  cpSync(pack!, pack!.replace('second', 'cache'));
  expect(files()).toHaveLength(2);
  const { found: right } = await restore(entry);
  const flips = await eachFlip(async (story, at) => {
    expect(await restore(entry), story).toEqual({ done: true, found: right, beside: 0 });
    if (at % 31 !== 0) return false;
    await repair();
    const { damagedPacks, objects } = await checkStore({ layout: layoutOf(), blake3 });
    objects.close();
    expect(damagedPacks, story).toEqual([]);
    expect(await restore(entry), story).toMatchObject({ done: true, found: right });
    return true;
  }, 5);
  expect(flips).toBeGreaterThan(500);
});
