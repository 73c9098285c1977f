import { expect, test } from 'vitest';
import { findingsOf } from './finding.ts';
import type { Diagnosis } from './diagnosis.ts';

const DISK = { type: 'ext4', isNetwork: false, freeBytes: 2 ** 40 };

function onDisks(fileSystem: typeof DISK, cacheFileSystem: typeof DISK): string[] {
  const diagnosis: Diagnosis = {
    version: '1.0.0',
    node: '24.0.0',
    platform: 'linux',
    arch: 'x64',
    libc: 'glibc',
    git: '2.40.0',
    blake3: 'native',
    cpus: { installed: 2, usable: 2, quota: null },
    memoryBytes: 2 ** 33,
    project: {
      problems: [],
      root: '/project',
      gitRoot: '/project',
      cacheDir: '/cache',
      fileSystem,
      cacheFileSystem,
      links: ['hardlink', 'symlink'],
      folds: { case: false, unicode: false },
      cacheType: ['reflink', 'copy'],
    },
  };
  return findingsOf(diagnosis).map(({ message }) => message);
}

test('a network disk is told of, be it under the project or under the cache', () => {
  const nfs = { ...DISK, type: 'nfs4', isNetwork: true };
  expect(onDisks(DISK, DISK)).toEqual([]);
  expect(onDisks(nfs, DISK)).toEqual(['the project lies on a network disk, or one that may be (nfs4)']);
  expect(onDisks(DISK, nfs)).toEqual(['the cache lies on a network disk, or one that may be (nfs4)']);
});
