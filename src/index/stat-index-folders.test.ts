import fc from 'fast-check';
import type { ChildProcessByStdio } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { appendFileSync, chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readFileSync, readdirSync, realpathSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
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

/** Starts another process that works on the index; `note` notes a folder with so many files. */
function start(program: string, ...args: string[]): ChildProcessByStdio<Writable, Readable, null> {
  const modules = ['./section.ts', './stat-index.ts', '../kit/xxhash.ts'].map(
    (each) => pathToFileURL(join(import.meta.dirname, each)).href,
  );
  const whole = `
    const [sections, indexes, hashes] = await Promise.all(${JSON.stringify(modules)}.map((each) => import(each)));
    const [, root, file, ...args] = process.argv;
    const index = indexes.openStatIndex(file, root, await hashes.loadXxh64Raw());
    const stat = { mtimeMs: 1000004, ctimeMs: 1000004, ino: 1, size: 3 };
    const note = (folder, count) => {
      const writer = new sections.SectionWriter();
      for (let at = 0; at < count; at += 1) {
        const name = 'n' + String(at).padStart(4, '0');
        writer.addFile(name, { kind: 0, stat, digest: Buffer.alloc(32, at), at: 0, isReliable: true });
      }
      index.recordFolder(folder, [writer.end(folder, undefined)]);
    };
    ${program}`;
  const options = ['--import', 'tsx', '--input-type=module', '-e', whole, root, file, ...args];
  return spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'inherit'] });
}

const namesIn = (index: StatIndex, folder: string): string[] =>
  index.folder(folder).sections.flatMap((each) => [...each.names]);

describe('what is remembered of folders', () => {
  test('is what was noted last, whatever was saved in between, and whoever reads it', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { minLength: 1 }).map((all) => all.sort());
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

describe('the file of an index', () => {
  const length = (): number => statSync(file).size;

  test('grows by what was noted, and is left alone when nothing was', () => {
    const names = Array.from({ length: 2_000 }, (_, at) => `n${String(at).padStart(6, '0')}`);
    const index = open();
    index.recordFolder('a', [section('a', names)]);
    index.save();
    const before = readFileSync(file);
    const again = open();
    again.recordFolder('a', again.folder('a').sections);
    again.recordFolder('empty', [new SectionWriter().end('empty', undefined)]);
    again.save();
    expect(readFileSync(file).equals(before)).toBe(true);
    again.recordFolder('b', [section('b', ['x'])]);
    again.save();
    expect(readFileSync(file).subarray(0, before.length).equals(before)).toBe(true);
    expect(length() - before.length).toBeLessThan(300);
    expect([namesIn(open(), 'a').length, namesIn(open(), 'b')]).toEqual([2_000, ['x']]);
  });

  test('holds only the last of what was noted twice before it was written', () => {
    const index = open();
    for (let round = 0; round < 50; round += 1) index.recordFolder('a', [section('a', ['x'], String(round))]);
    index.save();
    expect(length()).toBeLessThan(1_000);
    expect(open().lookup('a/x', stat('x'))).toBe(blake3.hash('x49'));
  });

  test('is written anew when most of it is out of date, without folders that are gone', () => {
    const names = Array.from({ length: 3_000 }, (_, at) => `n${String(at).padStart(6, '0')}`);
    mkdirSync(join(root, 'here'));
    mkdirSync(join(root, 'far'));
    const far = join(root, 'far');
    const first = open();
    for (const folder of ['here', 'gone', '.', far]) first.recordFolder(folder, [section(folder, ['x'])]);
    first.record('single', stat('single'), { digest: blake3.hash('single'), at: 2_000_000 });
    first.save();
    let largest = 0;
    for (let round = 0; round < 20; round += 1) {
      const index = open();
      index.recordFolder('here', [section('here', names, String(round))]);
      index.save();
      largest = Math.max(largest, length());
    }
    // Twice what is alive and 1 MiB, and one more of these.
    expect(largest).toBeLessThan((1 << 20) + 4 * section('here', names).payload.length);
    const index = open();
    expect(['here', 'gone', '.', far].map((folder) => namesIn(index, folder).length)).toEqual([3_000, 0, 1, 1]);
    expect(index.lookup('single', stat('single'))).toBe(blake3.hash('single'));
    expect(index.lookup('here/n000007', stat('n000007'))).toBe(blake3.hash('n00000719'));
  });

  test('torn at any byte is read up to there, and whole again after the next save', () => {
    const index = open();
    for (const folder of ['a', 'b', 'c']) {
      index.recordFolder(folder, [section(folder, ['x', 'y'])]);
      index.save();
    }
    const whole = readFileSync(file);
    for (let cut = 0; cut < whole.length; cut += 1) {
      writeFileSync(file, whole.subarray(0, cut));
      const torn = open();
      const found = ['a', 'b', 'c'].filter((folder) => namesIn(torn, folder).length > 0);
      expect(['a', 'b', 'c'].slice(0, found.length)).toEqual(found);
      torn.recordFolder('d', [section('d', ['z'])]);
      torn.save();
      const mended = open();
      expect([...found, 'd'].every((folder) => namesIn(mended, folder).length > 0)).toBe(true);
    }
  });

  test('with something behind it that is no frame is read up to there', () => {
    const index = open();
    index.recordFolder('a', [section('a', ['x'])]);
    index.save();
    for (const tail of [Buffer.alloc(16), Buffer.alloc(15, 255), Buffer.alloc(4_096, 255)]) {
      const before = readFileSync(file);
      appendFileSync(file, tail);
      expect(namesIn(open(), 'a')).toEqual(['x']);
      writeFileSync(file, before);
    }
  });

  test('that two processes append to at once holds what both noted', async () => {
    const base = open();
    base.recordFolder('base', [section('base', ['x'])]);
    base.save();
    const program = `
      index.folder('base');
      process.stdout.write('ready');
      for await (const _ of process.stdin) break;
      for (let round = 0; round < 40; round += 1) {
        for (let each = 0; each < 20; each += 1) {
          const folder = args[0] + '/' + round + '/' + each;
          note(folder, 30);
        }
        index.save();
      }
      process.exit(0);`;
    const children = ['one', 'two'].map((who) => start(program, who));
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const ends = children.map((child) => once(child, 'close'));
    for (const child of children) child.stdin.write('go');
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([0, 0]);
    const index = open();
    expect(namesIn(index, 'base')).toEqual(['x']);
    for (const who of ['one', 'two'])
      for (let round = 0; round < 40; round += 1)
        for (let each = 0; each < 20; each += 1)
          expect(namesIn(index, `${who}/${String(round)}/${String(each)}`)).toHaveLength(30);
  });

  test('that another process has written anew meanwhile is appended to', () => {
    const [mine, other] = [open(), open()];
    mine.recordFolder('a', [section('a', ['x'])]);
    mine.save();
    other.recordFolder('b', [section('b', ['x'])]);
    other.save();
    mine.recordFolder('c', [section('c', ['x'])]);
    mine.save();
    expect(['b', 'c'].map((folder) => namesIn(open(), folder))).toEqual([['x'], ['x']]);
  });

  test('that was removed or emptied meanwhile is written anew with all that is known', () => {
    for (const spoil of [
      () => {
        rmSync(file);
      },
      () => {
        truncateSync(file, 0);
      },
      () => {
        truncateSync(file, 20);
      },
    ]) {
      // prettier-ignore
      const mine = open();
      mine.recordFolder('a', [section('a', ['x'], String(spoil))]);
      mine.save();
      spoil();
      mine.recordFolder('b', [section('b', ['y'], String(spoil))]);
      mine.save();
      expect(['a', 'b'].map((folder) => namesIn(open(), folder))).toEqual([['x'], ['y']]);
    }
  });

  test.each([
    ['there is none: then it lasts as long as the process', () => undefined],
    ['there is a file in the place of its folder', () => { writeFileSync(join(root, '.index'), ''); }], // prettier-ignore
    ['there is a folder in its place', () => { mkdirSync(join(file, 'sub'), { recursive: true }); }], // prettier-ignore
  ])('is no matter to anybody when %s', (title, spoil) => {
    spoil();
    const index = openStatIndex(title.includes('none') ? undefined : file, root, checksum);
    index.record('single', stat('single'), { digest: blake3.hash('single'), at: 2_000_000 });
    index.recordFolder('a', [section('a', ['x'])]);
    index.save();
    expect([index.lookup('single', stat('single')), namesIn(index, 'a')]).toEqual([blake3.hash('single'), ['x']]);
    expect(existsSync(join(root, '.pipe-tmp'))).toBe(false);
  });

  test('on a disk that becomes full keeps what it held, and is whole again when there is room', async () => {
    const index = open();
    index.recordFolder('a', [section('a', ['x'])]);
    index.save();
    const limited = start(`
      process.on('SIGXFSZ', () => {});
      process.stdout.write('ready');
      for await (const _ of process.stdin) break;
      for (const folder of ['b', 'c']) {
        note(folder, 1000);
        index.save();
      }
      process.exit(index.folder('c').sections.length === 1 ? 0 : 1);`);
    await once(limited.stdout, 'data');
    execFileSync('prlimit', ['--pid', String(limited.pid), `--fsize=${String(length() + 500)}`]);
    const end = once(limited, 'close');
    limited.stdin.write('go');
    expect(await end).toEqual([0, null]);
    expect(readdirSync(join(root, '.index'))).toEqual(['files.idx']);
    const again = open();
    expect(['a', 'b', 'c'].map((folder) => namesIn(again, folder).length)).toEqual([1, 0, 0]);
    again.recordFolder('a', [section('a', ['x', 'y'])]);
    again.save();
    expect(namesIn(open(), 'a')).toEqual(['x', 'y']);
  });

  test('may lie in a folder that is read-only, and be larger than can be read', () => {
    const index = open();
    index.recordFolder('a', [section('a', ['x'])]);
    index.save();
    const asRoot = process.geteuid?.() === 0;
    chmodSync(join(root, '.index'), 0o555);
    chmodSync(file, 0o444);
    if (asRoot) {
      chmodSync(root, 0o755);
      for (const path of [join(root, '.index'), file]) chownSync(path, 65_534, 65_534);
      process.seteuid?.(65_534);
    }
    try {
      const mine = open();
      mine.recordFolder('b', [section('b', ['y'])]);
      mine.save();
      mine.record('c', stat('c'), { digest: blake3.hash('c'), at: 2_000_000 });
      mine.save();
      expect([namesIn(mine, 'a'), namesIn(open(), 'b')]).toEqual([['x'], []]);
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(join(root, '.index'), 0o755);
      chmodSync(file, 0o644);
    }
    truncateSync(file, 2 ** 31 + 1);
    expect(namesIn(open(), 'a')).toEqual([]);
    expect(readdirSync(join(root, '.index'))).toEqual(['files.idx']);
  });

  test('of another project says nothing, wherever it was copied', () => {
    const index = open();
    index.recordFolder('a', [section('a', ['x'])]);
    index.save();
    copyFileSync(file, `${file}2`);
    expect(namesIn(openStatIndex(`${file}2`, `${root}/other`, checksum), 'a')).toEqual([]);
    expect(namesIn(openStatIndex(`${file}2`, root, checksum), 'a')).toEqual(['x']);
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
