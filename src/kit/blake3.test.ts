import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Blake3 } from './blake3.ts';
import { loadBlake3, nativeBlake3, wasmBlake3 } from './blake3.ts';

/**
 * The published test vectors: the digest of `length` bytes 0, 1, …, 250, 0, 1, … in the default mode
 * (https://github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors/test_vectors.json).
 */
const VECTORS = new Map([
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [1023, '10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [1025, 'd00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444'],
  [2048, 'e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a'],
  [2049, '5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030'],
  [3073, '7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3'],
  [4097, '9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995'],
  [8193, 'bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b'],
  [16384, 'f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4'],
  [31744, '62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47'],
  [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
]);

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}

const native = nativeBlake3();
const wasm = await wasmBlake3();
const implementations: [string, Blake3][] = [['wasm', wasm]];
if (native !== undefined) implementations.push(['native', native]);

test('the native implementation is used where it is installed', async () => {
  expect((await loadBlake3()).native).toBe(native !== undefined);
  expect(wasm.native).toBe(false);
});

test.each(implementations)('%s gives the published digests, whole and in pieces', (_, blake3) => {
  for (const [length, hex] of VECTORS) {
    const bytes = counting(length);
    expect(blake3.hash(bytes)).toBe(`b3:${hex}`);
    const hasher = blake3.hasher();
    for (let at = 0; at < length; at += 777) hasher.update(bytes.subarray(at, at + 777));
    expect(hasher.digest()).toBe(`b3:${hex}`);
  }
});

test.each(implementations)('%s keeps streams apart that are hashed at once', (_, blake3) => {
  const pieces = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 3000 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(pieces, (parts) => {
      const hashers = [blake3.hasher(), blake3.hasher(), blake3.hasher()];
      for (const [to, bytes] of parts) {
        hashers[to]?.update(bytes);
        blake3.hash('something in between');
      }
      for (const [at, hasher] of hashers.entries()) {
        const whole = Buffer.concat(parts.filter(([to]) => to === at).map(([, bytes]) => bytes));
        expect(hasher.digest()).toBe(blake3.hash(whole));
      }
    }),
    { numRuns: 30 },
  );
});

test.each(implementations)('%s reads a view of a larger buffer, and text as UTF-8', (_, blake3) => {
  const large = counting(5000);
  expect(blake3.hash(new Uint8Array(large.buffer, 100, 2049))).toBe(blake3.hash(large.slice(100, 2149)));
  // A lone surrogate becomes U+FFFD, as when the text is written to a file.
  for (const text of ['', 'a', 'Grüße 😀', '\ud800', 'x\ufeffy\0']) {
    expect(blake3.hash(text)).toBe(blake3.hash(Buffer.from(text)));
  }
});
