import { readFileSync, statfsSync } from 'node:fs';
import { isOnNetworkDisk } from '../../kit/network-disk.ts';

/** The file system that a folder lies on. */
export interface FileSystem {
  /** `ext4`, `nfs4`; the number that the system gives where names cannot be had. */
  readonly type: string;
  /** Whether its disk is that of another machine, or may be: of FUSE nobody can tell. */
  readonly isNetwork: boolean;
  readonly freeBytes: number;
}

/** Asks the system about the file system below a folder (absolute, real, existing). */
export function fileSystemOf(folder: string): FileSystem {
  const { type: number, bavail, bsize } = statfsSync(folder);
  const type = typeIn(readMounts(), folder) ?? `0x${number.toString(16)}`;
  return { type, isNetwork: isOnNetworkDisk(folder), freeBytes: bavail * bsize };
}

/** The type of the innermost mount that holds a path, by the text of `/proc/self/mountinfo` (proc(5)). */
export function typeIn(mounts: string, path: string): string | undefined {
  let best: { readonly point: string; readonly type: string } | undefined;
  for (const line of mounts.split('\n')) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    const [left = '', right = ''] = line.split(' - ');
    const point = left
      .split(' ')[4]
      ?.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
    const type = right.split(' ')[0];
    if (point === undefined || type === undefined || type === '') continue;
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    // A later mount at the same point covers an earlier one.
    if (holds && point.length >= (best?.point.length ?? 0)) best = { point, type };
  }
  return best?.type;
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
