import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStatIndex } from '../index/stat-index.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { loadXxh64Raw } from '../kit/xxhash.ts';
import type { FingerprintOptions } from './file.ts';
import { fingerprintPath } from './file.ts';

const blake3 = await loadBlake3();
const checksum = await loadXxh64Raw();
let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-races-')));
  mkdirSync(join(root, 'data/sub'), { recursive: true });
  for (const name of ['a', 'b', 'c', 'sub/x', 'sub/y']) writeFileSync(join(root, 'data', name), name);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function options(more: Partial<FingerprintOptions> = {}): FingerprintOptions {
  const index = openStatIndex(join(root, '.index'), root, checksum);
  return { root, index, blake3, ignored: () => false, now: () => Date.now() + 60_000, ...more };
}

/** Does something once, while the walk has a name before it but has not looked at what is there. */
function before(name: string, act: () => void): Pick<FingerprintOptions, 'ignored'> {
  let isDone = false;
  return {
    ignored: (path) => {
      if (path === name && !isDone) {
        isDone = true;
        act();
      }
      return false;
    },
  };
}

const at = (path: string): string => join(root, path);
const gone = (path: string) => (): void => {
  rmSync(at(path), { recursive: true });
};

describe('what changes while a folder is walked', () => {
  test.each<[string, string, () => void, RegExp]>([
    ['a file vanishes', 'data/b', gone('data/b'), /PIPE_FILE_CHANGED data\/b /],
    ['a folder vanishes', 'data/sub', gone('data/sub'), /PIPE_FILE_CHANGED data\/sub /],
    ['the whole folder vanishes', 'data/b', gone('data'), /PIPE_FILE_CHANGED data\/a /],
    ['a file becomes a folder', 'data/b', () => { gone('data/b')(); mkdirSync(at('data/b')); }, /PIPE_FILE_CHANGED data\/b /], // prettier-ignore
    ['a file of a folder that is listed vanishes', 'data/sub/y', gone('data/sub/y'), /PIPE_FILE_CHANGED data\/sub\/y /],
    ['the folder above vanishes', 'data/sub/y', gone('data'), /PIPE_FILE_CHANGED data\/sub\/x /],
  ])('is a problem that names it: %s', async (...[, name, act, message]) => {
    for (const follow of [true, false]) {
      for (const isWarm of [true, false]) {
        renameSync(at('data'), at('kept'));
        mkdirSync(at('data/sub'), { recursive: true });
        for (const each of ['a', 'b', 'c', 'sub/x', 'sub/y']) writeFileSync(at(`data/${each}`), each);
        if (isWarm) {
          const warm = options();
          await fingerprintPath('data', { follow }, warm);
          warm.index.save();
        }
        await expect(fingerprintPath('data', { follow }, options(before(name, act)))).rejects.toThrow(message);
        rmSync(at('data'), { recursive: true, force: true });
        renameSync(at('kept'), at('data'));
      }
    }
  });

  test('is seen when a folder becomes a file or a link before it is looked at', async () => {
    const found = await fingerprintPath('data', { follow: false }, options(before('data/sub', () => { gone('data/sub')(); writeFileSync(at('data/sub'), 'now a file'); }))); // prettier-ignore
    expect(found).toEqual(await fingerprintPath('data', { follow: false }, options()));
  });

  test('is no part of a folder whose links are not followed: a file that becomes a link is a problem', async () => {
    writeFileSync(at('secret'), 'secret');
    const act = (): void => {
      rmSync(at('data/b'));
      symlinkSync('../secret', at('data/b'));
    };
    await expect(fingerprintPath('data', { follow: false }, options(before('data/b', act)))).rejects.toThrow(/data\/b/);
  });

  test('is found the next time when it came behind the look at the stat values', async () => {
    // The clock says that the file was changed long ago, so that it is not looked at twice.
    const first = options({ now: () => Date.now() + 60_000 });
    const raw = (bytes: Uint8Array | string): ReturnType<typeof blake3.raw> => {
      if (String(bytes) === 'b') writeFileSync(at('data/b'), 'B');
      return blake3.raw(bytes);
    };
    const { ctimeMs } = statSync(at('data/b'));
    while (Date.now() <= ctimeMs + 25) lstatSync(at('data/b'));
    const was = await fingerprintPath('data', { follow: false }, { ...first, blake3: { ...blake3, raw } });
    first.index.save();
    const now = await fingerprintPath('data', { follow: false }, options());
    expect(now?.digest).not.toBe(was?.digest);
    expect(now).toEqual(await fingerprintPath('data', { follow: false }, options({ index: openStatIndex(undefined, root, checksum) }))); // prettier-ignore
  });
});

describe('a folder', () => {
  test('that is many folders lets others have their turn, and says how far it is', async () => {
    for (let each = 0; each < 4_100; each += 1) mkdirSync(at(`data/sub/${String(each)}`));
    const said: number[] = [];
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    await fingerprintPath('data', { follow: false, onProgress: (files) => said.push(files) }, options());
    clearInterval(timer);
    expect([said.length, said.reduce((sum, more) => sum + more), turns > 0]).toEqual([3, 5, true]);
  });

  test('with a link whose target may not be looked at is a problem of the link', async () => {
    mkdirSync(at('closed/in'), { recursive: true });
    symlinkSync('../closed/in', at('data/link'));
    const asRoot = process.geteuid?.() === 0;
    chmodSync(root, 0o755);
    chmodSync(at('closed'), 0);
    if (asRoot) process.seteuid?.(65_534);
    try {
      const opened = options({ index: openStatIndex(undefined, root, checksum) });
      await expect(fingerprintPath('data', { follow: true }, opened)).rejects.toThrow(/PIPE_FILE_READ cannot read data\/link: permission denied/); // prettier-ignore
      expect(await fingerprintPath('data', { follow: false }, opened)).toMatchObject({ files: 6 });
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(at('closed'), 0o755);
    }
  });

  test('whose link leads to a file has its bytes as they were when it was looked at', async () => {
    symlinkSync('../far', at('data/link'));
    writeFileSync(at('far'), 'far');
    const found = await fingerprintPath('data', { follow: true }, options());
    rmSync(at('data/link'));
    writeFileSync(at('data/link'), 'far');
    expect(await fingerprintPath('data', { follow: true }, options())).toEqual(found);
    expect(readdirSync(at('data'))).toContain('link');
  });
});
