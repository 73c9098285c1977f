import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Machine } from './location.ts';
import { indexFolder } from './location.ts';

const EXT4 = 0xef53;
const NFS = 0x6969;
let folder: string;
let cache: string;
let machine: Machine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-location-'));
  cache = join(folder, 'home/.cache');
  machine = { diskOf: onDisks({}), temporary: join(folder, 'tmp'), user: process.geteuid?.() };
  mkdirSync(machine.temporary);
  mkdirSync(join(folder, 'home'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Disks by the beginning of their paths; like the system, it knows only paths that exist. */
function onDisks(disks: Readonly<Record<string, number>>): (path: string) => number {
  return (path) => {
    statSync(path);
    const mount = Object.keys(disks).find((each) => path.startsWith(join(folder, each)));
    return mount === undefined ? EXT4 : disks[mount]!;
  };
}

const where = (env: Record<string, string>, more: Partial<Machine> = {}): string | undefined =>
  indexFolder('/project', env, { ...machine, ...more });
const own = (): string => join(machine.temporary, `pipe-index-${String(machine.user)}`);
const fallback = (): string | undefined => where({ XDG_CACHE_HOME: cache }, { diskOf: onDisks({ home: NFS }) });

describe('the index lies', () => {
  test('in the cache folder of the user, one folder to a project, and is not made by asking', () => {
    const found = where({ HOME: join(folder, 'home') });
    expect(found?.startsWith(join(cache, 'pipe/index/'))).toBe(true);
    expect(where({ XDG_CACHE_HOME: cache })).toBe(found);
    expect(indexFolder('/other', { XDG_CACHE_HOME: cache }, machine)).not.toBe(found);
    expect(existsSync(cache)).toBe(false);
  });

  test('never in a folder relative to where one happens to be', () => {
    const home = join(folder, 'home');
    for (const XDG_CACHE_HOME of ['', 'cache', './x'])
      expect(where({ XDG_CACHE_HOME, HOME: home })).toBe(where({ HOME: home }));
    expect(where({ HOME: '' })?.startsWith(own())).toBe(true);
  });

  test.each([
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['CIFS, as a negative number', 0xff534d42 | 0],
    ['SMB 2', 0xfe534d42],
    ['9p', 0x01021997],
    ['FUSE', 0x65735546],
    ['Lustre', 0x0bd00bd0],
    ['GPFS', 0x47504653],
    ['Ceph', 0x00c36400],
    ['AFS', 0x5346414f],
    ['AFS of the kernel', 0x6b414653],
    ['Coda', 0x73757245],
    ['BeeGFS', 0x19830326],
    ['PanFS', 0xaad7aaea],
    ['OrangeFS', 0x20030528],
    ['OCFS2', 0x7461636f],
    ['GFS2', 0x01161970],
  ])('in a private folder of the user on this machine when the cache is on %s', (_, type) => {
    const found = where({ XDG_CACHE_HOME: cache }, { diskOf: onDisks({ home: type }) });
    expect(dirname(found!)).toBe(own());
    expect(statSync(own()).mode & 0o777).toBe(0o700);
    expect(where({ XDG_CACHE_HOME: cache }, { diskOf: onDisks({ home: type }) })).toBe(found);
  });

  test('in the cache folder on disks of this machine, also where nobody can tell', () => {
    for (const type of [EXT4, 0x01021994, 0x58465342, 0x9123683e, 0x794c7630, 0])
      expect(where({ XDG_CACHE_HOME: cache }, { diskOf: onDisks({ home: type }) })?.startsWith(cache)).toBe(true);
    for (const code of ['ENOSYS', 'EACCES']) {
      const diskOf = (): never => { throw Object.assign(new Error(code), { code }); }; // prettier-ignore
      expect(where({ XDG_CACHE_HOME: cache }, { diskOf })?.startsWith(cache)).toBe(true);
    }
    expect(indexFolder('/project', { XDG_CACHE_HOME: cache })?.startsWith(cache)).toBe(true);
  });

  test('nowhere when the folder for temporary files is on a network disk, too, or not there', () => {
    const env = { XDG_CACHE_HOME: cache };
    expect(where(env, { diskOf: () => NFS })).toBeUndefined();
    const diskOf = onDisks({ home: NFS });
    expect(where(env, { diskOf, temporary: join(folder, 'not/there') })).toBeUndefined();
    expect(where(env, { diskOf, user: undefined })).toBeUndefined();
    expect(where(env, { diskOf, user: 4_242 })).toBeUndefined();
  });
});

describe('a folder in the place of the private one is not used', () => {
  test.each([
    ['when others may look into it', () => { mkdirSync(own()); chmodSync(own(), 0o755); }], // prettier-ignore
    ['when others may write to it', () => { mkdirSync(own()); chmodSync(own(), 0o702); }], // prettier-ignore
    ['when it is a link', () => { mkdirSync(join(folder, 'x'), { mode: 0o700 }); symlinkSync(join(folder, 'x'), own()); }], // prettier-ignore
    ['when it is a link to nothing', () => { symlinkSync(join(folder, 'nowhere'), own()); }], // prettier-ignore
    ['when it is a file', () => { writeFileSync(own(), ''); chmodSync(own(), 0o700); }], // prettier-ignore
  ])('%s', (_, put) => {
    put();
    expect(fallback()).toBeUndefined();
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('but it is when it is the user’s own and nobody else’s', () => {
    mkdirSync(own(), { mode: 0o700 });
    expect(dirname(fallback()!)).toBe(own());
  });
});
