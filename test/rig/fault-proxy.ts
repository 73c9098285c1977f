import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { listen } from './listen.ts';

/** What befalls one request. */
export type Fault =
  /** The connection breaks before the server has heard of it. */
  | 'drop'
  /** Half of the request reaches the server, then both connections break. */
  | 'cut'
  /** The server does what it is asked, and its answer is lost. */
  | 'lose'
  /** The answer breaks off after half of its body. */
  | 'truncate'
  /** A byte of the request's body is another one. */
  | 'corrupt-up'
  /** A byte of the answer's body is another one, where that body is an object. */
  | 'corrupt-down'
  /** "Slow down", and nothing is done. */
  | '503'
  /** "We encountered an internal error", and nothing is done. */
  | '500'
  /** It takes some milliseconds more. */
  | 'delay'
  /** No answer ever comes. */
  | 'stall'
  /** The proxy answers itself, when `after` has settled. */
  | {
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly after?: Promise<void>;
    };

/** A request that the proxy saw. */
export interface Seen {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes. */
  readonly size: number;
  readonly fault: Fault | undefined;
}

/** Decides what befalls a request, the `number`th one from 0. */
export type FaultPlan = (seen: Omit<Seen, 'fault'>, number: number) => Fault | undefined;

/** A server in front of another one, which lets through what it should not. */
export interface FaultProxy {
  /** `http://127.0.0.1:PORT`, or `https://…`. */
  readonly url: string;
  /** What came so far, in this order. */
  readonly seen: readonly Seen[];
  /** The most requests at once. */
  readonly most: () => number;
  /** Changes what befalls the requests from now on, and forgets what came so far. */
  plan(plan: FaultPlan): void;
  /** Changes a header of every answer. */
  header(name: string, value: (real: string) => string): void;
  stop(): Promise<void>;
}

/** The faults that a place heals by itself, whatever it was asked to do. */
const HEALED = ['drop', 'cut', 'lose', 'truncate', 'corrupt-up', '503', '500', 'delay'] as const;

/** Numbers from 0 to 1 that follow from a seed (Mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A plan that follows from a seed: so many of the requests (0 to 1) meet one of the faults. */
export function seededFaults(seed: number, share: number, faults: readonly Fault[] = HEALED): FaultPlan {
  const random = seeded(seed);
  return () => {
    const [isMet, which] = [random() < share, random()];
    return isMet ? faults[Math.floor(which * faults.length)] : undefined;
  };
}

/**
 * Starts a proxy in this process; it lets everything through until it is told a plan.
 * @param tls the key and certificate that it speaks https with
 */
export async function startFaultProxy(
  target: string,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const changes = new Map<string, (real: string) => string>();
  let seen: Seen[] = [];
  let plan: FaultPlan = () => undefined;
  let [open, most] = [0, 0];
  const take = (incoming: IncomingMessage, answer: ServerResponse): void => {
    open += 1;
    most = Math.max(most, open);
    answer.on('close', () => (open -= 1));
    void serve(incoming, answer).catch(() => answer.destroy());
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);

  const serve = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const { method = '', url: path = '', headers } = incoming;
    const about = { method, path, headers, size: body.length };
    const fault = plan(about, seen.length);
    seen.push({ ...about, fault });
    if (typeof fault === 'object') {
      await fault.after;
      answer.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers }).end(fault.body);
      return;
    }
    if (fault === 'stall') return;
    if (fault === 'drop') answer.destroy();
    else if (fault === '503') refuse(answer, 503, 'SlowDown');
    else if (fault === '500') refuse(answer, 500, 'InternalError');
    else await pass({ about, body: fault === 'corrupt-up' ? corrupted(body) : body, fault }, answer);
  };

  const pass = async (
    { about, body, fault }: { about: Omit<Seen, 'fault'>; body: Buffer; fault: Fault | undefined },
    answer: ServerResponse,
  ): Promise<void> => {
    const { method, path, headers } = about;
    const out = request({ hostname, port, method, path, headers, agent, setHost: false });
    const answered = once(out, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    // The server may answer before it has heard all, and end the connection.
    out.on('error', () => undefined);
    if (fault === 'cut' && body.length > 1) {
      out.write(body.subarray(0, body.length >> 1), () => out.destroy());
      answer.destroy();
      return;
    }
    if (fault === 'delay') await setTimeout(5);
    out.end(body);
    const [real] = await answered;
    const bytes = await buffer(real);
    if (fault === 'lose') {
      answer.destroy();
      return;
    }
    const isObject = method === 'GET' && real.headers['content-type'] !== 'application/xml';
    const sent = fault === 'corrupt-down' && isObject ? corrupted(bytes) : bytes;
    const given = { ...real.headers };
    for (const [name, change] of changes) given[name] = change(String(given[name] ?? ''));
    answer.writeHead(real.statusCode ?? 500, given);
    if (fault !== 'truncate' || bytes.length < 2) answer.end(method === 'HEAD' ? undefined : sent);
    else answer.write(sent.subarray(0, sent.length >> 1), () => answer.destroy());
  };

  const { url, close } = await listen(server);
  return {
    url: tls === undefined ? url : url.replace('http:', 'https:'),
    get seen() {
      return seen;
    },
    most: () => most,
    plan(next) {
      plan = next;
      [seen, most] = [[], 0];
    },
    header(name, value) {
      changes.set(name, value);
    },
    async stop() {
      agent.destroy();
      await close();
    },
  };
}

/** An answer that refuses, as S3 writes it. */
export function refusal(code: string, message = code): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  answer.writeHead(status, { 'content-type': 'application/xml' }).end(refusal(code));
}

function corrupted(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
