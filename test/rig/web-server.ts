import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { DigestGate } from './digest-gate.ts';
import { listen } from './listen.ts';

/** A file on a web server, and how the server behaves. */
export interface WebFile {
  readonly body: Buffer;
  /** With its quotes; none is told when absent. */
  readonly etag?: string;
  readonly modified?: string;
  /** Where it is instead. */
  readonly location?: string;
  /** User and password that are wanted. */
  readonly login?: string;
  /** Who wants it proved that they are known. */
  readonly gate?: DigestGate;
  /** A header that is wanted, in small letters, and what it holds. A refusal says what came instead. */
  readonly header?: readonly [name: string, value: string];
  /** Answers with this status so many times first. */
  readonly failures?: { readonly status: number; count: number };
  /** After so many bytes the connection breaks, so many times. */
  readonly breaks?: { readonly after: number; count: number };
  readonly withoutHead?: boolean;
  /** How the body is packed, for the header that says so. */
  readonly encoding?: string;
  /** Refuses with this, whoever asks. */
  readonly refusal?: { readonly status: number; readonly type: string; readonly body: string };
  /** Called by a GET, which is answered when it has settled. */
  readonly held?: () => Promise<void>;
}

/** A web server on the loopback. */
export interface WebServer {
  readonly url: string;
  /** What it serves, by path; changed while it runs. */
  readonly files: Map<string, WebFile>;
  /** Every request as `GET /path`, with `range` and `authorization` where they were given. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Starts a web server that knows ETags, ranges, HEAD and redirects.
 * @param tls the key and certificate that it speaks https with
 */
export async function startWebServer(tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<WebServer> {
  const files = new Map<string, WebFile>();
  const requests: string[] = [];
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { range, authorization } = request.headers;
    const more = [...(range === undefined ? [] : [range]), ...(authorization === undefined ? [] : ['login'])];
    requests.push([request.method, request.url, ...more].join(' '));
    const file = files.get((request.url ?? '').split('?')[0] ?? '');
    const wait = request.method === 'GET' ? file?.held?.() : undefined;
    if (wait === undefined) answer(file, request, response);
    else void wait.then(() => { answer(file, request, response); }); // prettier-ignore
  };
  const { url, close } = await listen(tls === undefined ? createServer(serve) : createTlsServer(tls, serve));
  return {
    url: tls === undefined ? url : url.replace('http:', 'https:'),
    files,
    requests,
    close,
  };
}

function answer(file: WebFile | undefined, request: IncomingMessage, response: ServerResponse): void {
  const end = (status: number, headers: Record<string, string> = {}): void => {
    response.writeHead(status, headers).end();
  };
  if (file === undefined) {
    end(404);
    return;
  }
  const { body, etag, modified, location, login, failures, breaks } = file;
  const wanted = file.gate?.refusal(request);
  if (wanted !== undefined) {
    response.writeHead(401, { 'www-authenticate': wanted }).end();
    return;
  }
  if (location !== undefined) {
    end(302, { location });
    return;
  }
  if (file.refusal !== undefined) {
    response.writeHead(file.refusal.status, { 'content-type': file.refusal.type });
    response.end(request.method === 'HEAD' ? undefined : file.refusal.body);
    return;
  }
  const given = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  if (login !== undefined && given !== login) {
    end(401);
    return;
  }
  if (file.header !== undefined && request.headers[file.header[0]] !== file.header[1]) {
    response.writeHead(403, { 'content-type': 'text/plain' });
    response.end(`not with ${String(request.headers[file.header[0]])}`);
    return;
  }
  if (failures !== undefined && failures.count > 0) {
    failures.count -= 1;
    end(failures.status);
    return;
  }
  if (request.method === 'HEAD' && file.withoutHead === true) {
    end(405);
    return;
  }
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const isRest = asked !== undefined && etag !== undefined && request.headers['if-range'] === etag;
  const from = isRest ? Number(asked) : 0;
  const headers = {
    'content-length': String(body.length - from),
    ...(etag === undefined ? {} : { etag }),
    ...(modified === undefined ? {} : { 'last-modified': modified }),
    ...(file.encoding === undefined ? {} : { 'content-encoding': file.encoding }),
    ...(isRest ? { 'content-range': `bytes ${String(from)}-${String(body.length - 1)}/${String(body.length)}` } : {}),
  };
  response.writeHead(isRest ? 206 : 200, headers);
  if (request.method === 'HEAD') return void response.end();
  if (breaks === undefined || breaks.count === 0) return void response.end(body.subarray(from));
  breaks.count -= 1;
  response.write(body.subarray(from, from + breaks.after), () => response.destroy());
}
