import { createHash, randomBytes } from 'node:crypto';

/** A user and password that are proved, and not shown (RFC 7616). */
export interface DigestLogin {
  readonly user: string;
  readonly password: string;
}

/** What a server wants a proof for. Texts are as they stood between their quotes. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly hash: 'md5' | 'sha256';
  /** Whether the key holds for the nonce alone (`-sess`). */
  readonly isOfSession: boolean;
  /** As the server writes it; `undefined` where it does not say. */
  readonly algorithm: string | undefined;
  /** Whether the proof holds for one request alone, which is counted; old servers know nothing of that. */
  readonly isCounted: boolean;
  /** Whether only the nonce was too old: the same login may do. */
  readonly isStale: boolean;
}

const HASHES = new Map([
  ['sha-256', 'sha256'],
  ['md5', 'md5'],
] as const);

/** The strongest challenge in a `www-authenticate` header that can be answered. */
export function readChallenge(header: string | undefined): Challenge | undefined {
  const challenges = schemesOf(header ?? '').flatMap(({ name, fields }) => (name === 'digest' ? challengeOf(fields) : [])); // prettier-ignore
  return challenges.find(({ hash }) => hash === 'sha256') ?? challenges[0];
}

interface Scheme {
  /** In small letters. */
  readonly name: string;
  readonly fields: Map<string, string>;
}

/** A word; what is behind its `=`, if anything is: in quotes, or not. */
const WORD = /([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;

/** A word without a value begins another scheme. */
function schemesOf(header: string): Scheme[] {
  const schemes: Scheme[] = [];
  for (const [, word = '', quoted, plain] of header.matchAll(WORD)) {
    const value = quoted ?? plain;
    if (value === undefined) schemes.push({ name: word.toLowerCase(), fields: new Map() });
    else schemes.at(-1)?.fields.set(word.toLowerCase(), value);
  }
  return schemes;
}

function challengeOf(fields: ReadonlyMap<string, string>): Challenge[] {
  const [realm, nonce, algorithm] = [fields.get('realm'), fields.get('nonce'), fields.get('algorithm')];
  const [, name = '', session] = /^(.*?)(-sess)?$/i.exec(algorithm ?? 'MD5') ?? [];
  const hash = HASHES.get(name.toLowerCase() as 'md5');
  const qop = fields.get('qop')?.split(',').map((each) => each.trim().toLowerCase()); // prettier-ignore
  // A proof for the body, too, is not known here: nothing that is asked has one.
  if (realm === undefined || nonce === undefined || hash === undefined || qop?.includes('auth') === false) return [];
  const isStale = fields.get('stale')?.toLowerCase() === 'true';
  const more = { isOfSession: session !== undefined, isCounted: qop !== undefined, isStale };
  return [{ realm, nonce, algorithm, hash, opaque: fields.get('opaque'), ...more }];
}

/** A request that is proved to come from a user. */
export interface Proved {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  /** How many requests have been proved with the nonce, this one included. */
  readonly count: number;
  /** What the client adds; made up unless given. */
  readonly cnonce?: string;
}

/** The `authorization` header that proves a request. */
export function proofOf(
  { user, password }: DigestLogin,
  challenge: Challenge,
  { method, uri, count, cnonce = randomBytes(16).toString('hex') }: Proved,
): string {
  const { realm, nonce, opaque, algorithm, isOfSession, isCounted } = challenge;
  const hash = (...parts: readonly string[]): string =>
    createHash(challenge.hash).update(parts.join(':')).digest('hex');
  const own = hash(user, realm, password);
  const key = isOfSession ? hash(own, nonce, cnonce) : own;
  const counted = count.toString(16).padStart(8, '0');
  const asked = hash(method, uri);
  const response = isCounted ? hash(key, nonce, counted, cnonce, 'auth', asked) : hash(key, nonce, asked);
  const quoted = { username: user.replace(/["\\]/g, '\\$&'), realm, nonce, uri, response, opaque };
  const isClientToTell = isCounted || isOfSession;
  const fields = [
    ...Object.entries(quoted).flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`])),
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(isCounted ? ['qop=auth', `nc=${counted}`] : []),
    ...(isClientToTell ? [`cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${fields.join(', ')}`;
}

/** Proves the requests to one server, as long as its nonce holds. */
export class DigestSession {
  readonly #login: DigestLogin;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(login: DigestLogin) {
    this.#login = login;
  }

  /** The `authorization` header of a request; `undefined` before the server has said what it wants. */
  prove(method: string, { pathname, search }: URL): string | undefined {
    if (this.#challenge === undefined) return undefined;
    this.#count += 1;
    return proofOf(this.#login, this.#challenge, { method, uri: pathname + search, count: this.#count });
  }

  /**
   * Takes what a server says that refuses a request.
   * @param isProved whether the request was proved
   * @returns whether to ask once more
   */
  challenged(header: string | undefined, isProved: boolean): boolean {
    const challenge = readChallenge(header);
    if (challenge === undefined || (isProved && !challenge.isStale)) return false;
    this.#challenge = challenge;
    this.#count = 0;
    return true;
  }
}
