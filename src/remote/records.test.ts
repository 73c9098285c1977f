import { expect, test } from 'vitest';
import { digestOfRaw } from '../kit/digest.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { blake3, machine, temporaryFolder } from './fixture/share.ts';
import type { StoredRecord } from './records.ts';
import { keyOf, presentRecords } from './records.ts';

const digest = (id: string) => digestOfRaw(blake3.raw(id));

function recordOf(id: string): StoredRecord {
  const bytes = Buffer.from(`{"id":"${id}"}`);
  const record = { key: digest(`key of ${id}`), stage: 's', startedAt: '', durationMs: 0, outs: [], log: null };
  return { record, name: blake3.hash(bytes), bytes };
}

/** A place with so many pages of records of others before those that lie there. */
function crowded(
  place: Place,
  pages: number,
): { readonly place: Place; readonly asked: { pages: number; stats: number } } {
  const asked = { pages: 0, stats: 0 };
  const others = (page: number): PlaceEntry[] =>
    Array.from({ length: 1000 }, (_, at) => ({ key: `v1/runs/of others ${page} ${at}`, size: 1, modifiedAt: 0 }));
  const list = async function* (prefix: string): AsyncGenerator<readonly PlaceEntry[]> {
    for (let page = 0; page < pages; page += 1) {
      asked.pages += 1;
      yield others(page);
      await Promise.resolve();
    }
    yield* place.list(prefix);
  };
  const stat = (key: string): Promise<PlaceEntry | undefined> => {
    asked.stats += 1;
    return place.stat(key);
  };
  return { place: { ...place, list, stat }, asked };
}

test.each([
  ['few of few', 3, 2, { pages: 0, stats: 3 }],
  ['many of few', 20, 2, { pages: 2, stats: 0 }],
  ['many of very many', 20, 5000, { pages: 11, stats: 20 }],
])('records are found with a bounded number of requests: %s', async (...[, count, pages, expected]) => {
  const { place } = machine(temporaryFolder());
  const records = Array.from({ length: count }, (_each, at) => recordOf(String(at)));
  const [whole, cut] = records;
  await place.write(keyOf(whole!), [whole!.bytes]);
  await place.write(keyOf(cut!), [cut!.bytes.subarray(1)]);
  const busy = crowded(place, pages);
  expect([...(await presentRecords(busy, records))]).toEqual([keyOf(whole!)]);
  expect(busy.asked).toEqual(expected);
});
