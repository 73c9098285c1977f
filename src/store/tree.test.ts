import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import type { Entry, Tree } from './tree.ts';
import { decodeTree, encodeTree, isSafeName } from './tree.ts';

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => `b3:${Buffer.from(b).toString('hex')}` as Digest);
const size = fc.maxSafeNat();
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: fc.constantFrom('file' as const, 'exec' as const, 'link' as const), digest, size }),
  fc.record({ kind: fc.constant('dir' as const), digest, size, files: size }),
);
const odd = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  ' ',
  '"',
  '\\',
  'a\nb',
  '\r',
  '\u2028',
  '\u2029',
  '\ufeff',
);
const name = fc
  .oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'binary' }), odd)
  .filter(isSafeName);
const tree = fc.array(fc.tuple(name, entry), { maxLength: 8 }).map((pairs): Tree => new Map(pairs));

const HEX = `b3:${'0'.repeat(64)}`;
const OTHER = `b3:${'1'.repeat(64)}`;

describe('a tree object', () => {
  test('holds every entry of the folder, whatever its name', () => {
    fc.assert(
      fc.property(tree, (written) => {
        const read = decodeTree(encodeTree(written));
        expect(read).toBeDefined();
        expect(new Map(read)).toEqual(new Map(written));
      }),
    );
  });

  test('is the same text in whatever order the disk lists the entries', () => {
    fc.assert(
      fc.property(tree, (written) => {
        expect(encodeTree(new Map([...written].reverse()))).toBe(encodeTree(written));
      }),
    );
  });

  test('differs when two files swap their contents', () => {
    const a: Entry = { kind: 'file', digest: HEX as Digest, size: 1 };
    const b: Entry = { kind: 'file', digest: OTHER as Digest, size: 1 };
    const before = encodeTree(new Map([['x', a], ['y', b]])); // prettier-ignore
    expect(encodeTree(new Map([['x', b], ['y', a]]))).not.toBe(before); // prettier-ignore
  });

  test('has the documented form', () => {
    const written: Tree = new Map<string, Entry>([
      ['sub', { kind: 'dir', digest: HEX as Digest, size: 9, files: 2 }],
      ['run.sh', { kind: 'exec', digest: OTHER as Digest, size: 3 }],
      ['a "b"', { kind: 'link', digest: HEX as Digest, size: 0 }],
    ]);
    expect(encodeTree(written)).toBe(
      `pipe.tree/1\nl 0 ${HEX} "a \\"b\\""\nx 3 ${OTHER} "run.sh"\nd 9 2 ${HEX} "sub"\n`,
    );
  });

  test('is read only in exactly the form in which it is written', () => {
    fc.assert(
      fc.property(tree, fc.nat(), fc.integer({ min: 0, max: 127 }), (written, at, code) => {
        const text = encodeTree(written);
        const cut = at % text.length;
        for (const damaged of [
          text.slice(0, cut),
          text.slice(0, cut) + String.fromCharCode(code) + text.slice(cut + 1),
        ]) {
          const read = decodeTree(damaged);
          if (read !== undefined) expect(encodeTree(read)).toBe(damaged);
        }
      }),
    );
  });

  test.each([
    ['no header', ''],
    ['another version', 'pipe.tree/2\n'],
    ['no last line end', `pipe.tree/1\nf 1 ${HEX} "a"`],
    ['a line twice', `pipe.tree/1\nf 1 ${HEX} "a"\nf 1 ${HEX} "a"\n`],
    ['a wrong order', `pipe.tree/1\nf 1 ${HEX} "b"\nf 1 ${HEX} "a"\n`],
    ['an unknown kind', `pipe.tree/1\nz 1 ${HEX} "a"\n`],
    ['a folder without a number of files', `pipe.tree/1\nd 1 ${HEX} "a"\n`],
    ['a file with a number of files', `pipe.tree/1\nf 1 1 ${HEX} "a"\n`],
    ['a number too large', `pipe.tree/1\nf 9999999999999999 ${HEX} "a"\n`],
    ['a negative number', `pipe.tree/1\nf -1 ${HEX} "a"\n`],
    ['a number with a leading zero', `pipe.tree/1\nf 01 ${HEX} "a"\n`],
    ['an MD5', `pipe.tree/1\nf 1 md5:${'0'.repeat(32)} "a"\n`],
    ['a name in another notation', `pipe.tree/1\nf 1 ${HEX} "\\u0061"\n`],
    ['a name that is no text', `pipe.tree/1\nf 1 ${HEX} "a" "b"\n`],
    ['Windows line ends', `pipe.tree/1\r\nf 1 ${HEX} "a"\r\n`],
  ])('with %s is refused', (_, text) => {
    expect(decodeTree(text)).toBeUndefined();
  });

  test('cannot reach out of its folder, or into what belongs to Git and pipe', () => {
    const hostile = [
      '',
      '.',
      '..',
      '../a',
      'a/b',
      '/a',
      '.git',
      '.GIT',
      '.Git',
      '.pipe',
      '.dvc',
      'git~1',
      'GIT~1',
      'a\0b',
    ];
    for (const each of [...hostile, '.g\u200cit', '\ufeff.git', '.gi\u200dt', '\ud800']) {
      expect(isSafeName(each), JSON.stringify(each)).toBe(false);
      expect(decodeTree(`pipe.tree/1\nf 1 ${HEX} ${JSON.stringify(each)}\n`)).toBeUndefined();
    }
    for (const each of ['.gitignore', '..a', 'a..', '...', '.gita', 'a\\b', '-', '__proto__']) {
      expect(isSafeName(each), each).toBe(true);
    }
  });
});
