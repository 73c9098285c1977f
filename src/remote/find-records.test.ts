import { expect, test } from 'vitest';
import { digestOfRaw } from '../kit/digest.ts';
import { openFolder } from '../store/place/folder.ts';
import { recordFinder } from './find-records.ts';
import { blake3, temporaryFolder } from './fixture/share.ts';
import { runKey } from './remote-layout.ts';

const digest = (id: string) => digestOfRaw(blake3.raw(id));

test('what others push in a long run is found, though all records were listed before', async () => {
  const place = openFolder({ root: temporaryFolder() });
  const put = (key: string): Promise<boolean> => place.write(runKey(digest(key), digest(`record of ${key}`)), [Buffer.from('x')]); // prettier-ignore
  let [now, lists] = [0, 0];
  const counting = {
    ...place,
    list(prefix: string) {
      lists += 1;
      return place.list(prefix);
    },
  };
  const find = recordFinder(counting, { few: 0, now: () => now });
  await put('early');
  const many = Array.from({ length: 9 }, (_, at) => digest(`none ${at}`));
  expect(await find([...many, digest('early')])).toHaveLength(1);
  await put('late');
  now = 59_000;
  expect(await find([digest('late')])).toHaveLength(0);
  now = 61_000;
  // What is in the old list needs no new one.
  expect(await find([digest('early')])).toHaveLength(1);
  expect(lists).toBe(1);
  expect(await find([digest('late')])).toHaveLength(1);
  expect(await find([digest('nothing')])).toHaveLength(0);
  expect(lists).toBe(2);
});
