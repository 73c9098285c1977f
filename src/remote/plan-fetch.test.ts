import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RawDigest } from '../kit/digest.ts';
import { blake3 } from './fixture/share.ts';
import { withoutHugeLists } from './fetch-needs.ts';
import { ObjectSet } from './object-set.ts';
import { PackPlanner } from './pack-image.ts';
import { piecesOf, wholePieces } from './pack-pieces.ts';
import { PackedRows } from './packed-rows.ts';
import { isTakenFrom, planFetch } from './plan-fetch.ts';
import type { PackTable } from './tables.ts';
import { rowsOf } from './tables.ts';

const raw = (id: number): RawDigest => blake3.raw(String(id));
const hex = (digest: RawDigest): string => digest.toString('hex');

/** A pack of objects by number; their sizes follow from that. */
function packOf(ids: readonly number[]): PackTable {
  const planner = new PackPlanner(blake3);
  for (const id of ids) planner.add(raw(id), sizeOf(id));
  return planner.end()!;
}

function sizeOf(id: number): number {
  return id % 7 === 0 ? 70_000 : 100 + id;
}

function setOf(ids: Iterable<number>): ObjectSet {
  const set = new ObjectSet();
  for (const id of ids) set.add(raw(id), 0, { size: sizeOf(id), group: id % 3 });
  return set;
}

const ids = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 30 });

test('each needed object that a pack has is taken from one pack, and packs that are adopted hold nothing unwanted', () => {
  fc.assert(
    fc.property(fc.uniqueArray(ids, { maxLength: 5, selector: String }), ids, ids, (packs, some, here) => {
      const rows = new PackedRows(packs.map(packOf));
      const wanted = setOf([...some, ...here]);
      const needed = setOf(some.filter((id) => !here.includes(id)));
      const { adopt, pick } = planFetch(rows, { wanted, needed, packedBytes: 65_536 });
      const adopted = new Set(adopt.map(({ pack }) => pack));
      const taken: string[] = [];
      for (const { pack } of adopt) {
        for (const { digest, length } of rowsOf({ rows: rows.rowsOf(pack) })) {
          expect(wanted.has(digest)).toBe(true);
          expect(length).toBeLessThanOrEqual(65_536);
          if (needed.has(digest)) taken.push(hex(digest));
        }
      }
      for (const { pack, count, bytes } of pick) {
        expect(adopted.has(pack)).toBe(false);
        const isWanted = (own: Buffer, at: number): boolean =>
          needed.has(own, at) && isTakenFrom(rows, { pack, adopted }, { own, at });
        const objects = [...piecesOf(rows.rowsOf(pack), { isWanted, gap: 1000, most: 100_000 })].flatMap(
          (each) => each.objects,
        );
        expect(objects.length).toBe(count);
        expect(objects.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
        taken.push(...objects.map(({ digest }) => hex(digest)));
      }
      const packed = new Set(packs.flat());
      const expected = some.filter((id) => !here.includes(id) && packed.has(id)).map((id) => hex(raw(id)));
      // An object in two packs that both come whole comes twice.
      expect([...new Set(taken)].sort()).toEqual(expected.sort());
      const single = taken.filter((each) => packs.flat().filter((id) => hex(raw(id)) === each).length === 1);
      expect(new Set(single).size).toBe(single.length);
    }),
  );
});

test('pieces hold what is wanted, in order, with no more than the gap between', () => {
  fc.assert(
    fc.property(ids, fc.func(fc.boolean()), fc.nat(2000), (pack, choose, gap) => {
      const { rows } = packOf(pack);
      const isWanted = (own: Buffer, at: number): boolean => choose(hex(own.subarray(at, at + 32)));
      const wanted = [...rowsOf({ rows })].filter(({ digest }) => choose(hex(digest)));
      const pieces = [...piecesOf(rows, { isWanted, gap, most: 150_000 })];
      expect(pieces.flatMap(({ objects }) => objects)).toEqual(wanted);
      for (const { offset, length, objects } of pieces) {
        expect(objects[0]?.offset).toBe(offset);
        const last = objects.at(-1)!;
        expect(last.offset + last.length).toBe(offset + length);
        if (objects.length > 1) expect(length).toBeLessThanOrEqual(150_000);
      }
    }),
  );
});

test('a pack that comes whole comes without a gap', () => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 100_000 }), (pack, most) => {
      const { rows, end } = packOf(pack);
      const pieces = wholePieces(rows, end, most)!;
      let at = 16;
      for (const { offset, length } of pieces) {
        expect(offset).toBe(at);
        at += length;
      }
      expect(at).toBe(end);
      expect(wholePieces(rows, end + 1, most)).toBeUndefined();
    }),
  );
});

test('no pack comes as it is for the sake of something that is called a list and is larger than any', () => {
  for (const [length, isAdopted] of [
    [100_000, true],
    [17 << 20, false],
  ] as const) {
    const planner = new PackPlanner(blake3);
    planner.add(raw(1), length);
    const rows = new PackedRows([planner.end()!]);
    const needed = new ObjectSet();
    needed.add(raw(1), 0, { size: undefined });
    expect(planFetch(rows, { wanted: needed, needed, packedBytes: 65_536 }).adopt).toHaveLength(isAdopted ? 1 : 0);
    const wrong = new ObjectSet();
    expect(withoutHugeLists(needed, rows, wrong).count).toBe(isAdopted ? 1 : 0);
    expect(wrong.count).toBe(isAdopted ? 0 : 1);
  }
});
