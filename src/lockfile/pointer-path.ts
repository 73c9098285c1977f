import { posix } from 'node:path';
import type { ScalarNode } from '../kit/format/yaml/node.ts';
import { isOutside, isWithin } from '../kit/path.ts';
import { joinPath, whyNoOut } from '../pipeline/paths.ts';
import type { Report } from '../pipeline/report.ts';
import { isSafeName } from '../store/tree.ts';

interface WrittenPath {
  /** The pointer, relative to the project root. */
  readonly file: string;
  readonly wdir: ScalarNode | undefined;
  readonly path: ScalarNode;
}

/**
 * What a pointer tracks, relative to the project root; `undefined`, and a problem, unless it lies inside the project
 * under names that can be written without harm.
 */
export function readTrackedPath({ file, wdir, path }: WrittenPath, report: Report): string | undefined {
  if (typeof path.value !== 'string') return undefined;
  const folder = readFolder(file, wdir, report);
  const why = whyNoPath(path.value);
  if (why !== undefined) report.add(why.code, path, { message: why.message, hint: why.hint });
  if (folder === undefined || why !== undefined) return undefined;
  const tracked = joinPath(folder, path.value);
  const refusal = whyNotTracked(tracked);
  if (refusal !== undefined) {
    const code = refusal.outside ? 'PIPE_PATH_OUTSIDE' : 'PIPE_PATH_RESERVED';
    report.add(code, path, `the path ${path.value} ${refusal.why}`);
    return undefined;
  }
  if (!isWithin(tracked, file)) return tracked;
  const message = `the pointer ${file} lies inside ${tracked}, which it tracks`;
  report.add('PIPE_POINTER_CONFLICT', path, { message, hint: 'move the pointer out of the folder' });
  return undefined;
}

/** Why nothing may be tracked at a path of the project, in words that end a sentence; `undefined` when it may. */
export function whyNotTracked(path: string): { readonly why: string; readonly outside: boolean } | undefined {
  const refusal = whyNoOut(path);
  if (refusal !== undefined) return refusal;
  if (path.split('/').every(isSafeName)) return undefined;
  return { why: 'holds a name that cannot be stored', outside: false };
}

/** The folder that `path` is relative to; `undefined`, and a problem, when it lies outside the project. */
function readFolder(file: string, wdir: ScalarNode | undefined, report: Report): string | undefined {
  const folder = posix.dirname(file);
  if (typeof wdir?.value !== 'string') return folder;
  const joined = joinPath(folder, wdir.value);
  if (!isOutside(joined)) return joined;
  report.add('PIPE_PATH_OUTSIDE', wdir, `the working folder ${wdir.value} lies outside the project`);
  return undefined;
}

interface Refusal {
  readonly code: 'PIPE_FIELD_VALUE' | 'PIPE_PATH_OUTSIDE';
  readonly message: string;
  readonly hint?: string;
}

function whyNoPath(written: string): Refusal | undefined {
  if (written === '') return { code: 'PIPE_FIELD_VALUE', message: 'path is empty' };
  if (written.startsWith('/')) {
    const hint = 'write it relative to the pointer';
    return { code: 'PIPE_PATH_OUTSIDE', message: `the path ${written} is absolute`, hint };
  }
  if (!written.split('/').includes('..')) return undefined;
  const hint = 'name the folder it lies in with wdir, or move the pointer beside it';
  return { code: 'PIPE_PATH_OUTSIDE', message: `the path ${written} climbs with ".."`, hint };
}
