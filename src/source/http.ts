import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { checkAborted } from '../kit/abort.ts';
import { writeAll } from '../kit/write-all.ts';
import type { Told } from '../lockfile/pointer-import.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';
import type { HttpLogin } from './http-login.ts';
import { basic, decoded } from './http-login.ts';
import { DigestSession } from './http-digest.ts';
import type { Subject } from './http-problem.ts';
import { refused, triesAfter, unreachable } from './http-problem.ts';
import type { Answer, Request } from './http-request.ts';
import { requestOnce } from './http-request.ts';
import type { RemoteData } from './remote-data.ts';

/** Redirects in a row; browsers follow 20. */
const MOST_REDIRECTS = 10;

/** Tries of one request, and of going on with a body that broke off without a byte having come in between. */
const TRIES = 5;

/** A server that says nothing for so long is gone. */
const SILENCE_MS = 60_000;

export interface HttpOptions {
  readonly signal: AbortSignal;
  /** What the server of the URL is shown; stronger than a user and password in the URL. */
  readonly login?: HttpLogin | undefined;
  readonly trust?: Request['trust'];
  /** How to make its certificate trusted, for people. */
  readonly trustHint?: string | undefined;
  readonly lookup?: Request['lookup'];
  /** Milliseconds before the first try again, doubled each time; tests do not wait. */
  readonly pauseMs?: number;
}

/** A file on a web server. A user and a password, in the URL or not, only that server is told. */
export function openHttp(url: string, options: HttpOptions): RemoteData {
  const name = redactUrls(url);
  const { pauseMs = 200, trustHint = EXTRA_CERTIFICATES, ...how } = options;
  const work: Http = { ...how, ...withoutUser(url, options.login), name, pauseMs, trustHint, proofs: undefined };
  if (work.login?.kind === 'digest') work.proofs = new DigestSession(work.login);
  return {
    name,
    async tell() {
      const { response } = await ask(work, { method: 'HEAD' });
      if (response.ok) return toldBy(response);
      // Some servers, and URLs that are signed for one method, know no HEAD.
      const { response: whole } = await ask(work, { method: 'GET' });
      if (!whole.ok) throw await refused(work, whole);
      whole.discard();
      return toldBy(whole);
    },
    download: (target, onBytes) => download(work, target, onBytes),
  };
}

const EXTRA_CERTIFICATES =
  'name a file with more certificates to trust in the environment: NODE_EXTRA_CA_CERTS; or set up a remote for that server, with ssl_verify';

interface Http extends Subject, Pick<HttpOptions, 'trust' | 'lookup'> {
  /** Without a user and a password. */
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly pauseMs: number;
  /** Proves who asks, where the password is not to be shown. */
  proofs: DigestSession | undefined;
}

interface Asked {
  readonly response: Answer;
  /** Gives the request up; its body is read until {@link SILENCE_MS} pass without a byte. */
  readonly alive: () => void;
}

interface Question {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a server, following redirects, again where a fault may be of the moment. Other answers are for the caller. */
async function ask(work: Http, question: Question): Promise<Asked> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const asked = await askOnce(work, question);
      if (!isPassing(asked.response.status) || attempt === TRIES) return asked;
      asked.response.discard();
    } catch (error) {
      checkAborted(work.signal);
      if (error instanceof PipeError) throw error;
      if (attempt >= triesAfter(error, TRIES)) throw unreachable(work, error);
    }
    await setTimeout(Math.random() * work.pauseMs * 2 ** attempt, undefined, { signal: work.signal });
  }
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

async function askOnce(work: Http, { method, headers }: Question): Promise<Asked> {
  const { url, signal, trust, lookup } = work;
  let at = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const silence = new AbortController();
    const timer = globalThis.setTimeout(() => { silence.abort(); }, SILENCE_MS); // prettier-ignore
    timer.unref();
    const login = loginFor(work, method, at);
    const response = await requestOnce(at, {
      method,
      signal: AbortSignal.any([signal, silence.signal]),
      headers: { 'accept-encoding': 'identity', ...headers, ...login },
      trust,
      lookup,
    });
    const { status, header, discard } = response;
    const location = header('location');
    const isRedirect = status >= 300 && status <= 399 && status !== 304 && location !== undefined;
    const isAgain = status === 401 && isHome(work, at) && work.proofs?.challenged(header('www-authenticate'), 'authorization' in login) === true; // prettier-ignore
    if (!isRedirect && !isAgain) return { response, alive: () => { timer.refresh(); } }; // prettier-ignore
    clearTimeout(timer);
    discard();
    if (!isAgain) at = redirected(at, location ?? '', work.name);
  }
  const message = `${work.name} leads from one URL to the next, more than ${String(MOST_REDIRECTS)} times`;
  throw new PipeError({ code: 'PIPE_URL_FAILED', message });
}

/** Whether a URL is one that a login is for. */
function isHome({ url, login }: Http, at: URL): boolean {
  return at.origin === url.origin && at.pathname.startsWith(login?.below ?? '/');
}

/** The header that shows or proves who asks, where that is meant for a URL. */
function loginFor(work: Http, method: string, at: URL): Readonly<Record<string, string>> {
  const { login, proofs } = work;
  if (login === undefined || !isHome(work, at)) return {};
  if (login.kind === 'header') return { [login.header]: login.value };
  const proof = proofs?.prove(method, at);
  return proof === undefined ? {} : { authorization: proof };
}

function withoutUser(text: string, login: HttpLogin | undefined): Pick<Http, 'url' | 'login'> {
  const url = new URL(text);
  const { username, password } = url;
  [url.username, url.password, url.hash] = ['', '', ''];
  if (login !== undefined || (username === '' && password === '')) return { url, login };
  const given = { login: decoded(username), password: decoded(password) };
  return { url, login: { ...basic(given), from: 'the URL' } };
}

/** Where a redirect leads: to a web server, and not out of encryption. */
function redirected(from: URL, location: string, name: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  const isWeb = to?.protocol === 'https:' || to?.protocol === 'http:';
  const isLoss = from.protocol === 'https:' && to?.protocol === 'http:';
  if (to !== undefined && isWeb && !isLoss) {
    // A login that a server makes up is none of this user.
    [to.username, to.password] = ['', ''];
    return to;
  }
  const why = isLoss ? 'to one that is not encrypted' : 'to something that is no web server';
  throw new PipeError({ code: 'PIPE_URL_FAILED', message: `${name} leads ${why}` });
}

function isPacked(header: Answer['header']): boolean {
  return !/^(?:identity)?$/i.test(header('content-encoding') ?? '');
}

function toldBy({ header }: Answer): Told {
  const length = header('content-length') ?? '';
  const mtime = Date.parse(header('last-modified') ?? '');
  const etag = header('etag');
  return {
    ...(etag === undefined ? {} : { etag }),
    // Of what is packed, the length is that of what travels.
    ...(!isPacked(header) && /^\d{1,15}$/.test(length) ? { size: Number(length) } : {}),
    ...(Number.isNaN(mtime) || mtime < 0 ? {} : { mtime }),
  };
}

async function download(work: Http, target: string, onBytes: Parameters<RemoteData['download']>[1]): Promise<Told> {
  const file = await open(target, 'wx');
  try {
    return await new Download(work, file, onBytes).run();
  } finally {
    await file.close();
  }
}

/** A body that comes in pieces where it breaks off. */
class Download {
  readonly #work: Http;
  readonly #file: FileHandle;
  readonly #onBytes: Parameters<RemoteData['download']>[1];
  #told: Told = {};
  #isPacked = false;
  #at = 0;

  constructor(work: Http, file: FileHandle, onBytes: Parameters<RemoteData['download']>[1]) {
    this.#work = work;
    this.#file = file;
    this.#onBytes = onBytes;
  }

  async run(): Promise<Told> {
    const { signal, pauseMs } = this.#work;
    for (let failures = 0; ;) {
      const before = this.#at;
      const asked = await ask(this.#work, { method: 'GET', headers: this.#range() });
      if (this.#isAll(asked.response)) return { ...this.#told, size: this.#at };
      await this.#begin(asked.response);
      try {
        await this.#body(asked);
        return { ...this.#told, size: this.#at };
      } catch (error) {
        checkAborted(signal);
        if (error instanceof PipeError) throw error;
        failures = this.#at > before ? 1 : failures + 1;
        if (failures >= TRIES) throw unreachable(this.#work, error);
      }
      await setTimeout(Math.random() * pauseMs * 2 ** failures, undefined, { signal });
    }
  }

  /** What is here already need not come again, if the server says that it is of the same bytes. */
  #range(): Record<string, string> {
    const { etag } = this.#told;
    if (this.#at === 0 || this.#isPacked || etag === undefined || etag.startsWith('W/')) return {};
    return { range: `bytes=${String(this.#at)}-`, 'if-range': etag };
  }

  /** Whether a server says that behind what is here there is nothing: it broke off at its very end. */
  #isAll(response: Answer): boolean {
    return (
      this.#at > 0 && response.status === 416 && response.header('content-range') === `bytes */${String(this.#at)}`
    );
  }

  async #begin(response: Answer): Promise<void> {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.header('content-range') ?? '') ?? [];
    // Of a part that nobody asked for, and of one of a whole of unknown size, it is not known where it ends.
    const isRest = this.#at > 0 && Number(from) === this.#at && response.header('etag') === this.#told.etag;
    if (response.status === 206 && isRest) {
      this.#told = { ...this.#told, size: Number(total) };
      return;
    }
    if (response.status !== 200) throw await refused(this.#work, response);
    this.#told = toldBy(response);
    this.#isPacked = isPacked(response.header);
    this.#at = 0;
    await this.#file.truncate(0);
  }

  async #body({ response, alive }: Asked): Promise<void> {
    for await (const chunk of response.body()) {
      alive();
      await writeAll(this.#file, chunk, this.#at);
      this.#at += chunk.length;
      this.#onBytes(this.#at, this.#told.size);
    }
    const { size } = this.#told;
    if (size !== undefined && this.#at < size) throw new Error('the answer broke off');
  }
}
