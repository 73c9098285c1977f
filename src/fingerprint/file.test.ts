import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StatIndex } from '../index/stat-index.ts';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import type { Entry } from '../store/tree.ts';
import type { FingerprintOptions, Sink } from './file.ts';
import { fingerprintPath } from './file.ts';

const blake3 = await loadBlake3();
let root: string;
let index: StatIndex;

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-print-')));
  index = openStatIndex(join(root, '.index'), root, await loadXxh64Raw());
  mkdirSync(join(root, 'data/sub'), { recursive: true });
  writeFileSync(join(root, 'data/a'), 'A');
  writeFileSync(join(root, 'data/sub/b'), 'B');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function options(more: Partial<FingerprintOptions> = {}): FingerprintOptions {
  return { root, index, blake3, ignored: () => false, now: Date.now, ...more };
}

const dep = (path: string, more: Partial<FingerprintOptions> = {}): Promise<Entry | undefined> =>
  fingerprintPath(path, { follow: true }, options(more));
const out = (path: string): Promise<Entry | undefined> => fingerprintPath(path, { follow: false }, options());

describe('the fingerprint of a folder', () => {
  test('counts its files and bytes, and is the same at another place', async () => {
    const before = await dep('data');
    expect(before).toMatchObject({ kind: 'dir', files: 2, size: 2 });
    renameSync(join(root, 'data'), join(root, 'moved'));
    expect(await dep('moved')).toEqual(before);
    expect(await dep(join(root, 'moved'))).toEqual(before);
    expect(await dep('data')).toBeUndefined();
  });

  const changes: [string, () => void][] = [
    ['two files swap their contents', () => { writeFileSync(join(root, 'data/a'), 'B'); writeFileSync(join(root, 'data/sub/b'), 'A'); }], // prettier-ignore
    ['a file deep inside changes', () => { writeFileSync(join(root, 'data/sub/b'), 'C'); }], // prettier-ignore
    ['a file is renamed', () => { renameSync(join(root, 'data/a'), join(root, 'data/A')); }], // prettier-ignore
    ['a file moves into a folder', () => { renameSync(join(root, 'data/a'), join(root, 'data/sub/a')); }], // prettier-ignore
    ['a file becomes executable', () => { chmodSync(join(root, 'data/a'), 0o755); }], // prettier-ignore
    ['an empty file is added', () => { writeFileSync(join(root, 'data/empty'), ''); }], // prettier-ignore
    ['an empty folder is added', () => { mkdirSync(join(root, 'data/empty')); }], // prettier-ignore
    ['a file becomes a folder', () => { unlinkSync(join(root, 'data/a')); mkdirSync(join(root, 'data/a')); }], // prettier-ignore
  ];
  test.each(changes)('changes when %s', async (_, change) => {
    const before = await dep('data');
    change();
    expect((await dep('data'))?.digest).not.toBe(before?.digest);
  });

  test('does not change with times, other permissions and the order on disk', async () => {
    const before = await dep('data');
    utimesSync(join(root, 'data/a'), 1, 1);
    chmodSync(join(root, 'data/sub/b'), 0o600);
    const bytes = ['z', 'y', 'a'];
    for (const name of bytes) writeFileSync(join(root, 'data', `tmp${name}`), name);
    for (const name of bytes) unlinkSync(join(root, 'data', `tmp${name}`));
    expect(await dep('data')).toEqual(before);
  });

  test('leaves out what is ignored and what is not finished yet', async () => {
    const before = await dep('data');
    writeFileSync(join(root, 'data/.pipe-tmp-123'), 'half');
    writeFileSync(join(root, 'data/x.log'), 'log');
    mkdirSync(join(root, 'data/cache'));
    const ignored = (path: string, isFolder: boolean): boolean =>
      isFolder ? path === 'data/cache' : path.endsWith('.log');
    expect(await dep('data', { ignored })).toEqual(before);
  });

  test('takes names that are special elsewhere', async () => {
    for (const name of ['__proto__', 'constructor', '-rf', 'a\nb', '😀', '"', '\\', '\u2028'])
      writeFileSync(join(root, 'data', name), '');
    expect(await dep('data')).toMatchObject({ files: 10 });
  });
});

describe('a file that is not read again', () => {
  const seconds = (ms: number): number => ms / 1000;
  /** Writes bytes of the same length in such a way that no stat value but ctime tells. */
  function rewrite(path: string, text: string, mtimeMs: number): void {
    writeFileSync(join(root, path), text);
    utimesSync(join(root, path), seconds(mtimeMs), seconds(mtimeMs));
  }

  test('is one that was read well after it was last changed', async () => {
    const later = { now: () => Date.now() + 60_000 };
    const hashed: string[] = [];
    const seeing = { ...later, blake3: { ...blake3, raw: (data: Uint8Array | string) => (hashed.push(String(data)), blake3.raw(data)) } }; // prettier-ignore
    await dep('data/a', seeing);
    await dep('data/a', seeing);
    expect(hashed).toEqual(['A']);
  });

  test('is never one that was changed while the clock stood still', async () => {
    const at = 1_700_000_000_123;
    rewrite('data/a', 'A', at);
    const before = await dep('data/a', { now: () => statSync(join(root, 'data/a')).ctimeMs });
    // The same length, the same mtime, and in a quick test often the same ctime, too.
    rewrite('data/a', 'X', at);
    expect((await dep('data/a'))?.digest).not.toBe(before?.digest);
  });
});

describe('symbolic links', () => {
  test('count as what they point to in deps, and as links in outs', async () => {
    symlinkSync('a', join(root, 'data/link'));
    symlinkSync('sub', join(root, 'data/folder'));
    expect(await dep('data/link')).toEqual(await dep('data/a'));
    expect(await dep('data/folder')).toEqual(await dep('data/sub'));
    expect(await out('data/link')).toEqual({ kind: 'link', digest: blake3.hash('a'), size: 1 });
    expect(await dep('data')).toMatchObject({ files: 4 });
  });

  test('that point nowhere are no dep, but can be an out', async () => {
    const before = await dep('data');
    symlinkSync('nowhere', join(root, 'data/link'));
    expect([await dep('data/link'), await dep('data')]).toEqual([undefined, before]);
    expect(await out('data')).toMatchObject({ files: 3 });
  });

  test.each([
    ['to itself', 'loop', 'data/loop'],
    ['to the folder around it', '.', 'data/around'],
    ['to a folder further up', '..', 'data/sub/up'],
  ])('that lead back %s are a problem in deps, and none in outs', async (_, target, path) => {
    symlinkSync(target, join(root, path));
    await expect(dep('data')).rejects.toThrow(/PIPE_LINK_CYCLE/);
    expect(await out('data')).toMatchObject({ files: 3 });
  });

  test('of two folders into each other are a problem', async () => {
    symlinkSync('../other', join(root, 'data/x'));
    mkdirSync(join(root, 'other'));
    symlinkSync('../data', join(root, 'other/y'));
    await expect(dep('data')).rejects.toThrow(/PIPE_LINK_CYCLE/);
  });

  test('that lead to one folder twice are no circle', async () => {
    for (const name of ['x', 'y']) symlinkSync('sub', join(root, 'data', name));
    expect(await dep('data')).toMatchObject({ files: 4 });
  });
});

describe('what cannot be tracked is refused by name:', () => {
  const rawName = Buffer.concat([Buffer.from('caf'), Buffer.from([0xe9])]);

  test('a named pipe, a socket, a device', async () => {
    execFileSync('mkfifo', [join(root, 'data/fifo')]);
    await expect(dep('data')).rejects.toThrow(/PIPE_FILE_KIND data\/fifo/);
    unlinkSync(join(root, 'data/fifo'));
    const server = createServer().listen(join(root, 'data/socket'));
    await expect(out('data')).rejects.toThrow(/PIPE_FILE_KIND data\/socket/);
    await new Promise((resolve) => server.close(resolve));
    await expect(dep('/dev/null')).rejects.toThrow(/PIPE_FILE_KIND/);
  });

  test('a name that is not UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/data/`), rawName]), 'x');
    await expect(dep('data')).rejects.toThrow(/PIPE_NAME_NOT_UTF8 the name of "data\/caf\ufffd"/);
    await expect(out('data')).rejects.toThrow(/PIPE_NAME_NOT_UTF8/);
  });

  test('a link to a name that is not UTF-8', async () => {
    symlinkSync(rawName, join(root, 'data/link'));
    await expect(out('data')).rejects.toThrow(/PIPE_NAME_NOT_UTF8 the target of "data\/link"/);
  });

  test("Git's own folder, in any spelling", async () => {
    mkdirSync(join(root, 'data/.GIT'));
    await expect(dep('data')).rejects.toThrow(/PIPE_NAME_UNSAFE "data\/.GIT"/);
    expect(await dep('data', { ignored: (path) => path === 'data/.GIT' })).toMatchObject({ files: 2 });
  });

  test('a file or folder that may not be read', async () => {
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) for (const path of ['.', 'data', 'data/a', 'data/sub']) chownSync(join(root, path), 65_534, 65_534);
    if (asRoot) process.seteuid?.(65_534);
    try {
      chmodSync(join(root, 'data/a'), 0);
      await expect(dep('data')).rejects.toThrow(/PIPE_FILE_READ cannot read data\/a: permission denied/);
      chmodSync(join(root, 'data/a'), 0o644);
      chmodSync(join(root, 'data/sub'), 0);
      await expect(out('data')).rejects.toThrow(/PIPE_FILE_READ cannot read data\/sub: permission denied/);
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(join(root, 'data/sub'), 0o755);
    }
  });
});

describe('a file that changes while it is read', () => {
  const sink = (act: () => void): Sink => ({
    has: () => false,
    file: (path) => {
      act();
      return Promise.resolve(blake3.hash(path));
    },
    add: () => false,
    settle: () => Promise.resolve(),
  });
  const LARGE = 'A'.repeat(100_000);

  test.each([
    ['grows', () => { appendFileSync(join(root, 'data/a'), 'more'); }], // prettier-ignore
    ['is replaced', () => { writeFileSync(join(root, 'new'), 'B'); renameSync(join(root, 'new'), join(root, 'data/a')); }], // prettier-ignore
    ['goes away', () => { unlinkSync(join(root, 'data/a')); }], // prettier-ignore
  ])('is a problem and is not remembered when it %s', async (_, act) => {
    writeFileSync(join(root, 'data/a'), LARGE);
    await expect(fingerprintPath('data/a', { follow: false, sink: sink(act) }, options())).rejects.toThrow(
      /PIPE_FILE_CHANGED data\/a/,
    );
    writeFileSync(join(root, 'data/a'), 'A');
    expect(await dep('data/a')).toMatchObject({ digest: blake3.hash('A') });
  });

  test('is a problem when it goes away before it can be opened', async () => {
    const now = (): number => {
      rmSync(join(root, 'data/a'), { force: true });
      return 0;
    };
    await expect(dep('data', { now })).rejects.toThrow(/PIPE_FILE_CHANGED data\/a/);
  });
});

test('a path below a file is absent, and a large file is hashed as a whole', async () => {
  expect(await dep('data/a/b')).toBeUndefined();
  const bytes = Buffer.alloc((1 << 20) + 1, 'x');
  writeFileSync(join(root, 'large'), bytes);
  expect(await dep('large')).toEqual({ kind: 'file', digest: blake3.hash(bytes), size: bytes.length });
});
