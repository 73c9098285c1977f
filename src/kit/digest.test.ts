import { expect, test } from 'vitest';
import { parseDigest } from './digest.ts';
import { loadXxh64 } from './xxhash.ts';

const HEX = '0123456789abcdef'.repeat(4);

test('a digest names its algorithm and has the right number of lower-case digits', () => {
  expect(parseDigest(`b3:${HEX}`)).toBe(`b3:${HEX}`);
  expect(parseDigest(`md5:${HEX.slice(32)}.dir`)).toBe(`md5:${HEX.slice(32)}.dir`);
  const wrong = [
    HEX,
    `b3:${HEX}0`,
    `b3:${HEX.toUpperCase()}`,
    `b3:${HEX}\n`,
    ` b3:${HEX}`,
    `b3:../${HEX}`,
    `md5:${HEX}`,
  ];
  for (const text of [
    ...wrong,
    `b3:${HEX}.dir`,
    '',
    null,
    undefined,
    7,
    [`b3:${HEX}`],
    { toString: () => `b3:${HEX}` },
  ]) {
    expect(parseDigest(text)).toBeUndefined();
  }
});

test('XXH64 gives 16 hex digits that fit the published values', async () => {
  const checksum = await loadXxh64();
  // https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, seed 0
  expect(checksum('')).toBe('ef46db3751d8e999');
  expect(checksum('a')).toBe('d24ec4f1a98c6e5b');
  expect(checksum('abc')).toBe('44bc2cf5ad770999');
});
