import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { buildQueryString, HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import type { HttpHandlerOptions } from '@smithy/types';
import type { DirectTarget } from './direct-connection.ts';
import { DirectConnection, UnusualAnswer } from './direct-connection.ts';

/** Shorter answers come as fast through Node.js' own client. */
const LEAST = 256 << 10;

type HttpRequest = Parameters<NodeHttpHandler['handle']>[0];
type Timeouts = Pick<DirectTarget, 'connectTimeout' | 'readTimeout'>;

/**
 * Sends the requests of the SDK; those for many bytes of an object over connections of their own, whose bodies can be
 * put where they are to lie. An answer that these do not understand is asked for once more by Node.js' own client,
 * which gets all further requests then.
 */
export class DirectHandler extends NodeHttpHandler {
  readonly #tls: ConnectionOptions;
  readonly #timeouts: Timeouts;
  readonly #open = new Set<DirectConnection>();
  /** Those that may be asked, by where they lead. */
  readonly #free = new Map<string, DirectConnection[]>();
  #isUnusual = false;

  constructor(options: NodeHttpHandlerOptions, { tls, ...timeouts }: Timeouts & { readonly tls: ConnectionOptions }) {
    super(options);
    this.#tls = tls;
    this.#timeouts = timeouts;
  }

  override async handle(request: HttpRequest, options: HttpHandlerOptions = {}): Promise<{ response: HttpResponse }> {
    const head = this.#isUnusual ? undefined : headOf(request);
    if (head === undefined) return super.handle(request, options);
    try {
      const answer = await this.#connection(request).ask(head, options.abortSignal as AbortSignal | undefined);
      const { status: statusCode, reason, headers, body } = answer;
      return { response: new HttpResponse({ statusCode, reason, headers, body }) };
    } catch (error) {
      if (!(error instanceof UnusualAnswer)) throw error;
      // An error may be told in another form than what was asked for.
      this.#isUnusual ||= error.status === undefined || error.status < 300;
      return super.handle(request, options);
    }
  }

  override destroy(): void {
    for (const connection of this.#open) connection.close();
    super.destroy();
  }

  #connection({ protocol, hostname, port }: HttpRequest): DirectConnection {
    const target = `${protocol}//${hostname}:${String(port ?? '')}`;
    const free = this.#free.get(target) ?? [];
    this.#free.set(target, free);
    const known = free.pop();
    if (known !== undefined) return known;
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const isSafe = protocol === 'https:';
    const tls = isSafe ? { ...this.#tls, ...(isIP(host) === 0 ? { servername: host } : {}) } : undefined;
    const made: DirectConnection = new DirectConnection(
      { host, port: port ?? (isSafe ? 443 : 80), tls, ...this.#timeouts },
      {
        onFree: () => {
          free.push(made);
        },
        onClose: () => {
          this.#open.delete(made);
          if (free.includes(made)) free.splice(free.indexOf(made), 1);
        },
      },
    );
    this.#open.add(made);
    return made;
  }
}

/** The head of a request for many bytes; `undefined` for all others, and for what could not be written as it is. */
function headOf({ method, path, query, headers }: HttpRequest): string | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? headers['Range'] ?? '') ?? [];
  if (method !== 'GET' || Number(last) - Number(first) + 1 < LEAST || Number.isNaN(Number(last))) return undefined;
  const text = buildQueryString(query);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`GET ${path}${text === '' ? '' : `?${text}`} HTTP/1.1`, ...lines];
  return head.every((line) => /^[\x20-\x7e]+$/.test(line)) ? `${head.join('\r\n')}\r\n\r\n` : undefined;
}
