import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

type Read = (path: string) => string | undefined;

/**
 * How many cores the control group of this process may use, which may be a fraction; `undefined` without a limit.
 * cgroup v2 (`cpu.max`: quota and period in µs, or `max`) and v1 (`cpu.cfs_quota_us`: −1 for none); a group is bound by
 * those above it, too.
 */
export function cpuQuota(read: Read = readText): number | undefined {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers: controllers.split(','), path }];
  });
  const limits = groups.flatMap(({ controllers, path }) => {
    if (controllers.includes('cpu')) return quotas('/sys/fs/cgroup/cpu', path, (folder) => quotaV1(read, folder));
    return controllers[0] === '' ? quotas('/sys/fs/cgroup', path, (folder) => quotaV2(read, folder)) : [];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function quotas(base: string, path: string, quotaOf: (folder: string) => number | undefined): number[] {
  const found: number[] = [];
  for (let at = posix.normalize(`/${path}`); ; at = posix.dirname(at)) {
    const quota = quotaOf(posix.join(base, at));
    if (quota !== undefined) found.push(quota);
    if (at === '/') return found;
  }
}

function quotaV2(read: Read, folder: string): number | undefined {
  const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? '').trim().split(' ').map(Number);
  return ratio(quota, period);
}

function quotaV1(read: Read, folder: string): number | undefined {
  const number = (name: string): number => Number(read(posix.join(folder, name)) ?? NaN);
  return ratio(number('cpu.cfs_quota_us'), number('cpu.cfs_period_us'));
}

function ratio(quota = NaN, period = NaN): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}
