import fc from 'fast-check';
import type { Stats } from 'node:fs';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import type { StatIndex } from './stat-index.ts';
import { openStatIndex } from './stat-index.ts';

const blake3 = await loadBlake3();
const hash = (text: string): Digest => blake3.hash(text);
const OLD = hash('old');
const checksum = await loadXxh64Raw();
const open = (root = '/project'): StatIndex => openStatIndex(index, root, checksum);
let folder: string;
let index: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-index-'));
  index = join(folder, 'index/x.idx');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Stat values as a clock would have given them that ticks every 4 ms. */
function stat(values: Partial<Stats>): Stats {
  return Object.assign(statSync('.'), { mtimeMs: 1_000_004, ctimeMs: 1_000_004, ino: 7, size: 3, ...values });
}

describe('the stat index', () => {
  test('knows a file while its stat values stay, also after it was saved', () => {
    const known = open();
    for (const name of ['a', '__proto__', 'constructor', 'x\n"y'])
      known.record(name, stat({}), { digest: hash(name), at: 1_001_000 });
    known.save();
    const again = open();
    for (const name of ['a', '__proto__', 'constructor', 'x\n"y'])
      expect(again.lookup(name, stat({}))).toBe(hash(name));
    expect(again.lookup('toString', stat({}))).toBeUndefined();
  });

  test.each([{ mtimeMs: 1_000_004.5 }, { ctimeMs: 1_000_005 }, { ino: 8 }, { size: 4 }])(
    'does not know a file with %j',
    (change) => {
      const known = open();
      known.record('a', stat({}), { digest: OLD, at: 1_001_000 });
      expect(known.lookup('a', stat(change))).toBeUndefined();
    },
  );

  test('trusts no entry that was made in the tick in which the file was written', () => {
    const known = open();
    for (const [hashedAt, trusted] of [
      [999_000, false],
      [1_000_004, false],
      [1_000_024, false],
      [1_000_025, true],
    ] as const) {
      // prettier-ignore
      known.record('a', stat({}), { digest: OLD, at: hashedAt });
      expect(known.lookup('a', stat({})), String(hashedAt)).toBe(trusted ? OLD : undefined);
    }
  });

  test('waits longer where times are whole seconds', () => {
    const known = open();
    const times = { mtimeMs: 1_000_000, ctimeMs: 1_000_000 };
    for (const [hashedAt, trusted] of [
      [1_001_999, false],
      [1_002_001, true],
    ] as const) {
      // prettier-ignore
      known.record('a', stat(times), { digest: OLD, at: hashedAt });
      expect(known.lookup('a', stat(times))).toBe(trusted ? OLD : undefined);
    }
  });

  test('trusts no file that was changed a moment ago and given an old time', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    utimesSync(path, 1, 1);
    const known = open();
    const before = statSync(path);
    known.record('a', before, { digest: OLD, at: before.ctimeMs });
    expect(known.lookup('a', before)).toBeUndefined();
    known.record('a', before, { digest: OLD, at: before.ctimeMs + 10_000 });
    expect(known.lookup('a', before)).toBe(OLD);
  });

  test('trusts no time in the future', () => {
    const known = open();
    known.record('a', stat({ mtimeMs: 9e15 }), { digest: OLD, at: 1_001_000 });
    expect(known.lookup('a', stat({ mtimeMs: 9e15 }))).toBeUndefined();
  });

  test('of another project or version, torn or damaged, only costs hashing', () => {
    const known = open();
    for (let at = 0; at < 5; at += 1)
      known.record(`file ${String(at)}`, stat({}), { digest: hash(String(at)), at: 1_001_000 });
    known.save();
    expect(open('/other').lookup('file 0', stat({}))).toBeUndefined();
    const bytes = readFileSync(index);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (cut, byte) => {
        const changed = Buffer.from(bytes);
        changed[cut] = byte;
        for (const damaged of [bytes.subarray(0, cut), changed]) {
          writeFileSync(index, damaged);
          const read = open();
          for (let at = 0; at < 5; at += 1) {
            const digest = read.lookup(`file ${String(at)}`, stat({}));
            if (digest !== undefined) expect(digest).toBe(hash(String(at)));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is not written while nothing has changed, and may be a folder', () => {
    const known = open();
    known.save();
    expect(() => statSync(index)).toThrow();
    mkdirSync(index, { recursive: true });
    expect(open().lookup('a', stat({}))).toBeUndefined();
  });
});
