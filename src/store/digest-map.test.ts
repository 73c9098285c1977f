import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PackedPlace } from './digest-map.ts';
import { DigestMap } from './digest-map.ts';

/** Few first bytes, so that many digests want the same slot. */
const digest = fc
  .tuple(fc.constantFrom(0, 1, 4095, 4096, 0xffffffff), fc.integer({ min: 0, max: 40 }))
  .map(([first, rest]) => {
    const bytes = Buffer.alloc(32, rest);
    bytes.writeUInt32LE(first);
    return bytes;
  });
const number = fc.integer({ min: 0, max: 0xffffffff });
const place = fc.record({ pack: number, offset: number, length: number });

test('the map says what a Map of texts says, whatever collides', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(digest, place, fc.nat(9)), { maxLength: 150 }), (adds) => {
      const [map, model] = [new DigestMap(), new Map<string, PackedPlace>()];
      for (const [each, at, before] of adds) {
        const key = each.toString('hex');
        const shifted = Buffer.concat([Buffer.alloc(before, 1), each, Buffer.alloc(3)]);
        expect(map.has(shifted, before)).toBe(model.has(key));
        expect(map.add(shifted, before, at)).toBe(!model.has(key));
        if (!model.has(key)) model.set(key, at);
        expect(map.find(each)).toEqual(model.get(key));
      }
      expect(map.size).toBe(model.size);
      const entries = [...map.entries()].map(({ digest: found, ...rest }) => [found.toString('hex'), rest]);
      expect(entries).toEqual([...model]);
    }),
  );
});

test('the rows of a table are taken in as if they were added one by one', () => {
  const rows = fc.array(fc.tuple(digest, place), { maxLength: 60 });
  fc.assert(
    fc.property(rows, rows, (before, table) => {
      const [map, model] = [new DigestMap(), new DigestMap()];
      for (const [each, at] of before) for (const one of [map, model]) one.add(each, 0, at);
      const bytes = table.map(([each, { offset, length }]) => {
        const row = Buffer.concat([each, Buffer.alloc(8)]);
        row.writeUInt32LE(offset, 32);
        row.writeUInt32LE(length, 36);
        return row;
      });
      map.addRows(Buffer.concat(bytes), 7);
      for (const [each, at] of table) model.add(each, 0, { ...at, pack: 7 });
      expect([...map.entries()]).toEqual([...model.entries()]);
      for (const [each] of [...before, ...table]) expect(map.find(each)).toEqual(model.find(each));
      const shown: unknown[] = [];
      map.each((of, at, which) => shown.push({ digest: Buffer.from(of.subarray(at, at + 32)), ...which }));
      expect(shown).toEqual([...model.entries()]);
    }),
  );
});

test('it grows to many objects and finds each, and none that is not there', () => {
  const map = new DigestMap();
  const of = (at: number): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0);
    bytes.writeUInt32LE(at, 28);
    return bytes;
  };
  const COUNT = 50_000;
  for (let at = 0; at < COUNT; at += 1) map.add(of(at), 0, { pack: at % 7, offset: at, length: at * 2 });
  expect(map.size).toBe(COUNT);
  for (let at = 0; at < COUNT; at += 1) {
    const found = map.find(of(at));
    if (found?.pack !== at % 7 || found.offset !== at || found.length !== at * 2) throw new Error(String(at));
  }
  for (let at = COUNT; at < 2 * COUNT; at += 1) if (map.has(of(at))) throw new Error(String(at));
});
