import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import type { MapNode, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { holdsSecret, readDataUrl, readGitUrl } from '../kit/source-url.ts';
import type { Report } from '../pipeline/report.ts';
import { redactUrls } from '../problem/redact.ts';

/** Where a file or folder was imported from. */
export type Import = RepoImport | UrlImport;

/** A path of another Git repository, at one commit. */
export interface RepoImport {
  readonly kind: 'repo';
  /** Posix, relative to the root of the repository. */
  readonly path: string;
  /** As it was written: a folder is relative to the project root. */
  readonly url: string;
  /** The branch, tag or commit that is followed; the repository's default branch without it. */
  readonly rev?: string;
  /** The full id of the commit that it was taken from. */
  readonly revLock: string;
  /** A remote that has the data, instead of the repository's default one. */
  readonly remote?: string;
}

/** A file, or a folder, somewhere else. What the place told of it when it was taken says whether it has changed. */
export interface UrlImport extends Told {
  readonly kind: 'url';
  /** As it was written: a path is relative to the project root. */
  readonly url: string;
}

/** What a place tells of data without handing them over. */
export interface Told {
  /** As the server gave it, with its quotes; of an S3 folder the digest of its list. */
  readonly etag?: string;
  readonly digest?: Digest;
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly mtime?: number;
  /** Of a folder. */
  readonly files?: number;
}

/** The names that a pointer has for what a place tells, in the order in which they are written. */
export const TOLD_FIELDS = ['etag', 'digest', 'size', 'mtime', 'files'] as const;

/** Reads what a pointer says of where its data come from; problems are reported. */
export function readImport(deps: YamlNode | undefined, report: Report): Import | undefined {
  if (deps?.kind !== 'seq') return undefined;
  const [dep] = deps.items;
  if (deps.items.length !== 1) {
    const span = deps.items[1] ?? deps;
    report.add('PIPE_FIELD_VALUE', span, 'a pointer is imported from one place: deps holds one entry');
  }
  if (dep?.kind !== 'map') return undefined;
  const repo = lookUp(dep, 'repo');
  if (repo === undefined) return readUrlImport(dep, report);
  for (const name of TOLD_FIELDS) {
    const told = lookUp(dep, name);
    if (told !== undefined) report.add('PIPE_FIELD_VALUE', told.key, `${name} and repo exclude each other`);
  }
  return repo.value.kind === 'map' ? readRepoImport(dep, repo.value, report) : undefined;
}

function readRepoImport(dep: MapNode, repo: MapNode, report: Report): RepoImport | undefined {
  const [path, url, revLock] = [textOf(dep, 'path'), textOf(repo, 'url'), textOf(repo, 'rev_lock')];
  if (path === undefined || url === undefined || revLock === undefined) return undefined;
  const [rev, remote] = [textOf(repo, 'rev'), textOf(repo, 'remote')];
  const wrongPath = whyNoSourcePath(path.value);
  if (wrongPath !== undefined) report.add('PIPE_URL', path.node, `the path ${JSON.stringify(path.value)} ${wrongPath}`);
  checkUrl(url, readGitUrl(url.value), report);
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revLock.value)) {
    report.add('PIPE_FIELD_VALUE', revLock.node, 'rev_lock is the full id of a commit: 40 or 64 hex digits');
  }
  if (rev !== undefined && !isRevision(rev.value)) report.add('PIPE_FIELD_VALUE', rev.node, 'rev is no revision');
  return {
    kind: 'repo',
    path: path.value,
    url: url.value,
    ...(rev === undefined ? {} : { rev: rev.value }),
    revLock: revLock.value,
    ...(remote === undefined ? {} : { remote: remote.value }),
  };
}

function readUrlImport(dep: MapNode, report: Report): UrlImport | undefined {
  const url = textOf(dep, 'path');
  if (url === undefined) return undefined;
  checkUrl(url, url.value.includes('${') ? undefined : readDataUrl(url.value), report);
  const [etag, digest] = [textOf(dep, 'etag'), textOf(dep, 'digest')];
  const known = digest === undefined ? undefined : parseDigest(digest.value);
  if (digest !== undefined && known?.startsWith('b3:') !== true) {
    report.add('PIPE_FIELD_VALUE', digest.node, 'digest must be b3: and 64 hex digits');
  }
  return {
    kind: 'url',
    url: url.value,
    ...(etag === undefined ? {} : { etag: etag.value }),
    ...(known === undefined ? {} : { digest: known }),
    ...countOf(dep, 'size'),
    ...countOf(dep, 'mtime'),
    ...countOf(dep, 'files'),
  };
}

interface Text {
  readonly node: ScalarNode;
  readonly value: string;
}

function checkUrl({ node, value }: Text, read: object | undefined, report: Report): void {
  const fault = whyNotTrackedUrl(value, read);
  if (fault !== undefined) report.add('PIPE_URL', node, fault);
}

/** Why a URL cannot stand in a pointer, which Git tracks. `read` is what reading it came to. */
export function whyNotTrackedUrl(
  url: string,
  read: object | undefined,
): { readonly message: string; readonly hint?: string | undefined } | undefined {
  if (read !== undefined && 'wrong' in read) {
    const { wrong, hint } = read as { readonly wrong: string; readonly hint?: string };
    return { message: `the URL ${JSON.stringify(redactUrls(url))} cannot be used: ${wrong}`, hint };
  }
  if (!holdsSecret(url)) return undefined;
  const message = `the URL ${redactUrls(url)} holds a secret, and Git tracks pointers`;
  return { message, hint: SECRET_HINT };
}

const SECRET_HINT =
  "write '${NAME}' in its place, for an environment variable that each user allows (`pipe config --local core.env NAME`); " +
  'or leave it out: logins of web servers are taken from ' +
  '~/.netrc, those of Git from its credential helper; or use remote://NAME/PATH with the secrets of that remote in ' +
  '`pipe remote modify --local`';

/** Why a path cannot be one of a repository, in words that end a sentence. */
export function whyNoSourcePath(path: string): string | undefined {
  if (path === '' || path === '.') return 'names no file or folder';
  if (path.startsWith('/')) return 'is absolute: it is relative to the root of the repository';
  if (/[\0\n\r]/.test(path)) return 'holds a line end';
  return path.split('/').some((name) => name === '..' || name === '.' || name === '')
    ? 'is not plain: it has an empty part, "." or ".."'
    : undefined;
}

/** Whether a text can be a revision: neither a flag, nor a refspec, nor more than one line. */
export function isRevision(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- they are what is refused
  return text.length <= 1024 && /^[^-\u0000-\u0020:*?[\\\u007f][^\u0000-\u001f:*?[\\\u007f]*$/.test(text);
}

function textOf(map: MapNode, name: string): Text | undefined {
  const node = lookUp(map, name)?.value;
  return node?.kind === 'scalar' && typeof node.value === 'string' ? { node, value: node.value } : undefined;
}

function countOf<K extends 'size' | 'mtime' | 'files'>(map: MapNode, name: K): { readonly [P in K]?: number } {
  const node = lookUp(map, name)?.value;
  if (node?.kind !== 'scalar' || typeof node.value !== 'bigint') return {};
  const count = Number(node.value);
  return (Number.isSafeInteger(count) ? { [name]: count } : {}) as { readonly [P in K]?: number };
}
