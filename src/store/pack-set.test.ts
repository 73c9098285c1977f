import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { storeLayout } from './layout.ts';
import { ObjectStore } from './object-store.ts';

const blake3 = await loadBlake3();
let folder: string;
let damaged: string[];

const layout = () => storeLayout(join(folder, 'cache'));
const open = (): ObjectStore => new ObjectStore(layout(), blake3, (digest) => damaged.push(digest));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-packs-'));
  damaged = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Stores numbered objects in a pack of their own; returns the name of its file. */
async function pack(from: number): Promise<string> {
  const before = new Set(existsSync(layout().packs) ? readdirSync(layout().packs) : []);
  const writer = open().writer();
  for (let at = from; at < from + 20; at += 1) writer.addNow(rawOfDigest(digestOf(at)), Buffer.from(`object ${at}`));
  await writer.finish();
  const [added] = readdirSync(layout().packs).filter((name) => !before.has(name));
  return join(layout().packs, added!);
}

function digestOf(number: number): Digest {
  return blake3.hash(`object ${number}`);
}

describe('a reader', () => {
  test('sees packs that came within one tick of the clock of the disk', async () => {
    const soon = new Date(Date.now() + 3_600_000);
    await pack(0);
    utimesSync(layout().packs, soon, soon);
    const reader = open();
    expect(reader.has(digestOf(0))).toBe(true);
    await pack(20);
    utimesSync(layout().packs, soon, soon);
    expect(reader.has(digestOf(25))).toBe(true);
  });

  test('takes a pack that has gone for gone, not for damaged, and finds its objects elsewhere', async () => {
    const path = await pack(0);
    const reader = open();
    expect(reader.read(digestOf(3))?.toString()).toBe('object 3');
    rmSync(path);
    const other = open();
    for (const store of [reader, other]) {
      // What a reader has open, it may read on.
      expect(store.read(digestOf(4))?.toString()).toBe(store === reader ? 'object 4' : undefined);
    }
    const late = open();
    await pack(0);
    expect(late.has(digestOf(5))).toBe(true);
    rmSync(path);
    expect(late.read(digestOf(5))).toBeUndefined();
    await late.put('object 6');
    expect(late.read(digestOf(6))?.toString()).toBe('object 6');
    expect(damaged).toEqual([]);
    expect(existsSync(layout().quarantine)).toBe(false);
    expect(readdirSync(layout().packs)).toEqual([]);
  });

  test('that finds wrong bytes in one pack reads the object from another', async () => {
    const path = await pack(0);
    const writer = open().writer();
    const spoilt = readFileSync(path);
    // The same object in a second pack, as two processes that know nothing of each other make them.
    rmSync(path);
    for (let at = 0; at < 30; at += 1) writer.addNow(rawOfDigest(digestOf(at)), Buffer.from(`object ${at}`));
    await writer.finish();
    const [right] = readdirSync(layout().packs);
    spoilt.write('X', spoilt.indexOf('object 7'));
    const isFirst = (right ?? '') > path.slice(path.lastIndexOf('/') + 1);
    writeFileSync(path, spoilt);
    chmodSync(path, 0o444);
    expect(open().read(digestOf(7))?.toString()).toBe('object 7');
    expect(damaged).toEqual(isFirst ? [digestOf(7)] : []);
    expect(open().read(digestOf(7))?.toString()).toBe('object 7');
  });
});
