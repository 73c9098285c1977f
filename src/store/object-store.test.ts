import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { ownedName, thisOwner } from '../kit/owner.ts';
import { PipeError } from '../problem/problem.ts';
import { ingest } from './ingest.ts';
import { storeLayout } from './layout.ts';
import { markedTime } from './object-mark.ts';
import { ObjectStore } from './object-store.ts';

const blake3 = await loadBlake3();
let folder: string;
let damaged: string[];
let store: ObjectStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-store-'));
  damaged = [];
  store = open();
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(): ObjectStore {
  return new ObjectStore(storeLayout(join(folder, 'cache')), blake3, (digest) => damaged.push(digest));
}

/** Changes an object as a failing disk does: nothing else tells of it. */
function rot(digest: Digest, bytes: string): void {
  const path = store.layout.loose(digest);
  spoil(digest, bytes);
  utimesSync(path, 0, markedTime(digest, Date.now()));
}

function spoil(digest: Digest, bytes: string): void {
  const path = store.layout.loose(digest);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

function leftInTmp(): string[] {
  return existsSync(store.layout.tmp) ? readdirSync(store.layout.tmp) : [];
}

describe('an object', () => {
  test('is read back as it was put, under the digest of its bytes', async () => {
    const digest = await store.put('hello');
    expect(digest).toBe(blake3.hash('hello'));
    expect(store.read(digest)?.toString()).toBe('hello');
    expect(open().has(digest)).toBe(true);
    expect(statSync(store.layout.loose(digest)).mode & 0o777).toBe(0o444);
    expect(leftInTmp()).toEqual([]);
  });

  test('may be empty, and may be put twice', async () => {
    const digest = await store.put('');
    expect(await open().put(Buffer.alloc(0))).toBe(digest);
    expect(store.read(digest)?.length).toBe(0);
  });

  test('lies where the format says', async () => {
    const digest = await store.put('x');
    const hex = digest.slice(3);
    expect(existsSync(join(folder, 'cache/v1/loose', hex.slice(0, 2), hex.slice(2)))).toBe(true);
    expect(readFileSync(join(folder, 'cache/format'), 'utf8')).toBe('pipe.store/2\n');
  });

  test('that is absent is no error', async () => {
    const digest = blake3.hash('nobody put this');
    expect(store.has(digest)).toBe(false);
    expect(store.read(digest)).toBeUndefined();
    expect(await store.extract(digest, join(folder, 'out'), { mode: 0o644 })).toBe(false);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

describe('a file', () => {
  test('is taken in piece by piece and written out again with the mode asked for', async () => {
    const bytes = Buffer.alloc((2 << 20) + 5, 'pipe!');
    writeFileSync(join(folder, 'in'), bytes);
    const { digest, size } = await ingest(store, join(folder, 'in'), { blake3 });
    expect([digest, size]).toEqual([blake3.hash(bytes), bytes.length]);
    expect(await store.extract(digest, join(folder, 'out'), { mode: 0o755 })).toBe(true);
    expect(readFileSync(join(folder, 'out')).equals(bytes)).toBe(true);
    expect(statSync(join(folder, 'out')).mode & 0o777).toBe(0o755);
  });

  test('written out shares nothing with the store: changing it leaves the object as it is', async () => {
    const digest = await store.put('original');
    await store.extract(digest, join(folder, 'out'), { mode: 0o644 });
    writeFileSync(join(folder, 'out'), 'overwritten');
    expect(store.read(digest)?.toString()).toBe('original');
  });

  test('that is there already is neither overwritten nor removed', async () => {
    const digest = await store.put('new');
    writeFileSync(join(folder, 'out'), 'precious');
    await expect(store.extract(digest, join(folder, 'out'), { mode: 0o644 })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('precious');
  });

  test('that cannot be read leaves nothing behind', async () => {
    await expect(ingest(store, join(folder, 'absent'), { blake3 })).rejects.toMatchObject({ code: 'ENOENT' });
    mkdirSync(join(folder, 'sub'));
    await expect(ingest(store, join(folder, 'sub'), { blake3 })).rejects.toMatchObject({ code: 'EISDIR' });
    expect(leftInTmp()).toEqual([]);
  });
});

describe('a damaged object', () => {
  test.each(['', 'hellO', 'hello ', 'hell'])('holding %j is quarantined when it is read', async (bytes) => {
    const digest = await store.put('hello');
    rot(digest, bytes);
    expect(store.has(digest)).toBe(true);
    expect(store.read(digest)).toBeUndefined();
    expect(store.has(digest)).toBe(false);
    expect(damaged).toEqual([digest]);
    expect(readdirSync(store.layout.quarantine).map((name) => name.slice(0, 64))).toEqual([digest.slice(3)]);
  });

  test('that somebody wrote to counts as absent for all, and stays until its right bytes are stored', async () => {
    const digest = await store.put('hello');
    spoil(digest, 'mine!');
    for (const each of [open(), open()]) {
      expect([each.has(digest), each.has(digest), each.read(digest)]).toEqual([false, false, undefined]);
    }
    expect(damaged).toEqual([digest, digest]);
    expect(readFileSync(store.layout.loose(digest), 'utf8')).toBe('mine!');
    await open().put('hello');
    expect([store.has(digest), store.read(digest)?.toString()]).toEqual([true, 'hello']);
    const [aside] = readdirSync(store.layout.quarantine);
    expect(readFileSync(join(store.layout.quarantine, aside ?? ''), 'utf8')).toBe('mine!');
  });

  test('that was written to with the same bytes is right', async () => {
    const digest = await store.put('hello');
    spoil(digest, 'hello');
    expect([open().has(digest), damaged]).toEqual([true, []]);
  });

  test('never reaches the workspace', async () => {
    const digest = await store.put('hello');
    spoil(digest, 'HELLO');
    expect(await store.extract(digest, join(folder, 'out'), { mode: 0o644 })).toBe(false);
    expect(existsSync(join(folder, 'out'))).toBe(false);
    expect([damaged, store.has(digest)]).toEqual([[digest], false]);
  });

  test('can be put anew', async () => {
    const digest = await store.put('hello');
    spoil(digest, 'x');
    store.read(digest);
    await store.put('hello');
    expect(store.read(digest)?.toString()).toBe('hello');
  });

  test('is reported once when two processes find it', async () => {
    const digest = await store.put('hello');
    rot(digest, 'x');
    const [first, second] = [open(), open()];
    expect([first.read(digest), second.read(digest)]).toEqual([undefined, undefined]);
    expect(damaged).toEqual([digest]);
  });
});

describe('the format', () => {
  test('of a newer pipe is refused by name before anything is written', async () => {
    mkdirSync(join(folder, 'cache'));
    writeFileSync(join(folder, 'cache/format'), 'pipe.store/3\n');
    const refused = store.put('x');
    await expect(refused).rejects.toThrow(PipeError);
    await expect(refused).rejects.toThrow(/pipe\.store\/3.*pipe\.store\/2/);
    expect(readdirSync(join(folder, 'cache'))).toEqual(['format']);
  });

  test('is checked without being written when a store is only read', () => {
    expect(store.has(blake3.hash('x'))).toBe(false);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  test('is kept when only the shared folder is a link', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'cache'));
    const digest = await store.put('x');
    expect(open().read(digest)?.toString()).toBe('x');
  });
});

describe('several at once', () => {
  test('many writers of the same and of other objects in one process agree', async () => {
    const texts = Array.from({ length: 40 }, (_, at) => `object ${String(at % 10)}`);
    const digests = await Promise.all(texts.map((text, at) => (at % 2 === 0 ? store : open()).put(text)));
    expect(digests.map((digest) => store.read(digest)?.toString())).toEqual(texts);
    expect([leftInTmp(), damaged]).toEqual([[], []]);
  });

  test('two processes that put the same objects leave each of them whole', async () => {
    const modules = ['./layout.ts', './object-store.ts', '../kit/blake3.ts'].map(
      (each) => pathToFileURL(join(import.meta.dirname, each)).href,
    );
    const program = `
      const [layout, objects, kit] = await Promise.all(${JSON.stringify(modules)}.map((each) => import(each)));
      const store = new objects.ObjectStore(layout.storeLayout(process.argv[1]), await kit.loadBlake3(), () => {});
      for (let at = 0; at < 60; at += 1) await store.put('object ' + at);`;
    const run = (): Promise<unknown> =>
      promisify(execFile)(process.execPath, [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        program,
        join(folder, 'cache'),
      ]);
    await Promise.all([run(), run()]);
    const texts = Array.from({ length: 60 }, (_, at) => `object ${String(at)}`);
    expect(texts.map((text) => store.read(blake3.hash(text))?.toString())).toEqual(texts);
    expect([leftInTmp(), damaged]).toEqual([[], []]);
  });
});

test('what a killed process was writing is removed before the first write; what others write stays', async () => {
  const [gone, other] = [ownedName({ ...thisOwner(), start: '1' }), ownedName({ ...thisOwner(), host: 'elsewhere' })];
  mkdirSync(store.layout.tmp, { recursive: true });
  for (const name of [gone, other, 'foreign']) writeFileSync(join(store.layout.tmp, name), '');
  await store.put('hello');
  expect(leftInTmp().sort()).toEqual([other, 'foreign'].sort());
});

test('a large object that is stopped half-way leaves nothing behind', async () => {
  writeFileSync(join(folder, 'in'), Buffer.alloc(3 << 20));
  const { digest } = await ingest(store, join(folder, 'in'), { blake3 });
  const signal = AbortSignal.abort('SIGINT');
  await expect(ingest(open(), join(folder, 'in'), { blake3, signal })).rejects.toThrow('stopped');
  await expect(store.extract(digest, join(folder, 'out'), { mode: 0o644, signal })).rejects.toThrow('stopped');
  expect([leftInTmp(), existsSync(join(folder, 'out'))]).toEqual([[], false]);
});
