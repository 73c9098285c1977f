import fc from 'fast-check';
import type { Stats } from 'node:fs';
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { Section } from './section.ts';
import { DIR, SectionWriter, openSection } from './section.ts';

const raw = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const number = fc.oneof(fc.double({ noNaN: true }), fc.maxSafeNat(), fc.constant(0));
const name = fc.oneof(
  fc.constantFrom('__proto__', ' ', '\n', '"', '\ufeff', '\u2028', '😀', 'a\u0301', '\x01', '\\0'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0')),
);
interface Row {
  readonly name: string;
  readonly kind: number;
  readonly digest: RawDigest;
  readonly stat: { readonly mtimeMs: number; readonly ctimeMs: number; readonly ino: number; readonly size: number };
  readonly isReliable: boolean;
}
const row = fc.record<Row>({
  name,
  kind: fc.integer({ min: 0, max: DIR }),
  digest: raw,
  stat: fc.record({ mtimeMs: number, ctimeMs: number, ino: number, size: number }),
  isReliable: fc.boolean(),
});
const rows = fc
  .uniqueArray(row, { maxLength: 30, selector: (each) => each.name })
  .map((all) => all.sort((a, b) => (a.name < b.name ? -1 : 1)));

const stats = (values: Partial<Stats>): Stats => Object.assign(statSync('.'), values);

function written(all: readonly Row[], into = new SectionWriter()): SectionWriter {
  for (const { name: called, kind, digest, stat, isReliable } of all) {
    if (kind === DIR) into.addFolder(called, { digest: digestOfRaw(digest), size: stat.size, files: stat.ino });
    else into.addFile(called, { kind, stat: stats(stat), digest, at: 0, isReliable });
  }
  return into;
}

/** Any number but this one: adding to a large or infinite one would not change it. */
function other(value: number): number {
  return value === 7 ? 8 : 7;
}

function check(section: Section, all: readonly Row[]): void {
  expect(section.names).toEqual(all.map((each) => each.name));
  for (const [at, each] of all.entries()) {
    expect(section.kindOf(at)).toBe(each.kind);
    expect(section.sizeOf(at)).toBe(each.stat.size);
    expect(section.digests.subarray(at * 32, at * 32 + 32).equals(each.digest)).toBe(true);
    if (each.kind === DIR) expect(section.filesOf(at)).toBe(each.stat.ino);
    const isUnchanged = section.isUnchanged(at, stats(each.stat));
    expect(isUnchanged).toBe(each.kind !== DIR && each.isReliable);
    for (const column of ['mtimeMs', 'ctimeMs', 'ino', 'size'] as const)
      expect(section.isUnchanged(at, stats({ ...each.stat, [column]: other(each.stat[column]) }))).toBe(false);
  }
}

describe('a section', () => {
  test('says what was written into it, at whatever place in memory it lies', () => {
    fc.assert(
      fc.property(
        rows,
        fc.tuple(name, fc.nat(9)),
        fc.option(fc.tuple(raw, fc.maxSafeNat(), fc.maxSafeNat())),
        (all, [folder, shift], tree) => {
          const leaf = tree === null ? undefined : { digest: digestOfRaw(tree[0]), size: tree[1], files: tree[2] };
          const section = written(all).end(folder, leaf);
          const payload = Buffer.concat([Buffer.alloc(shift), section.payload]).subarray(shift);
          for (const each of [section, openSection(payload)]) {
            expect([each.folder, each.last, each.leaf, each.payload.length % 8]).toEqual([
              folder,
              all.at(-1)?.name ?? '',
              leaf,
              0,
            ]);
            check(each, all);
          }
        },
      ),
    );
  });

  test('takes rows over from another one as they are, also when the writer was used before', () => {
    fc.assert(
      fc.property(rows, rows, (first, second) => {
        const from = written(first).end('from', undefined);
        const writer = written(second);
        writer.end('x', undefined);
        writer.clear();
        for (const [at, each] of first.entries()) writer.addRow(each.name, from, at);
        expect(writer.end('from', undefined).payload.equals(from.payload)).toBe(true);
      }),
    );
  });

  test('grows to the largest part, and tells its rows before it is ended', () => {
    const all = Array.from({ length: 4_096 }, (_, at) => ({
      name: `n${String(at).padStart(5, '0')}`,
      kind: at % 4,
      digest: Buffer.alloc(32, at),
      stat: { mtimeMs: at + 0.5, ctimeMs: at, ino: at, size: at },
      isReliable: at % 3 === 0,
    }));
    const writer = written(all);
    for (const at of [0, 255, 256, 4_095]) {
      expect([writer.kindOf(at), writer.sizeOf(at), writer.digestOf(at)]).toEqual([
        at % 4,
        at,
        digestOfRaw(all[at]!.digest),
      ]);
      expect(writer.filesOf(at)).toBe(at % 4 === DIR ? at : 1);
    }
    check(writer.end('f', undefined), all);
  });

  test('relies on files that were written long enough ago, when it is told to, and never on folders', () => {
    const digest = Buffer.alloc(32, 1);
    const writer = new SectionWriter();
    for (const [at, mtimeMs] of [1, 9].entries()) {
      const stat = stats({ mtimeMs, ctimeMs: mtimeMs });
      writer.addFile(`f${String(at)}`, { kind: at, stat, digest, at: 0, isReliable: false });
    }
    writer.addFolder('sub', { digest: digestOfRaw(digest), size: 0, files: 0 });
    const section = writer.end('f', undefined);
    section.rely((mtimeMs) => mtimeMs < 5);
    const isReliable = (at: number): boolean => section.markOf(at) !== section.kindOf(at);
    expect([0, 1, 2].map(isReliable)).toEqual([true, false, false]);
    expect([0, 1, 2].map((at) => section.kindOf(at))).toEqual([0, 1, DIR]);
  });

  test('never relies on times that are no numbers', () => {
    const stat = stats({ mtimeMs: Number.NaN });
    const writer = new SectionWriter();
    writer.addFile('f', { kind: 0, stat, digest: Buffer.alloc(32), at: 0, isReliable: true });
    expect(writer.end('x', undefined).isUnchanged(0, stat)).toBe(false);
  });

  test('tells a row that is the same in all but its digest', () => {
    const stat = stats({ mtimeMs: 1, ctimeMs: 2, ino: 3, size: 4 });
    const section = written([{ name: 'a', kind: 1, digest: Buffer.alloc(32), stat, isReliable: false }]).end(
      'x',
      undefined,
    );
    const same = { kind: 1, stat, isReliable: false };
    expect(section.isSameRow(0, same)).toBe(true);
    for (const other of [
      { ...same, kind: 0 },
      { ...same, isReliable: true },
      { ...same, stat: stats({ mtimeMs: 1, ctimeMs: 2, ino: 3, size: 5 }) },
    ])
      expect(section.isSameRow(0, other)).toBe(false);
  });

  test('that is damaged or torn is refused or read within its bounds', () => {
    const all = [1, 2, 3].map((at) => ({
      name: `name ${String(at)}`,
      kind: 0,
      digest: Buffer.alloc(32, at),
      stat: stats({}),
      isReliable: true,
    }));
    const { payload } = written(all).end('folder', { digest: digestOfRaw(Buffer.alloc(32, 9)), size: 1, files: 1 });
    const look = (bytes: Buffer): void => {
      try {
        const section = openSection(bytes);
        const { names } = section;
        for (const at of names.keys()) {
          section.isUnchanged(at, stats({}));
          expect(section.digests.subarray(at * 32, at * 32 + 32)).toHaveLength(32);
        }
        expect(section.leaf?.digest ?? 'b3:').toMatch(/^b3:/);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    };
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(20), (at, mask, word) => {
        const damaged = Buffer.from(payload);
        damaged[at]! ^= mask;
        look(damaged);
        const numbers = Buffer.from(payload);
        numbers.writeUInt32LE((mask * 0x1010101) >>> 0, (word % 5) * 4);
        look(numbers);
        look(payload.subarray(0, at));
      }),
      { numRuns: 500 },
    );
  });
});
