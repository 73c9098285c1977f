import { fileURLToPath } from 'node:url';
import type { Problem } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';

/** What the URL of a remote leads to. */
export type RemoteUrl =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  /** A web server, which data can be had from and not sent to. */
  | { readonly kind: 'http'; readonly url: string }
  /** As it was written: perhaps relative. */
  | { readonly kind: 'folder'; readonly path: string };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

/** Whether a text is the path of a folder, rather than a URL with a scheme. */
export function isFolderPath(url: string): boolean {
  return !SCHEME.test(url);
}

/** Reads the URL of a remote: a bucket with a prefix, a web server, or a folder. */
export function readRemoteUrl(url: string): RemoteUrl | { readonly problem: Problem } {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'folder', path: url };
  if (scheme === 's3') return readBucket(url);
  if (scheme === 'file') return readFile(url);
  if (scheme === 'https' || scheme === 'http') return readWeb(url);
  return wrong(url, `${scheme}:// is no kind of remote that pipe knows`);
}

function readBucket(url: string): ReturnType<typeof readRemoteUrl> {
  const [bucket = '', ...rest] = url.replace(SCHEME, '').split('/');
  if (!BUCKET.test(bucket)) return wrong(url, 'it names no bucket');
  const parts = rest.filter((part) => part !== '');
  if (parts.some((part) => part === '.' || part === '..')) return wrong(url, 'a prefix has no parts . and ..');
  return { kind: 's3', bucket, prefix: parts.join('/') };
}

function readWeb(url: string): ReturnType<typeof readRemoteUrl> {
  if (!URL.canParse(url)) return wrong(url, 'it names no host');
  const { username, password, search, hash } = new URL(url);
  if (username + password !== '') return wrong(url, 'a user and a password go into the options of the remote');
  return search + hash === ''
    ? { kind: 'http', url }
    : wrong(url, 'it ends with a path, and what is asked for goes behind');
}

function readFile(url: string): ReturnType<typeof readRemoteUrl> {
  try {
    return { kind: 'folder', path: fileURLToPath(url) };
  } catch {
    return wrong(url, 'a file URL has three slashes and no host: file:///folder');
  }
}

function wrong(url: string, reason: string): { readonly problem: Problem } {
  return {
    problem: {
      code: 'PIPE_REMOTE_URL',
      message: `${redactUrls(url)} is not the URL of a remote: ${reason}`,
      hint: 'write s3://BUCKET/PREFIX, file:///FOLDER, or a folder; https://HOST/PATH where data are only read',
    },
  };
}
