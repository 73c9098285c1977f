import fc from 'fast-check';
import type { Stats } from 'node:fs';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import type { Section } from './section.ts';
import { DIR, SectionWriter } from './section.ts';
import type { StatIndex } from './stat-index.ts';
import { openStatIndex } from './stat-index.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
let root: string;
let file: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-sections-')));
  // What is remembered of folders that are gone is not kept for long.
  for (const folder of ['a', 'b', 'c', 'd', 'data', 'base', 'x/y']) mkdirSync(join(root, folder), { recursive: true });
  file = join(root, '.index/files.idx');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const open = (): StatIndex => openStatIndex(file, root, checksum);
const stat = (of: string, more: Partial<Stats> = {}): Stats =>
  Object.assign(statSync('.'), { mtimeMs: 1_000_004, ctimeMs: 1_000_004, ino: of.length, size: 3, ...more });

/** A part of a folder with these files, whose bytes are their names and something more. */
function section(folder: string, names: readonly string[], more = ''): Section {
  const writer = new SectionWriter();
  for (const name of names) {
    const digest = blake3.raw(name + more);
    writer.addFile(name, { kind: 0, stat: stat(name), digest, at: 0, isReliable: true });
  }
  return writer.end(folder, { digest: blake3.hash(names.join()), size: 3 * names.length, files: names.length });
}

describe('what is remembered of folders', () => {
  test('is what was noted last, whatever was saved in between, and whoever reads it', () => {
    const names = fc
      .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { minLength: 1 })
      .map((all) => all.sort());
    const step = fc.record({
      folder: fc.constantFrom('x', 'x/y', '.', 'x/../x', '/'),
      parts: fc.array(fc.nat(7), { maxLength: 3 }),
      names,
      more: fc.constantFrom('', '1', '2'),
      then: fc.constantFrom('nothing', 'save', 'open'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        rmSync(join(root, '.index'), { recursive: true, force: true });
        const model = new Map<string, string[]>();
        let index = open();
        for (const { folder, parts, names: all, more, then } of steps) {
          const cuts = [...new Set([...parts, 8])].sort();
          const groups = cuts.map((end, at) => all.filter((name) => name.charCodeAt(0) - 97 < end && name.charCodeAt(0) - 97 >= (cuts[at - 1] ?? 0))); // prettier-ignore
          index.recordFolder(folder, groups.filter((group) => group.length > 0).map((group) => section(folder, group, more))); // prettier-ignore
          model.set(folder, all.map((name) => name + more)); // prettier-ignore
          if (then !== 'nothing') index.save();
          if (then === 'open') index = open();
          for (const [each, expected] of model) {
            const found = index.folder(each).sections.flatMap(({ names: row, digests }) => row.map((_, at) => digests.subarray(at * 32, at * 32 + 32).toString('hex'))); // prettier-ignore
            expect(found).toEqual(expected.map((text) => blake3.raw(text).toString('hex')));
          }
        }
      }),
    );
  });

  test('is found by the path of a single file, too', () => {
    const known = open();
    known.recordFolder('data', [section('data', ['a', 'b']), section('data', ['c', 'd'])]);
    known.recordFolder('.', [section('.', ['top'])]);
    known.recordFolder('/usr', [section('/usr', ['x'])]);
    known.recordFolder('/', [section('/', ['root'])]);
    known.save();
    const index = open();
    for (const path of ['data/a', 'data/b', 'data/c', 'data/d', 'top', '/usr/x', '/root']) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      expect(index.lookup(path, stat(name)), path).toBe(blake3.hash(name));
      expect(index.lookup(path, stat(name, { size: 4 }))).toBeUndefined();
    }
    for (const path of ['data/', 'data/aa', 'data/e', 'a', 'data/data/a', '/top', '/data/a'])
      expect(index.lookup(path, stat('a')), path).toBeUndefined();
  });

  test('is no answer for a file that is recorded by itself under a like name', () => {
    const index = open();
    index.record('top', stat('top'), { digest: blake3.hash('top'), at: 2_000_000 });
    index.save();
    expect(open().lookup('/top', stat('top'))).toBeUndefined();
    expect(open().lookup('top', stat('top'))).toBe(blake3.hash('top'));
  });

  test('answers for a file that was recorded by itself before it was changed', () => {
    const index = open();
    index.record('data/a', stat('a', { size: 9 }), { digest: blake3.hash('old'), at: 2_000_000 });
    index.recordFolder('data', [section('data', ['a'])]);
    index.save();
    expect(open().lookup('data/a', stat('a'))).toBe(blake3.hash('a'));
  });

  test('of links and folders is no answer for a file', () => {
    const writer = new SectionWriter();
    const digest = blake3.raw('x');
    writer.addFolder('sub', { digest: blake3.hash('x'), size: 3, files: 1_000_004 });
    const index = open();
    index.recordFolder('data', [writer.end('data', undefined)]);
    const like = stat('sub', { mtimeMs: 1_000_004, ctimeMs: 0, ino: 0 });
    expect(index.lookup('data/sub', like)).toBeUndefined();
    expect(index.folder('data').sections[0]?.kindOf(0)).toBe(DIR);
    expect(digest.equals(rawOfDigest(blake3.hash('x')))).toBe(true);
  });

  test('is looked for among many names and parts in no time that grows with them', () => {
    const all = Array.from({ length: 60_000 }, (_, at) => `n${String(at).padStart(6, '0')}`);
    const parts = Array.from({ length: 60 }, (_, at) => section('big', all.slice(at * 1_000, at * 1_000 + 1_000)));
    const index = open();
    index.recordFolder('big', parts);
    // Linear, this would be two billion comparisons.
    for (const name of all) if (index.lookup(`big/${name}`, stat(name)) === undefined) throw new Error(name);
  });
});

test('names are found in order, across parts, and none that is not there', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }).filter((name) => !name.includes('\0')), { maxLength: 40 }); // prettier-ignore
  fc.assert(
    fc.property(names, names, fc.nat(5), (known, asked, cuts) => {
      const sorted = [...known].sort();
      const index = openStatIndex(undefined, root, checksum);
      const size = Math.ceil(sorted.length / (cuts + 1)) || 1;
      const parts = Array.from({ length: cuts + 1 }, (_, at) => sorted.slice(at * size, at * size + size));
      index.recordFolder('f', parts.filter((part) => part.length > 0).map((part) => section('f', part))); // prettier-ignore
      const memory = index.folder('f');
      for (const name of [...new Set([...asked, ...known.slice(0, 7)])].sort()) {
        expect(memory.seek(name)).toBe(known.includes(name));
        if (known.includes(name)) expect(memory.section?.names[memory.row]).toBe(name);
      }
    }),
  );
});
