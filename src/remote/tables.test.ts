import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOfRaw } from '../kit/digest.ts';
import { FRAME_HEAD, PACK_HEADER, ROW, footerOf, writeRow } from '../store/pack.ts';
import { blake3 } from './fixture/share.ts';
import { PackPlanner } from './pack-image.ts';
import type { PackTable } from './tables.ts';
import { decodeTables, encodeTables, packSize, tableInTail } from './tables.ts';

const objects = fc.array(fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(70_000)), { minLength: 1 });

function tableOf(rows: readonly (readonly [Uint8Array, number])[]): PackTable {
  const planner = new PackPlanner(blake3);
  for (const [digest, length] of rows) planner.add(Buffer.from(digest), length);
  return planner.end()!;
}

const tables = fc.array(objects, { maxLength: 5 }).map((each) => each.map(tableOf));

test('what was written is read', () => {
  fc.assert(
    fc.property(tables, (given) => {
      expect(decodeTables(Buffer.concat(encodeTables(given)), blake3)).toEqual(given);
    }),
  );
});

test('whatever happened to a file, a table that is read is one that was written', () => {
  const damage = fc.oneof(
    fc.record({ cut: fc.nat() }),
    fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ insert: fc.nat(), bytes: fc.uint8Array({ maxLength: 100 }) }),
  );
  fc.assert(
    fc.property(tables, fc.array(damage, { minLength: 1, maxLength: 4 }), (given, damages) => {
      let bytes = Buffer.concat(encodeTables(given));
      for (const each of damages) {
        if ('cut' in each) bytes = bytes.subarray(0, each.cut % (bytes.length + 1));
        else if ('to' in each) bytes[each.at % (bytes.length + 1)] = each.to;
        else {
          const at = each.insert % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, at), each.bytes, bytes.subarray(at)]);
        }
      }
      const written = new Map(given.map((table) => [table.name, table]));
      for (const table of decodeTables(bytes, blake3)) expect(table).toEqual(written.get(table.name));
    }),
  );
});

test('bytes that are no file of tables hold none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(decodeTables(Buffer.from(bytes), blake3)).toEqual([]);
      const headed = Buffer.concat([Buffer.from('pipe.tables/1\n\0\0', 'latin1'), bytes]);
      expect(decodeTables(headed, blake3)).toEqual([]);
    }),
  );
});

test('a table that tells of bytes outside the frames is refused, although it fits its name', () => {
  for (const [offset, length] of [
    [PACK_HEADER.length + FRAME_HEAD - 1, 1],
    [PACK_HEADER.length + FRAME_HEAD, 101],
    [4_000_000_000, 4_000_000_000],
  ] as const) {
    const end = PACK_HEADER.length + FRAME_HEAD + 100;
    const rows = Buffer.alloc(ROW);
    writeRow(rows, 0, { digest: Buffer.alloc(32, 7), offset, length });
    const name = blake3.hash(Buffer.concat([rows, footerOf(1, end)]));
    expect(decodeTables(Buffer.concat(encodeTables([{ name, end, rows }])), blake3)).toEqual([]);
  }
});

test('the end of a pack tells its table, or how much of it is needed', () => {
  fc.assert(
    fc.property(objects, fc.nat(), (rows, cut) => {
      const table = tableOf(rows);
      const whole = Buffer.concat([table.rows, footerOf(table.rows.length / ROW, table.end)]);
      const pack = { name: table.name, size: packSize(table) };
      const tail = whole.subarray(cut % whole.length);
      const found = tableInTail(tail, pack, blake3);
      if (tail.length === whole.length) expect(found).toEqual(table);
      else expect(found).toBe(tail.length < 24 ? undefined : whole.length);
      expect(tableInTail(whole, { ...pack, name: digestOfRaw(Buffer.alloc(32)) }, blake3)).toBeUndefined();
      expect(tableInTail(whole, { ...pack, size: pack.size + 1 }, blake3)).toBeUndefined();
    }),
  );
});
