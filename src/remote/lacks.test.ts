import { expect, test } from 'vitest';
import { addFolder, keysIn, machine, manyFiles, pushOptions, temporaryFolder } from './fixture/share.ts';
import { findLacks } from './lacks.ts';
import { push } from './push.ts';
import type { Place } from '../store/place/place.ts';

/** Notes the keys that are read, and those of which it is asked whether they are there. */
function noting(place: Place, asked: string[]): Place {
  return {
    ...place,
    stat(key) {
      asked.push(key);
      return place.stat(key);
    },
    read(key, range) {
      asked.push(`${key} ${JSON.stringify(range)}`);
      return place.read(key, range);
    },
  };
}

test('one missing object costs no second look at the other folders', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const large = (salt: string): Buffer => Buffer.alloc(9 << 20, salt);
  const contents = ['a', 'b', 'c'].map((salt) => ({ small: manyFiles(3, salt), large: large(salt) }));
  const entries = await Promise.all(contents.map((each) => addFolder(a.store, each)));
  await push(a.remote, a.store, pushOptions(entries.map((entry, at) => ({ entry, path: `d${at}` }))));
  const [gone = ''] = keysIn(folder).filter((key) => key.startsWith('v1/loose/'));
  await a.place.remove([gone]);
  const asked: string[] = [];
  const b = machine(folder, { wrap: (place) => noting(place, asked) });
  const catalog = await b.remote.look();
  asked.length = 0;
  const lacks = await findLacks(b.remote, b.store, { catalog, entries });
  expect(lacks.filter((each) => each !== undefined)).toEqual([{ objects: 1, isBegun: true }]);
  expect(asked.length).toBe(new Set(asked).size);
});
