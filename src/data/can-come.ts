import type { TrackedPath } from '../lockfile/pointer.ts';

/** Whether what the cache lacks of tracked data may be had elsewhere: from a remote, or from where it was imported. */
export function canCome({ pointer }: Pick<TrackedPath, 'pointer'>, hasRemote: boolean): boolean {
  return pointer.imported !== undefined || (hasRemote && pointer.out.push !== false);
}
