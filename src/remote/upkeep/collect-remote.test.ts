import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../store/tree.ts';
import type { Files } from '../fixture/share.ts';
import { addFolder, again, flip, keysIn, machine, manyFiles, temporaryFolder } from '../fixture/share.ts';
import { wouldCollect } from './collect-remote.ts';
import { arrives, collect, DAY_MS, large, pushed } from './fixture/collect.ts';
import { beginRemoteUpkeep } from './remote-upkeep.ts';
import { undoRemoteTrash } from './remote-trash.ts';

describe('a collection takes out what nobody needs, and nothing else', () => {
  test('packs, large objects, and of packs what is not needed', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const [both, one, two] = [manyFiles(40, 'both'), { big: large() }, { ...manyFiles(90, 'two'), big: large() }];
    const first = await pushed(a, { both, one });
    const second = await pushed(a, { both, two });
    const third = await pushed(a, { three: manyFiles(30, 'three') });
    const before = keysIn(folder);
    const { counts } = await collect(a, [second]);
    expect(counts.objects).toBeGreaterThan(30);
    expect(counts.bytes).toBeGreaterThan(5 << 20);
    expect(keysIn(folder).length).toBeLessThan(before.length);
    const [isFirst, isThird] = [
      await arrives(folder, first, { both, one }),
      await arrives(folder, third, { three: manyFiles(30, 'three') }),
    ];
    expect([isFirst, isThird]).toEqual([false, false]);
    expect(await arrives(folder, second, { both, two })).toBe(true);
    expect((await collect(a, [second])).counts).toMatchObject({ objects: 0, bytes: 0 });
    // What went is sent again when it is pushed.
    expect(await pushed(again(a), { both, one })).toEqual(first);
    expect(await arrives(folder, first, { both, one })).toBe(true);
  });

  test('whatever was pushed and whatever is kept, what is kept arrives afterwards', async () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const content = fc.oneof(
      fc.integer({ min: 0, max: 30 }).map((salt) => `content ${salt}`),
      fc.integer({ min: 0, max: 3 }).map((salt) => Buffer.alloc(70_000, `mid ${salt}`)),
      fc.integer({ min: 0, max: 1 }).map((salt) => Buffer.alloc(5 << 20, `large ${salt}`)),
    );
    const folders = fc.dictionary(names, fc.oneof(content, fc.dictionary(names, content, { minKeys: 1 })), {
      minKeys: 1,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(folders, fc.boolean()), { minLength: 1, maxLength: 5 }), async (pushes) => {
        const folder = temporaryFolder();
        const a = machine(folder);
        const done: { entry: Entry; files: Files; isKept: boolean }[] = [];
        for (const [files, isKept] of pushes) done.push({ entry: await pushed(a, files), files, isKept });
        const kept = done.filter(({ isKept }) => isKept);
        const roots = kept.map(({ entry }) => entry);
        const would = await wouldCollect(a.remote, a.store, {
          roots: () => Promise.resolve(roots.map((entry) => ({ entry, path: 'x' }))),
          graceMs: 0,
          visitorOf: () => ({}),
        });
        // By one who has nothing of it: lists come from the remote.
        const { counts } = await collect(machine(folder), roots);
        expect(counts).toEqual(would.counts);
        for (const { entry, files } of kept) expect(await arrives(folder, entry, files)).toBe(true);
        for (const { entry, files } of done) {
          const again = machine(folder);
          expect(await pushed(again, files)).toEqual(entry);
          expect(await arrives(folder, entry, files)).toBe(true);
        }
      }),
      { numRuns: 8 },
    );
  });

  test('a file that has the very bytes of a list does not stand for the list', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const files = manyFiles(20);
    const entry = await pushed(a, { sub: files });
    const list = a.store.read((await addFolder(a.store, files)).digest)!;
    const trap = await pushed(a, { aaa: list.toString() });
    await collect(a, [trap, entry]);
    expect(await arrives(folder, entry, { sub: files })).toBe(true);
  });

  test('many small packs become few', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const roots: Entry[] = [];
    for (let at = 0; at < 55; at += 1) roots.push(await pushed(a, manyFiles(2, `push ${at}`)));
    expect((await collect(a, roots)).counts).toMatchObject({ objects: 0, merged: 55 });
    const keys = keysIn(folder);
    expect(keys.filter((key) => key.endsWith('.pack'))).toHaveLength(1);
    expect(keys.filter((key) => key.endsWith('.tables'))).toHaveLength(1);
    expect(await arrives(folder, roots[7]!, manyFiles(2, 'push 7'))).toBe(true);
    expect((await collect(a, roots)).counts).toMatchObject({ merged: 0 });
  });

  test('a pack that holds wrong bytes of what is needed stays as it is', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const needed = manyFiles(10, 'needed');
    await pushed(a, { needed, other: manyFiles(60, 'other') });
    const entry = await addFolder(a.store, needed);
    const [pack] = keysIn(folder).filter((key) => key.endsWith('.pack'));
    const path = join(folder, pack!);
    flip(path, readFileSync(path).indexOf('content 7 needed'));
    expect(await collect(a, [entry])).toMatchObject({ damaged: 1 });
    expect(keysIn(folder)).toContain(pack);
  });

  test('a list that is damaged there and not here stops it before anything goes', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const entry = await pushed(a, { sub: manyFiles(10) });
    await pushed(a, manyFiles(50, 'other'));
    for (const pack of keysIn(folder).filter((key) => key.endsWith('.pack'))) {
      const path = join(folder, pack);
      const at = readFileSync(path).indexOf('pipe.tree/1\nd');
      if (at >= 0) flip(path, at + 20);
    }
    const before = keysIn(folder);
    await expect(collect(machine(folder), [entry])).rejects.toThrow('PIPE_STORE_DAMAGED');
    expect(keysIn(folder)).toEqual(before);
  });
});

test('a collection tells what it does, and how far it is', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const first = { ...manyFiles(40, 'kept'), more: manyFiles(40, 'gone') };
  await pushed(a, first);
  const kept = await pushed(a, manyFiles(40, 'kept'));
  await pushed(a, { big: large() });
  const told: string[] = [];
  await collect(a, [kept], { onProgress: (work, done, total) => told.push(`${work} ${done} of ${total ?? '?'}`) });
  const kinds = told.map((each) => each.split(' ')[0]);
  expect(kinds.filter((each, at) => each !== kinds[at - 1])).toEqual(['find', 'rewrite', 'remove']);
  expect(told).toContain('rewrite 0 of 1');
  expect(told.at(-1)).toMatch(/^remove (\d+) of \1$/);
  const looked = told.filter((each) => each.startsWith('find')).map((each) => Number(each.split(' ')[1]));
  expect(looked.at(-1)).toBeGreaterThan(2);
  expect(looked).toEqual(looked.toSorted((x, y) => x - y));
});

test('what went to the trash comes back with the very same bytes, and old trash goes', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const files = { ...manyFiles(30), big: large() };
  const entry = await pushed(a, files);
  const bytes = new Map(keysIn(folder).map((key) => [key, readFileSync(join(folder, key))]));
  expect((await collect(a, [], { trashDays: 3 })).counts.objects).toBe(32);
  expect(await arrives(folder, entry, files)).toBe(false);
  const upkeep = await beginRemoteUpkeep(a.remote, { graceMs: 0 });
  expect(await undoRemoteTrash(a.remote, upkeep)).toMatchObject({ files: 2 });
  expect(await undoRemoteTrash(a.remote, upkeep)).toBeUndefined();
  await upkeep.end();
  for (const key of keysIn(folder)) {
    if (/\/(?:packs|loose)\//.test(key)) expect(readFileSync(join(folder, key)).equals(bytes.get(key)!)).toBe(true);
  }
  expect(await arrives(folder, entry, files)).toBe(true);
  await collect(a, [], { trashDays: 3 });
  const late = machine(folder, { wrap: (place) => ({ ...place, now: async () => (await place.now()) + 4 * DAY_MS }) });
  expect(keysIn(folder).filter((key) => key.includes('/trash/'))).toHaveLength(2);
  await collect(late, []);
  expect(keysIn(folder)).toEqual([]);
});
