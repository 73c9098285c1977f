import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Who may pass, and how a server wants it proved. */
export interface DigestRules {
  readonly user: string;
  readonly password: string;
  readonly realm: string;
  /** What is offered, in this order. */
  readonly algorithms: readonly ('MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess')[];
  /** So many requests are let through with a nonce. */
  readonly uses: number;
}

/** A server's side of digest authentication (RFC 7616): every nonce is its own, and every count comes once. */
export class DigestGate {
  /** The algorithms that requests were proved with. */
  readonly proved: string[] = [];
  readonly #rules: DigestRules;
  readonly #nonces = new Map<string, { last: number; left: number }>();

  constructor(rules: DigestRules) {
    this.#rules = rules;
  }

  /** What a request is refused with, as `www-authenticate` headers; `undefined` for one that may pass. */
  refusal({ method = '', url = '', headers }: IncomingMessage): string[] | undefined {
    const said = fieldsOf(headers.authorization ?? '');
    const nonce = this.#nonces.get(said['nonce'] ?? '');
    const isRight = nonce !== undefined && said['uri'] === url && said['response'] === this.#expected(method, said);
    const count = parseInt(said['nc'] ?? '', 16);
    if (!isRight || !(count > nonce.last)) return this.#challenges(false);
    if (nonce.left === 0) return this.#challenges(true);
    nonce.last = count;
    nonce.left -= 1;
    this.proved.push(said['algorithm'] ?? '');
    return undefined;
  }

  #expected(method: string, said: Readonly<Record<string, string>>): string {
    const { user, password, realm } = this.#rules;
    const { algorithm = '', nonce = '', cnonce = '', nc = '', uri = '' } = said;
    const digest = (text: string): string =>
      createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const plain = digest(`${user}:${realm}:${password}`);
    const key = algorithm.endsWith('-sess') ? digest(`${plain}:${nonce}:${cnonce}`) : plain;
    return digest(`${key}:${nonce}:${nc}:${cnonce}:auth:${digest(`${method}:${uri}`)}`);
  }

  #challenges(isStale: boolean): string[] {
    const nonce = randomBytes(12).toString('base64');
    this.#nonces.set(nonce, { last: 0, left: this.#rules.uses });
    const more = `qop="auth, auth-int", nonce="${nonce}", opaque="a, b"${isStale ? ', stale=TRUE' : ''}`;
    const offered = this.#rules.algorithms.map((each) => `Digest realm="${this.#rules.realm}", ${more}, algorithm=${each}`); // prettier-ignore
    return [...offered, 'Basic realm="shown"'];
  }
}

function fieldsOf(header: string): Record<string, string> {
  const found = [...header.replace(/^Digest /, '').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)];
  return Object.fromEntries(found.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}
