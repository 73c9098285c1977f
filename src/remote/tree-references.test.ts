import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import { decodeTree, encodeTree, isSafeName, joinParts } from '../store/tree.ts';
import { blake3 } from './fixture/share.ts';
import { eachReference } from './tree-references.ts';

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => digestOfRaw(Buffer.from(raw)));
const size = fc.maxSafeNat();
const entry = fc.oneof(
  fc.record({ kind: fc.constantFrom('file', 'exec', 'link'), digest, size }),
  fc.record({ kind: fc.constant('dir'), digest, size, files: size }),
) as fc.Arbitrary<Entry>;
const tree = fc
  .array(fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }).filter(isSafeName), entry))
  .map((each) => new Map(each));

type Reference = [Digest, 'file' | 'list', number];

function referencesOf(bytes: Buffer): Reference[] | undefined {
  const found: Reference[] = [];
  const isRight = eachReference(bytes, (raw, kind, bytesOf) => found.push([digestOfRaw(raw), kind, bytesOf]));
  return isRight ? found : undefined;
}

test('a tree refers to what its entries say, in their order', () => {
  fc.assert(
    fc.property(tree, (given) => {
      const text = encodeTree(given);
      const wanted = [...decodeTree(text)!.values()].map((each): Reference => [
        each.digest,
        each.kind === 'dir' ? 'list' : 'file',
        each.size,
      ]);
      expect(referencesOf(Buffer.from(text))).toEqual(wanted);
    }),
  );
});

test('a branch refers to its parts', () => {
  const parts = ['a', 'b"', 'c'].map((last, at) => ({ last, digest: blake3.hash(last), size: at, files: at }));
  let branch = '';
  joinParts(parts, (text) => {
    branch = text;
    return blake3.hash(text);
  });
  expect(referencesOf(Buffer.from(branch))).toEqual(parts.map((part): Reference => [part.digest, 'list', part.size]));
});

test('whatever bytes come, it ends, and what a reader of trees takes it takes, too', () => {
  const damaged = fc.tuple(tree, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([given, at, to]) => {
    const bytes = Buffer.from(encodeTree(given));
    bytes[at % bytes.length] = to;
    return bytes;
  });
  const made = fc.uint8Array().map((bytes) => Buffer.concat([Buffer.from('pipe.tree/1\n'), bytes]));
  fc.assert(
    fc.property(
      fc.oneof(
        damaged,
        made,
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        const found = referencesOf(bytes);
        const decoded = decodeTree(bytes.toString('utf8'));
        if (decoded !== undefined)
          expect(found?.map(([each]) => each)).toEqual([...decoded.values()].map((each) => each.digest));
      },
    ),
  );
});
