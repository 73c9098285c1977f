import type { Stats } from 'node:fs';
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { Digest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import { REPLACEMENT, circle, notUtf8 } from './file-problem.ts';

export function kindOf(stat: Pick<Stats, 'mode'>): 'file' | 'exec' {
  return (stat.mode & 0o100) === 0 ? 'file' : 'exec';
}

export function fileEntry(stat: Pick<Stats, 'mode' | 'size'>, digest: Digest): Entry {
  return { kind: kindOf(stat), digest, size: stat.size };
}

export function readTarget(path: string, absolute: string): string {
  const target = readlinkSync(absolute);
  if (target.includes(REPLACEMENT)) throw notUtf8(`the target of ${JSON.stringify(path)}`, 'make the link anew');
  return target;
}

export function statOf(absolute: string, follow: boolean): Stats | undefined {
  try {
    return (follow ? statSync : lstatSync)(absolute, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw circle(absolute);
    throw error;
  }
}

export function descend(path: string, absolute: string, above: readonly string[]): readonly string[] {
  const real = realpathSync(absolute);
  if (above.includes(real)) throw circle(path);
  return [...above, real];
}
