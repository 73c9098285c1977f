import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Machine } from '../fixture/share.ts';
import { addFolder, blake3, flip, keysIn, machine, manyFiles, pushOptions, temporaryFolder } from '../fixture/share.ts';
import { ObjectSet } from '../object-set.ts';
import type { Entry } from '../../store/tree.ts';
import type { Pushed } from '../push.ts';
import { push } from '../push.ts';
import { runKey } from '../remote-layout.ts';
import { checkRemote } from './check-remote.ts';
import { arrives, DAY_MS, large, pushed } from './fixture/collect.ts';
import { healRemote } from './heal-remote.ts';

/** A machine on which something is done once, just before it tells others which large objects or records are to go. */
function beforeCondemning(folder: string, work: () => Promise<unknown>): Machine {
  let isDone = false;
  return machine(folder, {
    wrap: (place) => ({
      ...place,
      async write(key, pieces, ...rest) {
        if (!isDone && key.includes('/tombstones/') && /loose|runs/.test(Buffer.concat(pieces).toString())) {
          isDone = true;
          await work();
        }
        return place.write(key, pieces, ...rest);
      },
    }),
  });
}

test('an object that a push has healed since it was checked is not set aside', async () => {
  const folder = temporaryFolder();
  const b = machine(folder);
  const files = { x: large(), y: large() };
  const entry = await pushed(b, files);
  const loose = keysIn(folder).filter((key) => key.includes('/loose/'));
  for (const key of loose) flip(join(folder, key), 100);
  const a = beforeCondemning(folder, async () => {
    const sent = await push(b.remote, b.store, pushOptions([{ entry, path: 'data' }], { verify: true }));
    expect(sent).toMatchObject({ wrong: 2, objects: 2, missing: [] });
  });
  const checked = await checkRemote(a.remote, a.store, () => undefined);
  expect(checked.damagedLoose).toHaveLength(2);
  await healRemote(a.remote, a.store, { checked, roots: [], mayGo: new ObjectSet(), graceMs: DAY_MS });
  expect(keysIn(folder).filter((key) => /quarantine|tombstones/.test(key))).toEqual([]);
  expect(await arrives(folder, entry, files)).toBe(true);
});

test('a run record that a push has healed since it was checked is not set aside; another one is', async () => {
  const folder = temporaryFolder();
  const right = Buffer.from('{}');
  const [healed, lost] = ['one', 'two'].map((stage) => runKey(blake3.hash(Buffer.from(stage)), blake3.hash(right)));
  const a = beforeCondemning(folder, () => a.place.write(healed!, [right]));
  await pushed(a, { x: 'x' });
  for (const key of [healed!, lost!]) await a.place.write(key, [Buffer.from('wrong')]);
  const checked = await checkRemote(a.remote, a.store, () => undefined);
  await healRemote(a.remote, a.store, { checked, roots: [], mayGo: new ObjectSet(), graceMs: DAY_MS });
  expect(keysIn(folder).filter((key) => key.includes('/runs/'))).toEqual(
    [lost!.replace('v1/', 'v1/quarantine/'), healed!].sort(),
  );
});

describe('two pushes that verify at once', () => {
  const all = manyFiles(30);
  const some = Object.fromEntries(Object.entries(all).slice(0, 10));

  /** A remote with a pack that holds wrong bytes of something that only `b` has, and of which `a` shares some. */
  async function damagedRemote(
    folder: string,
  ): Promise<{ readonly b: Machine; readonly entry: Entry; readonly key: string }> {
    const b = machine(folder);
    const entry = await pushed(b, all);
    const [key] = keysIn(folder).filter((each) => each.endsWith('.pack'));
    await pushed(machine(folder), some);
    const pack = readFileSync(join(folder, key!));
    // Something that both have, so that `a` sees it; something that only `b` has; and the list of the folder.
    for (const text of ['content 5 ', 'content 25 ', '"f29"']) flip(join(folder, key!), pack.indexOf(text));
    return { b, entry, key: key! };
  }

  function verifying(on: Machine, entry: Entry, onWait?: () => void): Promise<Pushed> {
    return push(on.remote, on.store, { ...pushOptions([{ entry, path: 'data' }], { verify: true }), onWait });
  }

  test('do not remove what the other one has written right, and ended, before it is condemned', async () => {
    const folder = temporaryFolder();
    const { b, entry, key } = await damagedRemote(folder);
    let healed: Pushed | undefined;
    const a = machine(folder, {
      wrap: (place) => ({
        ...place,
        async write(to, pieces, ...rest) {
          if (healed === undefined && to.includes('/tombstones/')) healed = await verifying(b, entry);
          return place.write(to, pieces, ...rest);
        },
      }),
    });
    await verifying(a, await addFolder(a.store, { ...some, extra: 'e' }));
    expect(healed).toMatchObject({ missing: [] });
    expect(healed!.wrong).toBeGreaterThan(0);
    expect(keysIn(folder)).toContain(key);
    expect(await arrives(folder, entry, all)).toBe(true);
  });

  test('wait for each other when one is about to remove a pack', async () => {
    const folder = temporaryFolder();
    const { b, entry } = await damagedRemote(folder);
    let healing: Promise<Pushed> | undefined;
    const a = machine(folder, {
      wrap: (place) => ({
        ...place,
        async remove(keys) {
          if (healing === undefined && keys.some((each) => each.endsWith('.pack'))) {
            await new Promise<void>((resolve) => {
              healing = verifying(b, entry, resolve);
            });
          }
          return place.remove(keys);
        },
      }),
    });
    await verifying(a, await addFolder(a.store, { ...some, extra: 'e' }));
    expect(await healing).toMatchObject({ missing: [] });
    expect(await arrives(folder, entry, all)).toBe(true);
    expect(keysIn(folder).filter((each) => each.includes('/tombstones/'))).toEqual([]);
  });
});
