import type { Socket, TcpSocketConnectOpts } from 'node:net';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectSafely } from 'node:tls';
import { DirectBody } from './direct-body.ts';
import { TruncatedBody } from './s3-fault.ts';

/** Where a connection leads, and how long its silence is borne. */
export interface DirectTarget {
  readonly host: string;
  readonly port: number;
  /** How a server is trusted; `undefined` for one without TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** In milliseconds. */
  readonly connectTimeout: number;
  readonly readTimeout: number;
}

/** An answer, of which the body is still to come. */
export interface DirectAnswer {
  readonly status: number;
  readonly reason: string;
  /** By names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: DirectBody;
}

/** Thrown when an answer has a form that only a whole HTTP client knows. */
export class UnusualAnswer extends Error {
  /** As far as it could be read. */
  readonly status: number | undefined;

  constructor(what: string, head = '') {
    super(what);
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? [];
    this.status = status === undefined ? undefined : Number(status);
  }
}

/** A head may be as long as this. */
const HEAD = 64 << 10;

interface Waiting {
  readonly resolve: (answer: DirectAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection to an HTTP/1.1 server (RFC 9112): one request after the other, for answers whose length is known. The
 * system writes their bodies where they are to lie (`DirectBody`), which Node.js' own client cannot do.
 */
export class DirectConnection {
  readonly #socket: Socket;
  /** Shares its memory with no other buffer: that is how it is known. */
  readonly #head = Buffer.allocUnsafeSlow(HEAD);
  /** Bytes of the head that have come. */
  #filled = 0;
  #waiting: Waiting | undefined;
  #body: DirectBody | undefined;
  #isKept = true;
  readonly #readTimeout: number;
  readonly #onFree: () => void;

  /**
   * @param onFree called whenever it may be asked again
   * @param onClose called once, when it cannot be any more
   */
  constructor(
    target: DirectTarget,
    { onFree, onClose }: { readonly onFree: () => void; readonly onClose: () => void },
  ) {
    this.#onFree = onFree;
    this.#readTimeout = target.readTimeout;
    this.#socket = this.#open(target);
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(target.connectTimeout, () => {
      this.#fail(this.#body === undefined ? silence() : broken());
    });
    this.#socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#socket.setTimeout(this.#readTimeout);
    });
    this.#socket.on('error', (error) => {
      this.#fail(error);
    });
    this.#socket.on('end', () => {
      this.#fail(broken());
    });
    this.#socket.on('close', () => {
      this.#fail(broken());
      onClose();
    });
  }

  /**
   * Sends a request without a body.
   * @param head its lines, up to the empty one
   * @throws {UnusualAnswer}, errors of the connection, AbortError
   */
  async ask(head: string, signal: AbortSignal | undefined): Promise<DirectAnswer> {
    const stop = (): void => {
      this.#fail(Object.assign(new Error('Request aborted'), { name: 'AbortError' }));
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const answer = await new Promise<DirectAnswer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#socket.ref();
        this.#socket.resume();
        this.#socket.write(head, 'latin1');
        if (signal?.aborted === true) stop();
      });
      answer.body.once('close', () => signal?.removeEventListener('abort', stop));
      return answer;
    } catch (error) {
      signal?.removeEventListener('abort', stop);
      throw error;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #open({ host, port, tls }: DirectTarget): Socket {
    const onread = {
      buffer: () => this.#room(),
      callback: (count: number, bytes: Uint8Array) => this.#take(count, bytes as Buffer),
    };
    const options: TcpSocketConnectOpts = { host, port, onread };
    // A name that is an address is none that a server could be asked for.
    return tls === undefined ? connect(options) : connectSafely({ ...tls, ...options } as ConnectionOptions);
  }

  #room(): Buffer {
    return this.#body?.room() ?? this.#head.subarray(this.#filled);
  }

  /** Returns whether more may come now. */
  #take(count: number, bytes: Buffer): boolean {
    const body = this.#body;
    if (body === undefined) return this.#takeHead(count);
    if (count > body.rest) return this.#fail(broken());
    if (bytes.buffer === this.#head.buffer) return body.accept(bytes.subarray(0, count));
    body.came(count);
    return true;
  }

  #takeHead(count: number): boolean {
    if (this.#waiting === undefined) return this.#fail(new UnusualAnswer('an answer that nobody asked for'));
    const from = Math.max(0, this.#filled - 3);
    this.#filled += count;
    const end = this.#head.subarray(0, this.#filled).indexOf('\r\n\r\n', from, 'latin1');
    if (end < 0) return this.#filled < HEAD || this.#fail(new UnusualAnswer('a head without an end'));
    const text = this.#head.toString('latin1', 0, end);
    const head = parseHead(text);
    const first = Buffer.from(this.#head.subarray(end + 4, this.#filled));
    if (head === undefined || first.length > head.length)
      return this.#fail(new UnusualAnswer('an answer in another form', text));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#filled = 0;
    this.#isKept = head.isKept;
    this.#body = new DirectBody(
      {
        resume: () => this.#socket.resume(),
        end: () => {
          this.#ended();
        },
        abandon: () => this.#socket.destroy(),
      },
      head.length,
      first,
    );
    waiting.resolve({ ...head, body: this.#body });
    return false;
  }

  #ended(): void {
    this.#body = undefined;
    if (!this.#isKept) {
      this.#socket.destroy();
      return;
    }
    this.#socket.unref();
    // It may stand still since the head: its end is to be seen while nobody asks it anything.
    this.#socket.resume();
    this.#onFree();
  }

  #fail(error: Error): false {
    const [waiting, body] = [this.#waiting, this.#body];
    this.#waiting = undefined;
    this.#body = undefined;
    this.#socket.destroy();
    waiting?.reject(error);
    body?.destroy(error);
    return false;
  }
}

interface Head extends Omit<DirectAnswer, 'body'> {
  readonly length: number;
  readonly isKept: boolean;
}

/** Reads the head of an answer; `undefined` when it is none whose body ends after a known length. */
function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status, reason = ''] = /^HTTP\/1\.([01]) ([2-5]\d\d)(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    // No pattern for the whole line: on a line made for it, one can take hours.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\0\r\n]/.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    const key = name.toLowerCase();
    // Two lengths are two bodies to two readers.
    if (key === 'content-length' && headers[key] !== undefined) return undefined;
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  const length = headers['content-length'] ?? '';
  if (!/^\d{1,15}$/.test(length) || headers['transfer-encoding'] !== undefined) return undefined;
  const isKept = minor === '1' && !/\bclose\b/i.test(headers['connection'] ?? '');
  return { status: Number(status), reason, headers, length: Number(length), isKept };
}

function silence(): Error {
  return Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });
}

function broken(): Error {
  return Object.assign(new TruncatedBody(0, 1), { code: 'ECONNRESET', message: 'the connection broke' });
}
