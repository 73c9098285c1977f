import { fileURLToPath } from 'node:url';

/** What the URL of a Git repository leads to: a folder of this machine, or something that Git knows how to reach. */
export type GitUrl = { readonly kind: 'folder'; readonly path: string } | { readonly kind: 'remote' };

/** What the URL of data leads to. */
export type DataUrl =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  /** Below a remote that the configuration names. */
  | { readonly kind: 'remote'; readonly name: string; readonly key: string }
  /** As it was written: perhaps relative. */
  | { readonly kind: 'file'; readonly path: string };

/** Why a URL cannot be used, as a clause about it. */
export interface WrongUrl {
  readonly wrong: string;
  readonly hint?: string;
}

/** Far more than any server takes. */
const LONGEST = 4096;

// eslint-disable-next-line no-control-regex -- they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/;
const GIT_SCHEMES = ['https', 'http', 'ssh', 'git'];
const GIT_HINT = 'write https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH, or a folder';

/**
 * Reads the URL of a Git repository, which a stranger may have written: nothing is let through that Git would take for
 * a flag, that names a program to run (`ext::`), or that hides a second line.
 */
export function readGitUrl(text: string): GitUrl | WrongUrl {
  const fault = textFault(text);
  if (fault !== undefined) return { ...fault, hint: GIT_HINT };
  if (/^[A-Za-z0-9+.-]*::/.test(text))
    return { wrong: 'it names a transport, which can run any program', hint: GIT_HINT };
  const [, scheme, host = ''] = SCHEME.exec(text) ?? [];
  if (scheme === undefined) return readScpLike(text);
  if (scheme.toLowerCase() === 'file') return readFileUrl(text);
  if (!GIT_SCHEMES.includes(scheme.toLowerCase())) {
    return { wrong: `${scheme}:// is none that Git may be reached by here`, hint: GIT_HINT };
  }
  return hostFault(host) ?? { kind: 'remote' };
}

/** `user@host:path`, as SSH is written in short; a slash before the colon makes it a folder. */
function readScpLike(text: string): GitUrl | WrongUrl {
  const colon = text.indexOf(':');
  if (colon < 0 || text.slice(0, colon).includes('/')) return { kind: 'folder', path: text };
  return hostFault(text.slice(0, colon)) ?? { kind: 'remote' };
}

/** SSH would take a host that begins with a dash for a flag. */
function hostFault(host: string): WrongUrl | undefined {
  const name = host.slice(host.lastIndexOf('@') + 1);
  if (name === '') return { wrong: 'it names no host' };
  if (host.startsWith('-') || name.startsWith('-')) return { wrong: 'its host begins with a dash' };
  return undefined;
}

function readFileUrl(text: string): { readonly kind: 'folder'; readonly path: string } | WrongUrl {
  try {
    return { kind: 'folder', path: fileURLToPath(text) };
  } catch {
    return { wrong: 'a file URL has three slashes and no host: file:///folder' };
  }
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
const DATA_HINT = 'write https://HOST/PATH, s3://BUCKET/KEY, remote://NAME/KEY, or a path of this machine';

/** Reads the URL of data; what stands for a variable (`${NAME}`) has been put in before. */
export function readDataUrl(text: string): DataUrl | WrongUrl {
  const fault = textFault(text);
  if (fault !== undefined) return { ...fault, hint: DATA_HINT };
  const [whole = '', scheme, host = ''] = SCHEME.exec(text) ?? [];
  const key = text.slice(whole.length).replace(/^\//, '');
  switch (scheme?.toLowerCase()) {
    case undefined:
      return { kind: 'file', path: text };
    case 'http':
    case 'https':
      return URL.canParse(text) ? { kind: 'http', url: text } : { wrong: 'it is no URL', hint: DATA_HINT };
    case 's3':
      return BUCKET.test(host) ? { kind: 's3', bucket: host, key } : { wrong: 'it names no bucket', hint: DATA_HINT };
    case 'remote':
      return /^[A-Za-z0-9_-]+$/.test(host)
        ? { kind: 'remote', name: host, key }
        : { wrong: 'it names no remote', hint: DATA_HINT };
    case 'file': {
      const file = readFileUrl(text);
      return 'wrong' in file ? file : { kind: 'file', path: file.path };
    }
    default:
      return { wrong: `nothing can be read from ${scheme ?? ''}:// URLs`, hint: DATA_HINT };
  }
}

function textFault(text: string): WrongUrl | undefined {
  if (text === '') return { wrong: 'it is empty' };
  if (text.length > LONGEST) return { wrong: `it is longer than ${String(LONGEST)} characters` };
  if (CONTROL.test(text)) return { wrong: 'it holds a line end or another control character' };
  return text.startsWith('-') ? { wrong: 'it begins with a dash, as flags do' } : undefined;
}

const USER_INFO = /:\/\/([^\s/?#]*)@/;
const TOKEN = /^(?:gh[a-z]_|github_pat_|glpat-|x-access-token|oauth2)/;
const QUERY_SECRET =
  /[?&][\w.-]{0,40}?(?:token|signature|secret|password|passwd|credential|api[-_]?key|sig)[\w.-]{0,20}=([^&#]*)/i;

/** Whether a URL opens a door to whoever reads it; `${NAME}` gives nothing away. */
export function holdsSecret(url: string): boolean {
  const user = USER_INFO.exec(url)?.[1];
  const password = user?.includes(':') === true ? user.slice(user.indexOf(':') + 1) : undefined;
  const found = [password, user !== undefined && TOKEN.test(user) ? user : undefined, QUERY_SECRET.exec(url)?.[1]];
  return found.some((secret) => secret !== undefined && secret !== '' && !/^(?:\$\{[A-Za-z_]\w*\})+$/.test(secret));
}
