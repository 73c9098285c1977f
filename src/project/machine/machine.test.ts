import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../fixture/folder.ts';
import { cpuQuota } from './cgroup.ts';
import { libc } from './libc.ts';
import { foldedNames, workingLinks } from './link.ts';
import { fileSystemOf, typeIn } from './mount.ts';

const from = (files: Record<string, string>) => (path: string) => files[path];

test('a core quota of cgroup v2 is the least of the group and those above it', () => {
  const files = {
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/cpu.max': '400000 100000\n',
  };
  expect(cpuQuota(from(files))).toBe(1.5);
});

test('a core quota of cgroup v1 is read from its own files', () => {
  const files = {
    '/proc/self/cgroup': '4:cpu,cpuacct:/docker/x\n3:memory:/y\n',
    '/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  };
  expect(cpuQuota(from(files))).toBe(0.5);
});

test('without a quota, or without control groups, there is no limit', () => {
  expect(cpuQuota(from({}))).toBeUndefined();
  expect(cpuQuota(from({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }))).toBeUndefined();
});

test('a path lies on the innermost mount around it, of two at one point on the later', () => {
  const mounts = [
    '22 1 254:0 / / rw - ext4 /dev/vda rw',
    '23 22 0:5 / /data rw master:1 - ext4 /dev/vdb rw',
    '24 22 0:6 / /data rw - nfs4 server:/x rw',
    String.raw`25 22 0:7 / /my\040disk rw - xfs /dev/vdc rw`,
    '26 22 0:8 / /dat rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  expect(typeIn(mounts, '/home/ann')).toBe('ext4');
  expect(typeIn(mounts, '/data/sub')).toBe('nfs4');
  expect(typeIn(mounts, '/my disk')).toBe('xfs');
  expect(typeIn(mounts, '/database')).toBe('ext4');
  expect(typeIn('', '/')).toBeUndefined();
});

test('this very disk is looked at, and nothing is left on it', () => {
  const folder = temporaryFolder();
  expect(fileSystemOf(folder)).toEqual({ type: expect.any(String), isNetwork: false, freeBytes: expect.any(Number) });
  expect(workingLinks(folder, folder)).toEqual(expect.arrayContaining(['hardlink', 'symlink']));
  expect(foldedNames(folder)).toEqual({ case: expect.any(Boolean), unicode: expect.any(Boolean) });
  expect(readdirSync(folder)).toEqual([]);
});

test('the C library is known on Linux, and only there', () => {
  expect(libc() === undefined).toBe(process.platform !== 'linux');
});
