import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOfRaw } from '../kit/digest.ts';
import { ROW, writeRow } from '../store/pack.ts';
import { PackedRows } from './packed-rows.ts';
import type { PackTable } from './tables.ts';

/** Few different digests, so that packs share objects. */
const digest = fc.nat(20).map((at) => Buffer.alloc(32, at));

function table(at: number, digests: readonly Buffer[]): PackTable {
  const rows = Buffer.alloc(digests.length * ROW);
  for (const [row, each] of digests.entries())
    writeRow(rows, row * ROW, { digest: each, offset: at * 1000 + row, length: row });
  return { name: digestOfRaw(Buffer.alloc(32, 100 + at)), end: 1_000_000, rows };
}

test('an object is found in the first pack that has it, and everywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(digest, { selector: (each) => each[0] })), (packs) => {
      const rows = new PackedRows(packs.map((each, at) => table(at, each)));
      for (let value = 0; value <= 21; value += 1) {
        const wanted = Buffer.alloc(32, value);
        const places = packs.flatMap((each, pack) => {
          const row = each.findIndex((one) => one.equals(wanted));
          return row < 0 ? [] : [{ pack, offset: pack * 1000 + row, length: row }];
        });
        expect(rows.findAll(wanted)).toEqual(places);
        expect(rows.find(wanted)).toEqual(places[0]);
        expect(rows.has(wanted)).toBe(places.length > 0);
      }
    }),
  );
});

test('packs can be left out', () => {
  const tables = [table(0, [Buffer.alloc(32, 1)]), table(1, [Buffer.alloc(32, 1), Buffer.alloc(32, 2)])];
  const rest = new PackedRows(tables).without((name) => name === tables[0]!.name);
  expect(rest.packs.map(({ name }) => name)).toEqual([tables[1]!.name]);
  expect(rest.find(Buffer.alloc(32, 1))).toEqual({ pack: 0, offset: 1000, length: 0 });
  expect(rest.rowsOf(0)).toEqual(tables[1]!.rows);
});

test('a table of half a million times the same digest does not keep anybody busy', () => {
  const rows = Buffer.alloc(500_000 * ROW, 3);
  const found = new PackedRows([{ name: digestOfRaw(Buffer.alloc(32)), end: 1 << 30, rows }]);
  expect(found.has(Buffer.alloc(32, 3))).toBe(true);
  expect(found.has(Buffer.alloc(32, 4))).toBe(false);
});
