import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RawDigest } from '../kit/digest.ts';
import { blake3 } from './fixture/share.ts';
import { ObjectSet } from './object-set.ts';
import { PackPlanner, isGapless, isPackOf, packImage } from './pack-image.ts';
import { planPush } from './plan-push.ts';
import type { PackTable } from './tables.ts';
import { rowsOf } from './tables.ts';

const LARGE = (4 << 20) + 1;

/** An object by a number: its bytes, unless it is a large one, are that number so many times. */
interface Given {
  readonly id: number;
  readonly size: number;
  /** The local pack that it lies in, or 0. */
  readonly pack: number;
  readonly belongs: boolean;
  readonly isAbsent: boolean;
}

const given = fc.uniqueArray(
  fc.record({
    id: fc.nat(10_000),
    size: fc.oneof({ weight: 9, arbitrary: fc.nat(5_000) }, { weight: 1, arbitrary: fc.constant(LARGE) }),
    pack: fc.nat(3),
    belongs: fc.boolean(),
    isAbsent: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 60 },
);

function digestOf({ id }: Pick<Given, 'id'>): RawDigest {
  return blake3.raw(String(id));
}

function planOf(objects: readonly Given[]) {
  const [belongs, absent] = [new ObjectSet(), new ObjectSet()];
  const planners = [1, 2, 3].map(() => new PackPlanner(blake3));
  for (const each of objects) {
    if (each.pack > 0) planners[each.pack - 1]!.add(digestOf(each), each.size);
    if (each.belongs) belongs.add(digestOf(each), 0, { size: each.size });
    if (each.belongs && each.isAbsent) absent.add(digestOf(each), 0, { size: each.size, group: each.pack });
  }
  const tables = planners.map((planner) => planner.end());
  return { tables, plan: planPush({ belongs, absent, tableOf: (pack) => tables[pack - 1] }, blake3) };
}

const hex = (digest: RawDigest): string => digest.toString('hex');

test('nothing is sent that does not belong to the push, and all that belongs and is absent is sent once', () => {
  fc.assert(
    fc.property(given, (objects) => {
      const { plan } = planOf(objects);
      const inPacks = [...plan.whole, ...plan.built].flatMap((table) =>
        [...rowsOf(table)].map(({ digest }) => hex(digest)),
      );
      const sent = [...inPacks, ...plan.large.map(({ digest }) => hex(digest))];
      const mine = new Set(objects.filter((each) => each.belongs).map((each) => hex(digestOf(each))));
      expect(sent.every((each) => mine.has(each))).toBe(true);
      expect(new Set(sent).size).toBe(sent.length);
      const wanted = objects.filter((each) => each.belongs && each.isAbsent);
      for (const each of wanted) expect(sent).toContain(hex(digestOf(each)));
      for (const { size } of plan.large) expect(size).toBe(LARGE);
    }),
  );
});

test('a local pack goes as it is exactly when all of it belongs to the push, and half of it is absent there', () => {
  fc.assert(
    fc.property(given, (objects) => {
      const { plan, tables } = planOf(objects);
      const whole = new Set(plan.whole.map(({ name }) => name));
      for (const [at, table] of tables.entries()) {
        const inside = objects.filter(({ pack }) => pack === at + 1);
        const bytes = (some: readonly Given[]): number => some.reduce((sum, { size }) => sum + size, 0);
        const absent = inside.filter(({ belongs, isAbsent }) => belongs && isAbsent);
        const isWhole =
          absent.length > 0 &&
          inside.every(({ belongs, size }) => belongs && size < LARGE) &&
          bytes(absent) * 2 >= bytes(inside);
        if (table !== undefined) expect(whole.has(table.name)).toBe(isWhole);
      }
    }),
  );
});

test('a pack is what its plan says, and one with any wrong byte is not', () => {
  const sizes = fc.array(fc.nat(300), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.nat(), (lengths, at) => {
      const bytes = lengths.map((length, id) => Buffer.alloc(length, `${id} `));
      const known = new Map(bytes.map((each) => [hex(blake3.raw(each)), each]));
      const planner = new PackPlanner(blake3);
      for (const each of known.values()) planner.add(blake3.raw(each), each.length);
      const table = planner.end() as PackTable;
      const image = packImage(table, (digest) => known.get(hex(digest)));
      if (!('pack' in image)) throw new Error('objects are lost');
      expect(isGapless(table.rows, table.end)).toBe(true);
      expect(isPackOf(image.pack, table, blake3)).toBe(true);
      const place = at % image.pack.length;
      image.pack[place] = (image.pack[place] ?? 0) ^ 1;
      expect(isPackOf(image.pack, table, blake3)).toBe(false);
    }),
  );
});

test('packs end at about 32 MiB', () => {
  const planner = new PackPlanner(blake3);
  const ends: number[] = [];
  for (let id = 0; id < 50; id += 1) {
    const table = planner.add(digestOf({ id }), 4 << 20);
    if (table !== undefined) ends.push(table.end);
  }
  expect(ends.length).toBe(6);
  for (const end of ends) expect(end).toBeLessThan(36 << 20);
});
