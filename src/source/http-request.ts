import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Trust } from '../kit/tls-trust.ts';
import { VERSION } from '../kit/version.ts';

/** One request, of which no answer but that of this very URL counts: redirects are for the caller. */
export interface Request {
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  /** Gives it up, also while the body is read. */
  readonly signal: AbortSignal;
  readonly trust?: Trust | undefined;
  /** Looks up hosts; the operating system does unless given. */
  readonly lookup?: LookupFunction | undefined;
}

/** What a web server answers. */
export interface Answer {
  readonly status: number;
  /** Whether the status says that it went well. */
  readonly ok: boolean;
  readonly statusText: string;
  /** A header, by its name in small letters; several of one name are put together. */
  readonly header: (name: string) => string | undefined;
  /** The bytes, unpacked where they were packed on their way. Rejects where they break off. */
  readonly body: () => AsyncIterable<Uint8Array>;
  /** Leaves the rest of the body where it is. */
  readonly discard: () => void;
}

/** Asks a web server once. Rejects with what the system says where no answer comes. */
export function requestOnce(url: URL, { method, headers, signal, trust, lookup }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send: typeof requestPlain = url.protocol === 'https:' ? requestTls : requestPlain;
    const how: RequestOptions = {
      method,
      headers: { accept: '*/*', 'user-agent': `pipe/${VERSION}`, ...headers },
      ...(lookup === undefined ? {} : { lookup }),
      ...trust,
    };
    let answered: IncomingMessage | undefined;
    const asked = send(url, how, (message) => {
      answered = message;
      // Nothing of it follows: the connection is free for the next request.
      if (method === 'HEAD') message.resume();
      resolve(answerOf(message));
    });
    const giveUp = (): void => {
      (answered ?? asked).destroy(new DOMException('The request was given up', 'AbortError'));
    };
    asked.on('error', reject);
    asked.on('close', () => {
      signal.removeEventListener('abort', giveUp);
    });
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
    asked.end();
  });
}

function answerOf(message: IncomingMessage): Answer {
  // An answer may break off before anybody reads it: whoever does is told.
  message.on('error', () => undefined);
  const { statusCode = 0, statusMessage = '', headers } = message;
  return {
    status: statusCode,
    ok: statusCode >= 200 && statusCode <= 299,
    statusText: statusMessage,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: () => unpacked(message, headers['content-encoding']),
    discard: () => {
      // All of it may have come: the connection is free, and lets the process end, only when that was read.
      if (message.complete) message.resume();
      else message.destroy();
    },
  };
}

/** No server packs more than twice. */
const MOST_CODINGS = 4;

/** Some servers pack a body that was not to be packed, or keep it packed. */
function unpacked(message: IncomingMessage, encoding = 'identity'): Readable {
  const codings = encoding.toLowerCase().split(',').map((each) => each.trim()); // prettier-ignore
  let body: Readable = message;
  for (const coding of codings.reverse().slice(0, MOST_CODINGS)) {
    const through = unpackerOf(coding);
    // A fault of either is one of what is read.
    if (through !== undefined) body = pipeline(body, through, () => undefined);
  }
  return body;
}

function unpackerOf(coding: string): Duplex | undefined {
  if (coding === 'gzip' || coding === 'x-gzip') return createGunzip();
  if (coding === 'deflate') return createInflate();
  return coding === 'br' ? createBrotliDecompress() : undefined;
}
