import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Machine } from '../fixture/share.ts';
import { blake3, flip, keysIn, machine, pushOptions, temporaryFolder } from '../fixture/share.ts';
import { ObjectSet } from '../object-set.ts';
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
