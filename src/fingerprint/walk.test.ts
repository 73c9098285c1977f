import fc from 'fast-check';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
} from 'node:fs';
import { readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import { PipeError } from '../problem/problem.ts';
import { storeSink } from '../run/sink.ts';
import { scanFrames } from '../store/pack.ts';
import { isComplete } from '../store/completeness.ts';
import { restoreEntry } from '../store/restore.ts';
import { openStore } from '../store/store.fixture.ts';
import type { Entry } from '../store/tree.ts';
import { WHOLE } from '../store/tree.ts';
import { fingerprintPath } from './file.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
let root: string;
let data: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-walk-')));
  data = join(root, 'data');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Lets the clock of the disk move on, so that what is changed from here on is not changed in the same moment. */
function tick(): void {
  const probe = join(root, 'probe');
  writeFileSync(probe, '');
  const before = statSync(probe).ctimeMs;
  while (statSync(probe).ctimeMs === before) writeFileSync(probe, '');
}

type Seen = Entry | string | undefined;

interface Look {
  readonly follow: boolean;
  /** Whether what is remembered of earlier walks may be used. */
  readonly isWarm: boolean;
  /** Whether what is found is stored. */
  readonly isStored?: boolean;
  /** Whether what is stored is brought back, too, which takes a while where it is much. */
  readonly isRestored?: boolean;
}

/** What a walk finds: the entry, or the code of the problem. */
async function look({ follow, isWarm, isStored = false, isRestored = isStored }: Look, path = 'data'): Promise<Seen> {
  const index = openStatIndex(isWarm ? join(root, '.index') : undefined, root, checksum);
  // Every file counts as read long after it was changed: that is the harder case.
  const options = { root, index, blake3, ignored: () => false, now: () => Date.now() + 60_000 };
  const damaged: Digest[] = [];
  const store = openStore(root, blake3, damaged);
  const writer = store.writer();
  try {
    const entry = await fingerprintPath(path, { follow, ...(isStored && { sink: storeSink(writer) }) }, options);
    await writer.finish();
    index.save();
    if (isStored && entry !== undefined) await checkStored(entry, isRestored && !follow);
    return entry;
  } catch (error) {
    if (error instanceof PipeError) return error.problems.map(({ code }) => code).join();
    throw error;
  } finally {
    writer.discard();
    expect(damaged).toEqual([]);
  }
}

/** Everything is in the store, for a process that did not put it there, and comes out again as it went in. */
async function checkStored(entry: Entry, isRestored: boolean): Promise<void> {
  const store = openStore(root, blake3);
  expect(isComplete(store, entry)).toBe(true);
  if (!isRestored) return;
  expect(await restoreEntry(store, entry, { target: join(root, 'again'), root })).toBe(true);
  expect(await look({ follow: false, isWarm: false }, 'again')).toEqual(entry);
  rmSync(join(root, 'again'), { recursive: true, force: true });
}

/** Every kind of walk finds the same, whatever is remembered. */
async function check(stored: boolean, isRestored = stored): Promise<Seen> {
  tick();
  const found = await look({ follow: false, isWarm: false });
  expect(await look({ follow: false, isWarm: true, isStored: stored, isRestored })).toEqual(found);
  expect(await look({ follow: false, isWarm: true })).toEqual(found);
  const followed = await look({ follow: true, isWarm: false });
  expect(await look({ follow: true, isWarm: true })).toEqual(followed);
  if (stored) expect(await look({ follow: true, isWarm: true, isStored: true })).toEqual(followed);
  tick();
  return found;
}

interface Change {
  readonly how: 'write' | 'remove' | 'rename' | 'touch' | 'chmod' | 'folder' | 'link' | 'edit' | 'large' | 'swap' | 'lose store' | 'lose index'; // prettier-ignore
  readonly name: string;
  readonly other: string;
  readonly text: string;
}
const name = fc.constantFrom('a', 'b', 'c', 'd', 'd/a', 'd/b', 'd/c', 'd/e/a', 'd/e', 'z', '\u00e9', '😀', '\uff5e');
const change = fc.record<Change>({
  how: fc.constantFrom('write', 'remove', 'rename', 'touch', 'chmod', 'folder', 'link', 'edit', 'large', 'swap', 'lose store', 'lose index'), // prettier-ignore
  name,
  other: name,
  text: fc.constantFrom('x', 'y', 'zz', ''),
});

function kindAt(path: string): 'file' | 'dir' | 'link' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'dir' : 'file';
}

/** Makes the folders that lead to a path, and removes what is there. */
function clear(path: string): void {
  for (let at = path.indexOf('/', data.length + 1); at > 0; at = path.indexOf('/', at + 1)) {
    const above = path.slice(0, at);
    if (kindAt(above) !== 'dir') rmSync(above, { force: true });
    mkdirSync(above, { recursive: true });
  }
  rmSync(path, { recursive: true, force: true });
}

function apply({ how, name: called, other, text }: Change): void {
  const path = join(data, called);
  const kind = kindAtSafely(path);
  if (how === 'lose store') rmSync(join(root, 'cache'), { recursive: true, force: true });
  else if (how === 'lose index') rmSync(join(root, '.index'), { force: true });
  else if (how === 'write' || how === 'large') {
    clear(path);
    writeFileSync(path, how === 'write' ? text : `${text}${'l'.repeat(70_000)}`);
  } else if (how === 'folder') {
    clear(path);
    mkdirSync(path);
  } else if (how === 'link') {
    clear(path);
    symlinkSync(text === '' ? other : text === 'x' ? '../outside' : text === 'y' ? 'a' : 'nowhere', path);
  } else if (kind !== undefined) applyTo(path, kind, { how, other });
}

function kindAtSafely(path: string): ReturnType<typeof kindAt> {
  try {
    return kindAt(path);
  } catch (error) {
    // Below a file, or below links that lead to each other.
    if (['ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function applyTo(path: string, kind: 'file' | 'dir' | 'link', { how, other }: Pick<Change, 'how' | 'other'>): void {
  if (how === 'remove') rmSync(path, { recursive: true, force: true });
  else if (how === 'rename' || how === 'swap') {
    renameSync(path, join(root, 'moving'));
    const target = join(data, other);
    const isThere = kindAtSafely(target) !== undefined;
    if (how === 'swap' && isThere) renameSync(target, join(root, 'swapped'));
    clear(target);
    renameSync(join(root, 'moving'), target);
    if (how === 'swap' && isThere && !existsSync(path)) {
      clear(path);
      renameSync(join(root, 'swapped'), path);
    } else rmSync(join(root, 'swapped'), { recursive: true, force: true });
  } else if (kind !== 'file') return;
  else if (how === 'touch') utimesSync(path, 1_000, 1_000);
  else if (how === 'chmod') chmodSync(path, statSync(path).mode ^ 0o111);
  else if (how === 'edit') {
    // The same length, and the same time: only ctime tells.
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path).map((byte) => byte ^ 3)); // prettier-ignore
    utimesSync(path, atime, mtime);
  }
}

describe('a walk that remembers', () => {
  test('finds what one finds that does not, whatever was changed in between', async () => {
    mkdirSync(join(root, 'outside/deep'), { recursive: true });
    writeFileSync(join(root, 'outside/deep/f'), 'outside');
    const rounds = fc.array(fc.record({ changes: fc.array(change, { maxLength: 5 }), stored: fc.boolean() }), { minLength: 1, maxLength: 5 }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(rounds, async (all) => {
        for (const each of ['data', '.index', 'cache']) rmSync(join(root, each), { recursive: true, force: true });
        mkdirSync(data);
        for (const { changes, stored } of all) {
          for (const each of changes) {
            apply(each);
            mkdirSync(data, { recursive: true });
          }
          await check(stored);
        }
      }),
      { numRuns: 60 },
    );
  });

  /** A folder with files `f-…`, of which each byte can be changed. */
  const fill = (count: number): void => {
    mkdirSync(data);
    for (let at = 0; at < count; at += 1) writeFileSync(join(data, `f-${String(at).padStart(5, '0')}`), String(at));
  };

  test.each([
    [WHOLE, 'of 2,048 entries, and some more or fewer,'],
    [4_500, 'of some parts'],
  ])(
    'finds it, too, in a folder %i %s',
    async (count) => {
      fill(count);
      const seen = new Map<string, Seen>();
      const at = fc.nat(count + 2);
      const step = fc.tuple(fc.constantFrom('add', 'remove', 'edit', 'folder'), at, fc.boolean());
      const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          for (const changes of all) {
            for (const [how, place] of changes) {
              const path = join(data, `f-${String(place).padStart(5, '0')}`);
              if (how === 'edit' && kindAt(path) === 'file') applyTo(path, 'file', { how, other: '' });
              else if (how === 'add') {
                rmSync(path, { recursive: true, force: true });
                writeFileSync(path, String(place));
              } else rmSync(path, { recursive: true, force: true });
              if (how === 'folder') mkdirSync(join(path, 'sub'), { recursive: true });
            }
            const found = await check(
              changes.some(([, , stored]) => stored),
              false,
            );
            const key = readdirSync(data, { withFileTypes: true }).map((each) => (each.isFile() ? `${each.name}=${readFileSync(join(data, each.name), 'utf8')}` : each.name)).sort().join(); // prettier-ignore
            expect(seen.get(key) ?? found).toEqual(found);
            seen.set(key, found);
          }
        }),
        { numRuns: 4 },
      );
    },
    120_000,
  );

  test('crosses the limit of one tree one entry at a time, and comes back', async () => {
    fill(WHOLE - 1);
    const digests: Seen[] = [];
    const extra = ['g-0', 'g-1', 'g-2'];
    for (const each of extra) {
      writeFileSync(join(data, each), each);
      digests.push(await check(true, false));
    }
    for (const each of [...extra].reverse().slice(0, 2)) {
      rmSync(join(data, each));
      digests.push(await check(true, false));
    }
    expect(digests.slice(3)).toEqual([digests[1], digests[0]]);
    await check(true);
  });

  test('reads one file again, and writes one part and the branch, where one of thousands was changed', async () => {
    fill(4_500);
    await look({ follow: false, isWarm: true, isStored: true });
    tick();
    await look({ follow: false, isWarm: true });
    const before = readFileSync(join(root, '.index'));
    writeFileSync(join(data, 'f-02000'), 'changed');
    const hashed: string[] = [];
    const counting = { ...blake3, raw: (bytes: Uint8Array | string) => (hashed.push(String(bytes).slice(0, 12)), blake3.raw(bytes)) }; // prettier-ignore
    const index = openStatIndex(join(root, '.index'), root, checksum);
    const options = { root, index, blake3: counting, ignored: () => false, now: () => Date.now() + 60_000 };
    await fingerprintPath('data', { follow: false }, options);
    expect(hashed.map((text) => text.split('/')[0])).toEqual(['changed', 'pipe.tree', 'pipe.branch']);
    index.save();
    const after = readFileSync(join(root, '.index'));
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
    expect(after.length - before.length).toBeLessThan(4_096 * 90);
  });

  test('writes nothing to the index where nothing was changed, with links and empty folders, too', async () => {
    mkdirSync(join(data, 'empty/er'), { recursive: true });
    writeFileSync(join(data, 'f'), 'f');
    symlinkSync('f', join(data, 'link'));
    tick();
    await look({ follow: false, isWarm: true });
    const before = readFileSync(join(root, '.index'));
    await look({ follow: false, isWarm: true });
    expect(readFileSync(join(root, '.index')).equals(before)).toBe(true);
  });

  test('stores what is not in the store any more, though nothing was changed', async () => {
    fill(2_100);
    mkdirSync(join(data, 'sub'));
    writeFileSync(join(data, 'sub/large'), 'x'.repeat(100_000));
    symlinkSync('sub', join(data, 'link'));
    tick();
    const found = await look({ follow: false, isWarm: true, isStored: true });
    for (const folder of ['v1/packs', 'v1/loose', '.']) {
      rmSync(join(root, 'cache', folder), { recursive: true });
      expect(await look({ follow: false, isWarm: true, isStored: true, isRestored: false })).toEqual(found);
    }
    // One object alone: a file, a part of the folder, the branch.
    const store = openStore(root, blake3);
    const [pack] = readdirSync(store.layout.packs).filter((each) => each.endsWith('.pack'));
    const bytes = readFileSync(join(store.layout.packs, pack!));
    for (const start of ['1234', 'pipe.tree/1\nf', 'pipe.branch/1']) {
      const { frames } = scanFrames(bytes, blake3);
      const frame = frames.find(({ offset }) => bytes.toString('latin1', offset, offset + start.length) === start);
      const hex = frame!.digest.toString('hex');
      writeFileSync(join(store.layout.packs, pack!.replace('.pack', '.bad')), `${hex}\n`);
      expect(openStore(root, blake3).has(`b3:${hex}` as Digest)).toBe(false);
      expect(await look({ follow: false, isWarm: true, isStored: true, isRestored: false })).toEqual(found);
      expect(openStore(root, blake3).has(`b3:${hex}` as Digest)).toBe(true);
    }
  });
});
