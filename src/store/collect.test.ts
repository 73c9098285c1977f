import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { PipeError } from '../problem/problem.ts';
import type { Garbage } from './collect.ts';
import { findGarbage, removeGarbage } from './collect.ts';
import { hexOf, storeLayout } from './layout.ts';
import { Marks } from './mark.ts';
import { ObjectStore } from './object-store.ts';
import { fileOrigin, originOf, readRunRecords, writeRunRecord } from './run-record.ts';
import { findObjects } from './stored-objects.ts';
import { trashFolders, undoTrash } from './trash.ts';
import type { Entry } from './tree.ts';
import { encodeTree } from './tree.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
let folder: string;

const layout = () => storeLayout(join(folder, 'cache'));
const open = (): ObjectStore => new ObjectStore(layout(), blake3, () => undefined);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-collect-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Ends the lease that this process has on the store. */
function forgetLeases(): void {
  for (const name of readdirSync(layout().leases)) rmSync(join(layout().leases, name));
}

interface Options {
  readonly trashDays?: number;
  readonly now?: number;
  /** What happens between the decision and the removal. */
  readonly meanwhile?: () => Promise<void>;
}

async function collect(
  kept: readonly Entry[],
  { trashDays, now = Date.now(), meanwhile }: Options = {},
): Promise<Garbage> {
  const upkeep = await beginUpkeep(layout(), blake3);
  try {
    const objects = findObjects(layout(), blake3);
    const marks = new Marks(objects);
    for (const entry of kept) marks.addEntry(entry, 'kept');
    expect(marks.damaged).toEqual([]);
    const options = { layout: layout(), blake3, marks, isHeld: (path: string) => upkeep.isHeld(path) };
    const garbage = findGarbage(options);
    await meanwhile?.();
    await removeGarbage({ ...options, upkeep, trashDays, now });
    objects.close();
    return garbage;
  } finally {
    upkeep.end();
  }
}

/** Stores texts in one pack. */
async function pack(texts: readonly string[]): Promise<Digest[]> {
  const writer = open().writer();
  for (const text of texts) writer.addNow(rawOfDigest(blake3.hash(text)), Buffer.from(text));
  await writer.finish();
  return texts.map((text) => blake3.hash(text));
}

function packs(): string[] {
  return existsSync(layout().packs) ? readdirSync(layout().packs) : [];
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `object ${from + at}`);
}

function fileOf(digest: Digest): Entry {
  return { kind: 'file', digest, size: 0 };
}

describe('a collection', () => {
  test('keeps what is needed, at any depth, and nothing else', async () => {
    const store = open();
    const gone = [await store.put('gone'), ...(await pack(numbered(0, 20)))];
    const leaf = await store.put('leaf');
    const tree = encodeTree(new Map([['leaf', { kind: 'file', digest: leaf, size: 4 }]]));
    const inner: Entry = { kind: 'dir', digest: await store.put(tree), size: 4, files: 1 };
    const above = encodeTree(new Map([['inner', inner]]));
    const entry: Entry = { kind: 'dir', digest: await store.put(above), size: 4, files: 1 };
    forgetLeases();
    expect(await collect([entry])).toMatchObject({ objects: 21, leftObjects: 0 });
    const after = open();
    expect([entry.digest, inner.digest, leaf].map((digest) => after.has(digest))).toEqual([true, true, true]);
    expect(gone.filter((digest) => after.has(digest))).toEqual([]);
    expect(packs()).toEqual([]);
  });

  test('writes a pack anew when a quarter of it is not needed, and leaves it when less is', async () => {
    const digests = await pack(numbered(100, 200));
    forgetLeases();
    const [before] = packs();
    expect(await collect(digests.slice(20).map(fileOf))).toMatchObject({ objects: 0, leftObjects: 20 });
    expect(packs()).toEqual([before]);
    expect(await collect(digests.slice(30).map(fileOf))).toMatchObject({ objects: 30, leftObjects: 0 });
    expect(packs()).toHaveLength(1);
    expect(packs()).not.toEqual([before]);
    expect(digests.map((digest) => open().has(digest))).toEqual(digests.map((_, at) => at >= 30));
  });

  test('merges small packs when there are many, and a reader that knew them still finds everything', async () => {
    const digests: Digest[] = [];
    for (let at = 0; at < 52; at += 1) digests.push(...(await pack(numbered(at * 20, at * 20 + 20))));
    forgetLeases();
    const reader = open();
    expect(digests.every((digest) => reader.has(digest))).toBe(true);
    expect(reader.read(digests[0]!)?.toString()).toBe('object 0');
    expect(await collect(digests.map(fileOf))).toMatchObject({ objects: 0, merged: 52 });
    expect(packs()).toHaveLength(1);
    for (const [at, digest] of digests.entries()) expect(reader.read(digest)?.toString()).toBe(`object ${at}`);
  });

  test('to the trash can be undone: the very same bytes come back', async () => {
    const store = open();
    const digests = [await store.put('loose'), ...(await pack(numbered(0, 40)))];
    forgetLeases();
    const content = (): [string, string][] =>
      readdirSync(layout().base, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/trash|leases/.test(entry.parentPath))
        .map((entry): [string, string] => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')])
        .sort();
    const before = content();
    await collect(digests.slice(25).map(fileOf), { trashDays: 7 });
    expect(digests.filter((digest) => open().has(digest))).toHaveLength(16);
    const [newest] = trashFolders(layout());
    await undoTrash(layout(), newest!.path);
    expect(content()).toEqual(expect.arrayContaining(before));
    expect(trashFolders(layout())).toEqual([]);
    for (const digest of digests) expect(open().read(digest)).toBeDefined();
  });

  test('takes out where a record came from with the record, and brings it back before it', async () => {
    const key = blake3.hash('key');
    const [out] = await pack(['out']);
    const outs = [{ path: 'out', digest: out!, size: 3, mode: 0 }];
    const fields = { key, stage: 's', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1, outs, log: null };
    writeRunRecord({ layout: layout() }, blake3, fields);
    const [record] = readRunRecords(layout(), blake3, key);
    fileOrigin({ layout: layout() }, { key, name: record!.name, remote: 'storage' });
    const other = blake3.hash('never came');
    fileOrigin({ layout: layout() }, { key, name: other, remote: 'storage' });
    forgetLeases();
    const entry: Entry = { kind: 'file', digest: out!, size: 3 };
    await collect([entry]);
    expect(readdirSync(layout().runs(key)).sort()).toEqual(['from', 'json'].map((end) => `${hexOf(record!.name)}.${end}`)); // prettier-ignore
    await collect([], { trashDays: 1 });
    expect(readdirSync(layout().runs(key))).toEqual([]);
    expect(await undoTrash(layout(), trashFolders(layout())[0]!.path)).toBe(3);
    expect(originOf(layout(), { key, name: record!.name })).toBe('storage');
    expect(readRunRecords(layout(), blake3, key)).toHaveLength(1);
  });

  test('empties the trash of what lay there for as long as was said, and not before', async () => {
    const store = open();
    const DAY = 86_400_000;
    const start = Date.parse('2024-01-01T00:00:00.000Z');
    for (const [text, days] of [
      ['short', 1],
      ['long', 7],
    ] as const) {
      // prettier-ignore
      await store.put(text);
      forgetLeases();
      await collect([], { trashDays: days, now: start + days });
    }
    expect(trashFolders(layout())).toHaveLength(2);
    await collect([], { now: start + 2 * DAY });
    expect(trashFolders(layout()).map(({ until }) => until)).toEqual([start + 7 + 7 * DAY]);
  });

  test('takes no name in the trash for a way out of the store', async () => {
    const trash = join(layout().trash, '20240101T000000000Z+7');
    mkdirSync(trash, { recursive: true });
    writeFileSync(join(trash, '..passwd'), 'x');
    mkdirSync(join(trash, 'loose'));
    writeFileSync(join(trash, 'loose/evil'), 'x');
    expect(await undoTrash(layout(), trash)).toBe(0);
    expect(existsSync(join(layout().base, 'loose/evil'))).toBe(false);
  });

  test('of any objects, of which any are kept, loses none of these', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(fc.nat(300), { maxLength: 60 }), fc.boolean()), { maxLength: 5 }),
        fc.array(fc.nat(300), { maxLength: 100 }),
        async (stored, keep) => {
          rmSync(layout().root, { recursive: true, force: true });
          round += 1;
          const text = (number: number): string => `object ${number}`;
          const all = new Set<Digest>();
          const store = open();
          for (const [numbers, isPack] of stored) {
            const texts = [...new Set(numbers)].map(text);
            if (isPack) for (const digest of await pack(texts)) all.add(digest);
            else for (const each of texts) all.add(await store.put(each));
          }
          if (all.size === 0) return;
          forgetLeases();
          const kept = new Set(keep.map((number) => blake3.hash(text(number))));
          const { leftObjects } = await collect([...kept].map(fileOf));
          const after = open();
          const there = [...all].filter((digest) => after.read(digest) !== undefined);
          expect(there).toEqual(expect.arrayContaining([...all].filter((digest) => kept.has(digest))));
          expect(there.filter((digest) => !kept.has(digest)).length).toBeLessThanOrEqual(leftObjects);
        },
      ),
      { numRuns: 30 },
    );
    expect(round).toBeGreaterThan(0);
  });
});

describe('what a process relies on', () => {
  test('stays: what it stored, and what it found there', async () => {
    const found = await open().put('found');
    const packed = await pack(numbered(0, 20));
    forgetLeases();
    const writer = open();
    const stored = await writer.put('stored');
    expect(writer.has(found)).toBe(true);
    expect(writer.has(packed[0]!)).toBe(true);
    expect(await collect([])).toMatchObject({ objects: 0 });
    expect([stored, found, ...packed].every((digest) => open().has(digest))).toBe(true);
    forgetLeases();
    expect(await collect([])).toMatchObject({ objects: 22 });
  });

  test('stays also when it begins to rely on it after the decision', async () => {
    const found = await open().put('found');
    const packed = await pack(numbered(0, 20));
    const lost = await open().put('lost');
    forgetLeases();
    const writer = open();
    await collect([], {
      meanwhile: async () => {
        writer.hold();
        expect(writer.has(found)).toBe(true);
        expect(writer.has(packed[3]!)).toBe(true);
        await writer.put('new');
      },
    });
    const after = open();
    expect([found, blake3.hash('new'), ...packed].every((digest) => after.has(digest))).toBe(true);
    expect(after.has(lost)).toBe(false);
  });

  test('stays when the process ends during the collection: what it refers to may not have been read', async () => {
    const lease = join(layout().leases, `${ownedName({ ...thisOwner(), pid: 2 ** 22 + 1, start: '1' })}.lease`);
    const digest = await open().put('stored by another');
    forgetLeases();
    await collect([], {
      meanwhile: () => {
        writeFileSync(lease, `loose/${digest.slice(3, 5)}/${digest.slice(5)}\n`);
        return Promise.resolve();
      },
    });
    expect(open().has(digest)).toBe(true);
    expect(existsSync(lease)).toBe(false);
    await collect([]);
    expect(open().has(digest)).toBe(false);
  });

  test('on another machine stays for as long as its lease is renewed', async () => {
    const digest = await open().put('stored elsewhere');
    forgetLeases();
    const lease = join(layout().leases, `${ownedName({ ...thisOwner(), host: `not-${hostname()}` })}.lease`);
    writeFileSync(lease, `loose/${digest.slice(3, 5)}/${digest.slice(5)}\n`);
    await collect([]);
    expect(open().has(digest)).toBe(true);
    const { utimesSync } = await import('node:fs');
    utimesSync(lease, Date.now() / 1000 - 4_000, Date.now() / 1000 - 4_000);
    await collect([]);
    expect(open().has(digest)).toBe(false);
  });

  test('a lease that is being written counts line by line', async () => {
    const [whole, torn] = [await open().put('whole'), await open().put('torn')];
    forgetLeases();
    const path = (digest: Digest): string => `loose/${digest.slice(3, 5)}/${digest.slice(5)}`;
    const lease = join(layout().leases, `${ownedName({ ...thisOwner(), host: 'other' })}.lease`);
    writeFileSync(lease, `${path(whole)}\n${path(torn)}`);
    await collect([]);
    expect([whole, torn].map((digest) => open().has(digest))).toEqual([true, false]);
  });
});

describe('two at once', () => {
  test('the second is told to wait, and by which file', async () => {
    await open().put('x');
    const first = await beginUpkeep(layout(), blake3);
    const refused = beginUpkeep(layout(), blake3, 30);
    await expect(refused).rejects.toThrow(PipeError);
    await expect(refused).rejects.toThrow('PIPE_STORE_BUSY');
    first.end();
    (await beginUpkeep(layout(), blake3, 30)).end();
    expect(readdirSync(layout().leases).filter((name) => name.endsWith('.upkeep'))).toEqual([]);
  });

  test('the ticket of a process that is gone is nobody’s', async () => {
    await open().put('x');
    const name = `${ownedName({ ...thisOwner(), boot: 'earlier' })}.upkeep`;
    writeFileSync(join(layout().leases, name), '');
    (await beginUpkeep(layout(), blake3, 30)).end();
    expect(readdirSync(layout().leases)).not.toContain(name);
  });
});

test('what a killed process was taking out is put back by the next that writes', async () => {
  const digest = await open().put('taken');
  const path = layout().loose(digest);
  const limbo = join(layout().limbo, ownedName({ ...thisOwner(), boot: 'earlier' }));
  mkdirSync(limbo, { recursive: true });
  const { renameSync } = await import('node:fs');
  renameSync(path, join(limbo, `loose+${digest.slice(3, 5)}+${basename(path)}`));
  writeFileSync(join(limbo, '..+..+evil'), 'x');
  expect(open().has(digest)).toBe(false);
  const next = open();
  await next.put('something else');
  expect(next.read(digest)?.toString()).toBe('taken');
  expect(existsSync(limbo)).toBe(false);
  expect(existsSync(join(layout().base, '../../evil'))).toBe(false);
});
