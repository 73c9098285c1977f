import { posix } from 'node:path';
import { isOutside } from '../kit/path.ts';

/** The two forms of a path that the model keeps. */
export interface TwoPaths {
  /** Relative to the project root, or absolute. */
  readonly path: string;
  /** Relative to the working folder, or absolute. */
  readonly as: string;
}

/**
 * A path as a stage wrote it, in both forms.
 * @param wdir relative to the project root
 * @param root absolute path of the project, if known: an absolute path inside it becomes a relative one
 */
export function twoPaths(written: string, wdir: string, root: string | undefined): TwoPaths {
  const path = joinPath(wdir, written, root);
  return { path, as: relativePath(wdir, path) };
}

/** `written`, which is relative to `folder`, relative to the project root; normalized, without a slash at its end. */
export function joinPath(folder: string, written: string, root?: string): string {
  if (!written.startsWith('/')) return withoutSlash(posix.join(folder, written));
  const absolute = withoutSlash(posix.normalize(written));
  if (root === undefined || root === '/') return absolute;
  if (absolute === root) return '.';
  return absolute.startsWith(`${root}/`) ? absolute.slice(root.length + 1) : absolute;
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** `path` as seen from `folder`; both relative to the root, normalized, and `folder` inside the project. */
export function relativePath(folder: string, path: string): string {
  if (folder === '.' || path.startsWith('/')) return path;
  const from = folder.split('/');
  const to = path === '.' ? [] : path.split('/');
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  return [...Array<string>(from.length - common).fill('..'), ...to.slice(common)].join('/') || '.';
}

/** The URLs that DVC can depend on. */
const SCHEMES = 'azure ds gdrive gs hdfs http https oss remote s3 ssh webdav webdavs webhdfs'.split(' ');

/** The scheme of a text that is a URL (`s3` of `s3://bucket/key`); a path has none. */
export function urlScheme(path: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):\/\/[^/?#]/i.exec(path)?.[1]?.toLowerCase();
}

/** Whether something can be read from URLs with this scheme. */
export function isKnownScheme(scheme: string): boolean {
  return SCHEMES.includes(scheme);
}

/** Why nothing may be made at a path, in words that end a sentence; `undefined` when it may. */
export function whyNoOut(path: string): { readonly why: string; readonly outside: boolean } | undefined {
  if (HARMLESS.test(path)) return undefined;
  if (isOutside(path)) return { why: 'lies outside the project', outside: true };
  if (path === '.') return { why: 'is the whole project', outside: true };
  const segments = path.split('/');
  const reserved = segments.find((segment) => RESERVED.has(foldedName(segment)));
  if (reserved !== undefined) return { why: `points into ${foldedName(reserved)}`, outside: false };
  const name = segments.at(-1) ?? '';
  return isKeptFile(name) ? { why: 'is a file that pipe or DVC keeps', outside: false } : undefined;
}

/** Letters and dots only, with no dot at the start of a name and none of the endings that pipe and DVC keep. */
const HARMLESS = /^(?!.*\/\.)(?!.*\.(?:pipe|dvc|yaml|lock)$)[A-Za-z0-9_][A-Za-z0-9_./-]*$/;

const RESERVED = new Set(['.git', '.pipe', '.dvc']);

/**
 * A name as a forgiving disk might see it: macOS ignores case, forms of Unicode and invisible characters, Windows
 * ignores dots and spaces at the end, streams after `:`, and knows `git~1` for `.git`.
 */
function foldedName(name: string): string {
  const folded = name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replace(/:.*$/s, '')
    .replace(/[. ]+$/, '');
  const short = /^(git|pipe|dvc)~\d$/.exec(folded);
  return short?.[1] === undefined ? folded : `.${short[1]}`;
}

const KEPT = new Set(['pipeline.yaml', 'pipeline.lock', 'dvc.yaml', 'dvc.lock', '.gitignore']);

/** Pipeline files, locks and pointers. */
function isKeptFile(name: string): boolean {
  return KEPT.has(name) || (name.length > 5 && name.endsWith('.pipe')) || (name.length > 4 && name.endsWith('.dvc'));
}

/** Files that DVC refuses as a dep: its own. */
export function isDvcFile(path: string): boolean {
  return path.endsWith('.dvc') || posix.basename(path) === 'dvc.yaml';
}
