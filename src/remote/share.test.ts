import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../store/tree.ts';
import { compare } from './compare.ts';
import type { Progressed } from './progressed.ts';
import { fetchRoots } from './fetch.ts';
import type { Files, Machine } from './fixture/share.ts';
import {
  addFolder,
  again,
  asRead,
  flip,
  keysIn,
  machine,
  manyFiles,
  pushOptions,
  readFolder,
  temporaryFolder,
  truncate,
} from './fixture/share.ts';
import type { PushOptions, Pushed } from './push.ts';
import { push } from './push.ts';

function pushFolder(from: Machine, entry: Entry, options: Partial<PushOptions> = {}): Promise<Pushed> {
  return push(from.remote, from.store, pushOptions([{ entry, path: 'data' }], options));
}

/** Pushes files from one machine and fetches them on another one. */
async function shareFiles(files: Files): Promise<{ folder: string; a: Machine; b: Machine; entry: Entry }> {
  const folder = temporaryFolder();
  const [a, b] = [machine(folder), machine(folder)];
  const entry = await addFolder(a.store, files);
  await pushFolder(a, entry);
  return { folder, a, b, entry };
}

const content = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(65_536, 65_537, 300_000).map((size) => Buffer.alloc(size, 'm')) },
);
const name = fc.stringMatching(/^[a-z]{1,6}$/);
const files = fc.dictionary(name, fc.oneof(content, fc.dictionary(name, content, { maxKeys: 20 })), { maxKeys: 25 });

test('what one machine pushes another one fetches, whatever it has already', async () => {
  await fc.assert(
    fc.asyncProperty(files, files, async (first, second) => {
      const folder = temporaryFolder();
      const [a, b] = [machine(folder), machine(folder)];
      for (const given of [first, { ...first, ...second }] as Files[]) {
        const entry = await addFolder(a.store, given);
        const sent = await pushFolder(a, entry);
        expect(sent.missing).toEqual([]);
        expect(await pushFolder(again(a), entry)).toMatchObject({ objects: 0, packs: 0, large: 0 });
        const came = await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
        expect([came.absent.count, came.wrong.count]).toEqual([0, 0]);
        expect(readFolder(again(b).store, entry)).toEqual(asRead(given));
        expect(await fetchRoots(b.remote, again(b).store, { roots: [{ entry }] })).toMatchObject({
          objects: 0,
          bytes: 0,
        });
      }
    }),
    { numRuns: 15 },
  );
});

test('many small files go as the pack that they are, and come as one', async () => {
  const given = manyFiles(5_000);
  const { folder, a, b, entry } = await shareFiles(given);
  const packs = keysIn(folder).filter((key) => key.includes('/packs/'));
  expect(packs).toHaveLength(1);
  await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
  expect(keysIn(b.store.layout.root).filter((key) => key.includes('/packs/'))).toEqual(packs);
  expect(readFolder(b.store, entry)).toEqual(asRead(given));
  expect(await compare(a.remote, a.store, [{ entry, path: 'data' }])).toMatchObject({ missing: [], roots: [{ new: { objects: 0 } }] }); // prettier-ignore
});

test('a change in a big folder sends and brings little', async () => {
  const before = manyFiles(20_000);
  const { a, b, entry } = await shareFiles(before);
  await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
  const after = { ...before, f777: 'changed' };
  const changed = await addFolder(a.store, after);
  const sent = await pushFolder(a, changed);
  expect(sent.objects).toBeLessThan(8);
  expect(sent.bytes).toBeLessThan(700_000);
  const came = await fetchRoots(b.remote, b.store, { roots: [{ entry: changed }] });
  expect(came.objects).toBe(sent.objects);
  expect(readFolder(b.store, changed)).toEqual(asRead(after));
});

test('large objects go alone, and come in pieces', async () => {
  const large = randomBytes(20_000_000);
  const { folder, b, entry } = await shareFiles({ large, 'just fits': Buffer.alloc(4 << 20), small: 'x' });
  expect(keysIn(folder).filter((key) => key.includes('/loose/'))).toHaveLength(1);
  await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
  expect(readFolder(b.store, entry)).toEqual(asRead({ large, 'just fits': Buffer.alloc(4 << 20), small: 'x' }));
});

describe('a push heals what has gone wrong there', () => {
  const given = { ...manyFiles(100), large: Buffer.alloc(5 << 20, 'l'), middle: Buffer.alloc(100_000, 'm') };
  const kinds = [
    ['a pack', '/packs/'],
    ['a large object', '/loose/'],
  ] as const;
  for (const [what, part] of kinds) {
    for (const [how, damage] of [
      [
        'removed',
        (path: string): void => {
          rmSync(path);
        },
      ],
      ['cut off', truncate],
    ] as const) {
      test(`${what} that was ${how}`, async () => {
        const { folder, a, b, entry } = await shareFiles(given);
        for (const key of keysIn(folder).filter((each) => each.includes(part))) damage(join(folder, key));
        const lacking = await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
        expect(lacking.absent.count).toBeGreaterThan(0);
        const compared = await compare(a.remote, again(a).store, [{ entry, path: 'data' }]);
        expect(compared.roots[0]?.new.objects).toBeGreaterThan(0);
        expect((await pushFolder(again(a), entry)).objects).toBeGreaterThan(0);
        const c = machine(folder);
        expect(await fetchRoots(c.remote, c.store, { roots: [{ entry }] })).toMatchObject({ objects: 103 });
        expect(readFolder(c.store, entry)).toEqual(asRead(given));
      });
    }
  }

  test('a flipped byte anywhere is never believed, and replaced with --verify', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (which, at) => {
        const { folder, a, b, entry } = await shareFiles(given);
        const damaged = keysIn(folder).filter((key) => key.includes('/packs/') || key.includes('/loose/'));
        const key = damaged[which % damaged.length]!;
        flip(join(folder, key), at % readFileSync(join(folder, key)).length);
        const came = await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
        const failed = came.absent.count + came.wrong.count;
        if (failed === 0) expect(readFolder(b.store, entry)).toEqual(asRead(given));
        expect((await pushFolder(again(a), entry, { verify: true })).missing).toEqual([]);
        const c = machine(folder);
        expect(await fetchRoots(c.remote, c.store, { roots: [{ entry }] })).toMatchObject({ objects: 103 });
        expect(readFolder(c.store, entry)).toEqual(asRead(given));
      }),
      { numRuns: 30, examples: [[11, 887_596_976]] },
    );
  });
});

test('what is missing is told by path, and the rest arrives', async () => {
  const folder = temporaryFolder();
  const [a, b] = [machine(folder), machine(folder)];
  const entry = await addFolder(a.store, { ...manyFiles(50), sub: { large: Buffer.alloc(5 << 20) } });
  const [lost] = keysIn(a.store.layout.root).filter((key) => key.includes('/loose/'));
  rmSync(join(a.store.layout.root, lost!));
  const pushed = await pushFolder(again(a), entry);
  expect(pushed.missing.map(({ path }) => path)).toEqual(['data/sub/large']);
  expect(pushed.objects).toBe(52);
  const came = await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
  expect([came.objects, came.absent.count]).toEqual([52, 1]);
});

test('an object that is damaged here is not sent, and what lies beside it in its pack is', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entry = await addFolder(a.store, manyFiles(100));
  const [pack] = keysIn(a.store.layout.root).filter((key) => key.endsWith('.pack'));
  const path = join(a.store.layout.root, pack!);
  const bytes = readFileSync(path);
  flip(path, bytes.indexOf('content 57 '));
  const pushed = await pushFolder(again(a), entry);
  expect(pushed.missing.map((each) => each.path)).toEqual(['data/f57']);
  expect(pushed.objects).toBe(100);
  expect(keysIn(folder).some((key) => readFileSync(join(folder, key)).includes('content 57 '))).toBe(false);
  expect(keysIn(folder).some((key) => readFileSync(join(folder, key)).includes('content 56 '))).toBe(true);
});

test('what is not pushed lies nowhere in the remote, although it lay in the same pack', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const whole = await addFolder(a.store, { public: manyFiles(60, 'open'), private: manyFiles(60, 'hidden') });
  expect(keysIn(a.store.layout.root).filter((key) => key.endsWith('.pack'))).toHaveLength(1);
  const entry = await addFolder(a.store, manyFiles(60, 'open'));
  expect(whole.size).toBeGreaterThan(entry.size);
  await pushFolder(a, entry);
  const all = Buffer.concat(keysIn(folder).map((key) => readFileSync(join(folder, key))));
  expect(all.includes('content 7 open')).toBe(true);
  expect(all.includes('hidden')).toBe(false);
});

test('a folder of which only lists are here is pushed with what the remote has of it', async () => {
  const given = { ...manyFiles(5_000), sub: manyFiles(30, 'sub') };
  const { folder, a, entry } = await shareFiles(given);
  const c = machine(folder);
  const pushed = await pushFolder(c, entry);
  expect(pushed).toMatchObject({ objects: 0, missing: [] });
  const [pack] = keysIn(folder).filter((key) => key.endsWith('.pack'));
  rmSync(join(folder, pack!));
  // The lists are here by now, the files are nowhere.
  const lacking = await pushFolder(again(c), entry);
  expect(lacking.missing.length).toBe(5_030);
  expect(lacking.missing.map(({ path }) => path)).toContain('data/sub/f29');
  expect((await pushFolder(again(a), entry)).missing).toEqual([]);
});

test('damaged, lost and forged files of tables change nothing', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entries: Entry[] = [];
  for (let at = 0; at < 20; at += 1) {
    entries.push(await addFolder(a.store, manyFiles(3, `push ${at}`)));
    await pushFolder(a, entries.at(-1)!);
  }
  const [tables] = keysIn(folder).filter((key) => key.endsWith('.tables'));
  for (const damage of [
    (path: string): void => {
      flip(path, 700);
    },
    truncate,
    (path: string): void => {
      writeFileSync(path, 'pipe.tables/1\n\0\0\xff\xff\xff\xff');
    },
    (path: string): void => {
      rmSync(path);
    },
  ]) {
    damage(join(folder, tables!));
    const b = machine(folder);
    const came = await fetchRoots(b.remote, b.store, { roots: entries.map((entry) => ({ entry })) }); // prettier-ignore
    expect([came.absent.count, came.wrong.count]).toEqual([0, 0]);
  }
});

test('a push that verifies tells how much it has read, of how much', async () => {
  const { folder, entry, a } = await shareFiles({ ...manyFiles(50), mid: Buffer.alloc(900_000, 'm'), large: randomBytes(20_000_000) }); // prettier-ignore
  const told: Progressed[] = [];
  const onVerify = (done: Progressed): void => {
    told.push(done);
  };
  const sent: Progressed[] = [];
  await pushFolder(again(a), entry, { verify: true, onVerify, onProgress: (done) => sent.push(done) });
  expect(sent).toEqual([]);
  const [{ totalObjects, totalBytes }, last] = [told[0]!, told.at(-1)!];
  expect([totalObjects, totalBytes > 20_900_000]).toEqual([53, true]);
  expect(last).toEqual({ objects: totalObjects, bytes: totalBytes, totalObjects, totalBytes });
  expect(told.length).toBeGreaterThan(50);
  expect(keysIn(folder, 'v1/packs')).not.toEqual([]);
});

test('a remote of a newer pipe is left alone', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  writeFileSync(join(folder, 'format'), 'pipe.remote/2\n');
  const entry = await addFolder(a.store, manyFiles(3));
  await expect(pushFolder(a, entry)).rejects.toThrow('PIPE_REMOTE_FORMAT');
  expect(existsSync(join(folder, 'v1'))).toBe(false);
});

test('a dry push says what would go, and writes nothing', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entry = await addFolder(a.store, manyFiles(30));
  expect(await pushFolder(a, entry, { dry: true })).toMatchObject({ objects: 31, packs: 1 });
  expect(existsSync(join(folder, 'v1'))).toBe(false);
});

test('groups come one after another, each when all of it is here', async () => {
  const folder = temporaryFolder();
  const [a, b] = [machine(folder), machine(folder)];
  const roots: { entry: Entry; group: number }[] = [];
  for (let group = 0; group < 5; group += 1) {
    const entry = await addFolder(a.store, { ...manyFiles(40, `group ${group}`), mid: randomBytes(200_000) });
    await pushFolder(a, entry);
    roots.push({ entry, group });
  }
  const seen: number[] = [];
  await fetchRoots(b.remote, b.store, {
    roots,
    onGroup: (group) => {
      expect(readFolder(again(b).store, roots[group]!.entry)).toBeDefined();
      seen.push(group);
      return Promise.resolve();
    },
  });
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});
