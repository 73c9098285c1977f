import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { DigestMap } from './digest-map.ts';
import type { Frame } from './pack.ts';
import {
  FOOTER,
  FRAME_HEAD,
  LARGEST_PACK,
  PACK_HEADER,
  readTable,
  scanFrames,
  tableOf,
  tablePlace,
  writeFrameHead,
} from './pack.ts';

const blake3 = await loadBlake3();
const object = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const objects = fc.uniqueArray(object, { maxLength: 12, selector: (bytes) => bytes.toString('hex') });

/** The frames of a pack, its table apart. */
function packOf(contents: readonly Buffer[]): { body: Buffer; frames: DigestMap; table: Buffer } {
  const frames = new DigestMap();
  let body: Buffer = Buffer.from(PACK_HEADER);
  for (const bytes of contents) {
    const head = Buffer.alloc(FRAME_HEAD);
    const digest = blake3.raw(bytes);
    writeFrameHead(head, 0, { digest, length: bytes.length });
    frames.add(digest, 0, { pack: 0, offset: body.length + FRAME_HEAD, length: bytes.length });
    body = Buffer.concat([body, head, bytes]);
  }
  return { body, frames, table: tableOf(frames, body.length) };
}

function shown(frames: Iterable<Frame> | undefined): unknown {
  return frames && [...frames].map(({ digest, offset, length }) => [digest.toString('hex'), offset, length]);
}

describe('a pack', () => {
  test('tells by its table and by its frames the same of its objects', () => {
    fc.assert(
      fc.property(objects, (contents) => {
        const { body, frames, table } = packOf(contents);
        const pack = Buffer.concat([body, table]);
        const place = tablePlace(pack.subarray(-FOOTER), pack.length);
        expect(place).toEqual({ offset: body.length, length: table.length });
        const read = readTable(table, blake3.hash(table), blake3);
        expect(shown(read)).toEqual(shown(frames.entries()));
        expect(shown(scanFrames(body, blake3).frames)).toEqual(shown(read));
        const bytes = read?.map(({ offset, length }) => pack.subarray(offset, offset + length));
        expect(bytes).toEqual(contents);
      }),
    );
  });

  test('torn at any byte, is read up to the last object that is whole', () => {
    const contents = ['', 'a', 'bc', 'x'.repeat(50)].map((text) => Buffer.from(text));
    const { body, frames } = packOf(contents);
    const ends = [...frames.entries()].map(({ offset, length }) => offset + length);
    for (let cut = 0; cut <= body.length; cut += 1) {
      const whole = ends.filter((end) => end <= cut);
      const scanned = scanFrames(body.subarray(0, cut), blake3);
      expect(scanned.frames).toHaveLength(whole.length);
      expect(scanned.end).toBe(cut < PACK_HEADER.length ? 0 : (whole.at(-1) ?? PACK_HEADER.length));
    }
  });

  test('with a table behind its frames, finished or not, is still read up to its last object', () => {
    const { body, frames, table } = packOf(['a', 'b'].map((text) => Buffer.from(text)));
    for (let cut = 0; cut <= table.length; cut += 1) {
      const scanned = scanFrames(Buffer.concat([body, table.subarray(0, cut)]), blake3);
      expect([scanned.end, scanned.frames.length]).toEqual([body.length, frames.size]);
    }
  });

  test('damaged at any byte of its frames, is read up to the object before', () => {
    const contents = ['', 'a', 'bc', 'defg'].map((text) => Buffer.from(text));
    const { body, frames } = packOf(contents);
    const starts = [...frames.entries()].map(({ offset }) => offset - FRAME_HEAD);
    for (let at = 0; at < body.length; at += 1) {
      const damaged = Buffer.from(body);
      damaged[at]! ^= 0x40;
      const expected = at < PACK_HEADER.length ? 0 : starts.filter((start) => start <= at).length - 1;
      const { frames: found } = scanFrames(damaged, blake3);
      expect(found, String(at)).toHaveLength(expected);
      for (const { digest, offset, length } of found)
        expect(blake3.raw(damaged.subarray(offset, offset + length)).equals(digest)).toBe(true);
    }
  });

  test('damaged or torn at any byte of its table, has none', () => {
    const { body, table } = packOf(['a', 'b', 'c'].map((text) => Buffer.from(text)));
    const name = blake3.hash(table);
    for (let at = 0; at < table.length; at += 1) {
      const damaged = Buffer.from(table);
      damaged[at]! ^= 0x01;
      expect(readTable(damaged, name, blake3)).toBeUndefined();
      expect(readTable(table.subarray(0, at), name, blake3)).toBeUndefined();
      expect(tablePlace(table.subarray(at).subarray(-FOOTER), body.length + at)).toBeUndefined();
    }
  });
});

describe('a table that somebody else made is refused', () => {
  const digest = blake3.raw('x');
  const table = (offset: number, length: number, end: number): Buffer => {
    const frames = new DigestMap();
    frames.add(digest, 0, { pack: 0, offset, length });
    return tableOf(frames, end);
  };
  test.each([
    ['when it tells of bytes in the header', table(0, 1, 100)],
    ['when it tells of bytes in the first head', table(PACK_HEADER.length + FRAME_HEAD - 1, 1, 100)],
    ['when it tells of bytes behind the frames', table(90, 11, 100)],
    ['when a number is as large as can be', table(0xffffffff, 0xffffffff, 100)],
    ['when it is not a number of rows', Buffer.concat([Buffer.alloc(7), table(60, 1, 100)])],
    ['when it is empty', Buffer.alloc(0)],
  ])('%s', (_, made) => {
    expect(readTable(made, blake3.hash(made), blake3)).toBeUndefined();
  });

  test('when the pack would be larger than any, so that nobody asks for so much memory', () => {
    const footer = tableOf(new DigestMap(), LARGEST_PACK);
    expect(tablePlace(footer, LARGEST_PACK + FOOTER)).toBeUndefined();
    const rows = Buffer.from(footer);
    rows.writeUInt32LE(0xffffffff, 16);
    expect(tablePlace(rows, 0xffffffff * 40 + FOOTER + LARGEST_PACK)).toBeUndefined();
  });

  test('but not when it holds one object of no bytes at the end', () => {
    const made = table(PACK_HEADER.length + FRAME_HEAD, 0, PACK_HEADER.length + FRAME_HEAD);
    expect(readTable(made, blake3.hash(made), blake3)).toHaveLength(1);
  });
});
