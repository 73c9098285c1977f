import { expect, test } from 'vitest';
import { hexOf } from '../store/layout.ts';
import type { Place } from '../store/place/place.ts';
import { openCatalog } from './catalog.ts';
import { blake3, keysIn, machine, manyFiles, temporaryFolder } from './fixture/share.ts';
import type { TableCache } from './table-cache.ts';
import { encodeTables } from './tables.ts';
import { pushed } from './upkeep/fixture/collect.ts';

const GIB = 1 << 30;

/** What is asked of a place, and what is remembered of it. */
async function looked(
  place: Place,
  beginning: Buffer,
): Promise<{ readonly bytes: number; readonly remembered: readonly string[] }> {
  let bytes = 0;
  const remembered: string[] = [];
  const cache: TableCache = {
    read: () => undefined,
    write: (name) => {
      remembered.push(name);
    },
    keep: () => undefined,
  };
  const files = ['1', '2', '3'].map((each) => ({
    key: `v1/tables/${each.repeat(64)}.tables`,
    size: GIB,
    modifiedAt: 0,
  }));
  const strange: Place = {
    ...place,
    async *list(prefix) {
      if (prefix === 'v1/tables/') yield files;
      else yield* place.list(prefix);
    },
    read(key, range) {
      if (!key.endsWith('.tables')) return place.read(key, range);
      const length = range !== undefined && 'length' in range ? range.length : GIB;
      bytes += length;
      const own = Buffer.alloc(Math.min(length, 1 << 20));
      if (range !== undefined && 'offset' in range && range.offset === 0) beginning.copy(own);
      return Promise.resolve(own);
    },
  };
  const catalog = await openCatalog(strange, { blake3, cache, local: () => undefined });
  expect(catalog.rows.packs).toHaveLength(1);
  return { bytes, remembered };
}

test.each([
  ['zeros', Buffer.alloc(0)],
  [
    'a beginning that tells of very many packs',
    Buffer.concat([encodeTables([])[0]!.subarray(0, 16), Buffer.alloc(4, 0xff)]),
  ],
  [
    'a beginning that does not fit its size',
    Buffer.concat([encodeTables([])[0]!.subarray(0, 16), Buffer.from([9, 0, 0, 0])]),
  ],
])('of files of tables that are %s only the beginning is read, and nothing is remembered', async (_, beginning) => {
  const folder = temporaryFolder();
  await pushed(machine(folder), manyFiles(3));
  const { bytes, remembered } = await looked(machine(folder).place, beginning);
  expect(bytes).toBeLessThan(10_000);
  expect(remembered).toEqual(['tails']);
});

test('a file of tables of which something is wrong is not remembered; one that is right is', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  for (let at = 0; at < 20; at += 1) await pushed(a, manyFiles(3, `push ${at}`));
  const [key] = keysIn(folder).filter((each) => each.endsWith('.tables'));
  const bytes = (await a.place.read(key!))!;
  const names = async (): Promise<string[]> => {
    const remembered: string[] = [];
    const write = (name: string): void => void remembered.push(name);
    const cache: TableCache = { read: () => undefined, write, keep: () => undefined };
    await openCatalog(a.place, { blake3, cache, local: () => undefined });
    return remembered.filter((name) => name !== 'tails').map((name) => hexOf(name as Parameters<typeof hexOf>[0]));
  };
  expect(await names()).toEqual([key!.slice('v1/tables/'.length, -'.tables'.length)]);
  const wrong = Buffer.from(bytes);
  wrong[wrong.length - 1]! ^= 1;
  await a.place.write(key!, [wrong]);
  expect(await names()).toEqual([]);
});
