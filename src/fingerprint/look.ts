import type { Stats } from 'node:fs';
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { StatIndex } from '../index/stat-index.ts';
import type { Digest } from '../kit/digest.ts';
import type { Entry } from '../store/tree.ts';
import { REPLACEMENT, circle, notUtf8, readProblem } from './file-problem.ts';

/** Whether its owner may execute a file. */
export function kindOf(stat: Pick<Stats, 'mode'>): 'file' | 'exec' {
  return (stat.mode & 0o100) === 0 ? 'file' : 'exec';
}

/** The entry of a file that is looked at by itself. */
export function fileEntry(stat: Pick<Stats, 'mode' | 'size'>, digest: Digest): Entry {
  return { kind: kindOf(stat), digest, size: stat.size };
}

/** @throws {PipeError} PIPE_NAME_NOT_UTF8 for a link whose target could not be decoded. */
export function readTarget(path: string, absolute: string): string {
  const target = readlinkSync(absolute);
  if (target.includes(REPLACEMENT)) throw notUtf8(`the target of ${JSON.stringify(path)}`, 'make the link anew');
  return target;
}

/**
 * The stat values of what lies at a path, or of what a link there leads to; `undefined` when nothing does.
 * @throws {PipeError} PIPE_LINK_CYCLE for a link to itself.
 */
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

/**
 * The real paths of the folders that are being walked, with one more.
 * @throws {PipeError} PIPE_LINK_CYCLE when it is among them already.
 */
export function descend(path: string, absolute: string, above: readonly string[]): readonly string[] {
  let real: string;
  try {
    real = realpathSync(absolute);
  } catch (error) {
    throw readProblem(path, error);
  }
  if (above.includes(real)) throw circle(path);
  return [...above, real];
}

/** Whether a link leads to anything. */
export function isThere(path: string, absolute: string): boolean {
  try {
    return statOf(absolute, true) !== undefined;
  } catch (error) {
    throw readProblem(path, error);
  }
}

/** Whether an error of Node's is about a file: those of reading an open one do not name it. */
export function isAbout(absolute: string, error: unknown): boolean {
  const { path, syscall } = error as NodeJS.ErrnoException;
  return path === absolute || (path === undefined && (syscall === 'read' || syscall === 'fstat'));
}

/**
 * What a walk finds where a file lies that the stat index knows, without waiting for anything;
 * `undefined` in all other cases.
 */
export function knownFile(
  path: string,
  follow: boolean,
  { root, index }: { readonly root: string; readonly index: StatIndex },
): Entry | undefined {
  const stat = statOf(absoluteOf(path, root), follow);
  if (stat?.isFile() !== true) return undefined;
  const digest = index.lookup(path, stat);
  return digest === undefined ? undefined : fileEntry(stat, digest);
}

/** The stat values of what lies there if it is a file. */
export function fileStatOf(absolute: string, follow: boolean): Stats | undefined {
  const stat = (follow ? statSync : lstatSync)(absolute);
  return stat.isFile() ? stat : undefined;
}

/** `path` is relative to the project, or absolute. */
export function absoluteOf(path: string, root: string): string {
  return path.startsWith('/') ? path : `${root}/${path}`;
}
