import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { checkAborted, isAbort } from '../kit/abort.ts';
import type { Told } from '../lockfile/pointer-import.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';
import type { HttpLogin } from './http-login.ts';
import { basic, decoded } from './http-login.ts';
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
  /** Milliseconds before the first try again, doubled each time; tests do not wait. */
  readonly pauseMs?: number;
}

/** A file on a web server. A user and a password, in the URL or not, only that server is told. */
export function openHttp(url: string, options: HttpOptions): RemoteData {
  const name = redactUrls(url);
  const work: Http = { url, name, pauseMs: 200, ...options };
  return {
    name,
    async tell() {
      const { response } = await ask(work, { method: 'HEAD' });
      if (response.ok) return toldBy(response);
      // Some servers, and URLs that are signed for one method, know no HEAD.
      const { response: whole } = await ask(work, { method: 'GET' });
      if (!whole.ok) throw await refused(work, whole);
      await whole.body?.cancel();
      return toldBy(whole);
    },
    download: (target, onBytes) => download(work, target, onBytes),
  };
}

interface Http extends Omit<Required<HttpOptions>, 'login'>, Pick<HttpOptions, 'login'> {
  readonly url: string;
  readonly name: string;
}

interface Asked {
  readonly response: Response;
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
      await asked.response.body?.cancel();
    } catch (error) {
      checkAborted(work.signal);
      if (error instanceof PipeError) throw error;
      if (attempt === TRIES) throw unreachable(work.name, error);
    }
    await setTimeout(Math.random() * work.pauseMs * 2 ** attempt, undefined, { signal: work.signal });
  }
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

async function askOnce(work: Http, { method, headers }: Question): Promise<Asked> {
  const { url, login } = withoutUser(work);
  let at = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const silence = new AbortController();
    const timer = globalThis.setTimeout(() => { silence.abort(); }, SILENCE_MS); // prettier-ignore
    timer.unref();
    const isHome = at.origin === url.origin && at.pathname.startsWith(login?.below ?? '/');
    const response = await fetch(at, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any([work.signal, silence.signal]),
      headers: {
        'accept-encoding': 'identity',
        ...headers,
        ...(login !== undefined && isHome ? { [login.header]: login.value } : {}),
      },
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) {
      return { response, alive: () => { timer.refresh(); } }; // prettier-ignore
    }
    clearTimeout(timer);
    await response.body?.cancel();
    at = redirected(at, location, work.name);
  }
  const message = `${work.name} leads from one URL to the next, more than ${String(MOST_REDIRECTS)} times`;
  throw new PipeError({ code: 'PIPE_URL_FAILED', message });
}

function withoutUser({ url: text, login }: Http): { readonly url: URL; readonly login: HttpLogin | undefined } {
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
  if (to !== undefined && isWeb && !isLoss) return to;
  const why = isLoss ? 'to one that is not encrypted' : 'to something that is no web server';
  throw new PipeError({ code: 'PIPE_URL_FAILED', message: `${name} leads ${why}` });
}

function toldBy({ headers }: Response): Told {
  const length = headers.get('content-length');
  const mtime = Date.parse(headers.get('last-modified') ?? '');
  const etag = headers.get('etag');
  return {
    ...(etag === null ? {} : { etag }),
    ...(length !== null && /^\d{1,15}$/.test(length) ? { size: Number(length) } : {}),
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
  #at = 0;

  constructor(work: Http, file: FileHandle, onBytes: Parameters<RemoteData['download']>[1]) {
    this.#work = work;
    this.#file = file;
    this.#onBytes = onBytes;
  }

  async run(): Promise<Told> {
    const { name, signal, pauseMs } = this.#work;
    for (let failures = 0; ;) {
      const before = this.#at;
      const asked = await ask(this.#work, { method: 'GET', headers: this.#range() });
      await this.#begin(asked.response);
      try {
        await this.#body(asked);
        return { ...this.#told, size: this.#at };
      } catch (error) {
        checkAborted(signal);
        if (error instanceof PipeError) throw error;
        failures = this.#at > before ? 1 : failures + 1;
        if (failures >= TRIES) throw unreachable(name, error);
      }
      await setTimeout(Math.random() * pauseMs * 2 ** failures, undefined, { signal });
    }
  }

  /** What is here already need not come again, if the server says that it is of the same bytes. */
  #range(): Record<string, string> {
    const { etag } = this.#told;
    if (this.#at === 0 || etag === undefined || etag.startsWith('W/')) return {};
    return { range: `bytes=${String(this.#at)}-`, 'if-range': etag };
  }

  async #begin(response: Response): Promise<void> {
    const from = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    const isRest = response.status === 206 && Number(from?.[1]) === this.#at && response.headers.get('etag') === this.#told.etag; // prettier-ignore
    if (isRest) return;
    if (response.status !== 200) throw await refused(this.#work, response);
    this.#told = toldBy(response);
    this.#at = 0;
    await this.#file.truncate(0);
  }

  async #body({ response, alive }: Asked): Promise<void> {
    const encoding = response.headers.get('content-encoding');
    // The length is then that of what travels.
    if (encoding !== null && encoding !== 'identity') this.#told = withoutSize(this.#told);
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      alive();
      await this.#file.write(chunk, 0, chunk.length, this.#at);
      this.#at += chunk.length;
      this.#onBytes(this.#at, this.#told.size);
    }
    const { size } = this.#told;
    if (size !== undefined && this.#at < size) throw new Error('the answer broke off');
  }
}

function withoutSize({ etag, mtime }: Told): Told {
  return { ...(etag === undefined ? {} : { etag }), ...(mtime === undefined ? {} : { mtime }) };
}

async function refused(work: Http, response: Response): Promise<PipeError> {
  const { name } = work;
  const { login } = withoutUser(work);
  const { status, statusText } = response;
  const answer = `${String(status)} ${shown(statusText, login)}`.trim();
  const reason = shown(await reasonIn(response, longestSecret(login)), login);
  const said = reason === '' ? answer : `${answer}: ${reason}`;
  if (status === 404 || status === 410) {
    const hint = 'check the URL; some servers say so, too, to who has no right to see it';
    return new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is nothing at ${name} (${said})`, hint });
  }
  const isLogin = status === 401 || status === 403 || status === 407;
  return new PipeError({
    code: 'PIPE_URL_FAILED',
    message: `${name} answers ${said}`,
    ...(isLogin ? { hint: loginHint(login, status) } : {}),
  });
}

/** What a server says, as far as it is shown. It may tell what it was shown: hidden first, since a part of it may be told. */
function shown(said: string, login: HttpLogin | undefined): string {
  const hidden = secretsOf(login).reduce((text, secret) => text.replaceAll(secret, '***'), said);
  return redactUrls(hidden).slice(0, MOST_SHOWN);
}

/** The longest first: one may be a part of another. */
function secretsOf(login: HttpLogin | undefined): readonly string[] {
  if (login === undefined || login.secret === '') return [];
  const told = [login.secret, login.value.replace(/^\w+ /, ''), encodeURIComponent(login.secret)];
  return told.sort((a, b) => b.length - a.length);
}

function longestSecret(login: HttpLogin | undefined): number {
  return secretsOf(login)[0]?.length ?? 0;
}

/** Without a scheme before it, so that it is not taken for a password that is to be hidden. */
const LOGIN =
  'keep a user and a password in ~/.netrc (https only), or any login in a remote for that server (`pipe remote add --help`), or put variables of the environment into the URL (USER:${NAME}@HOST, ?token=${NAME})';

function loginHint(login: HttpLogin | undefined, status: number): string {
  if (status === 401) return login === undefined ? LOGIN : `it does not accept the login that ${login.from} gives`;
  const signed = 'a URL that was signed may have expired';
  return login === undefined
    ? `${signed}; ${LOGIN}`
    : `the login that ${login.from} gives may not read this; ${signed}`;
}

/** Of an answer that refuses, so much is read to learn why. */
const MOST_REASON_BYTES = 4096;

/** Characters of it that people are shown. */
const MOST_SHOWN = 200;

/**
 * What a server says of why it refuses: a line of text, or the message in XML or JSON; a page for people says less.
 * @param margin so many characters are left out at the end of what is cut off: a secret may begin there
 */
async function reasonIn(response: Response, margin: number): Promise<string> {
  const beginning = await beginningOf(response);
  const isCut = Buffer.byteLength(beginning) >= MOST_REASON_BYTES;
  const text = isCut ? beginning.slice(0, Math.max(0, beginning.length - margin)) : beginning;
  const kind = response.headers.get('content-type') ?? '';
  const reason = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? messageInJson(text) ?? (kind.startsWith('text/plain') ? text : undefined); // prettier-ignore
  return reason?.trim().split('\n')[0]?.trim() ?? '';
}

async function beginningOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      if ((length += piece.length) >= MOST_REASON_BYTES) break;
    }
  } catch {
    // What came before it broke off may do.
  }
  return Buffer.concat(pieces).toString('utf8', 0, MOST_REASON_BYTES);
}

function messageInJson(text: string): string | undefined {
  try {
    const { message, error } = JSON.parse(text) as { readonly message?: unknown; readonly error?: unknown };
    return [message, error].find((each) => typeof each === 'string');
  } catch {
    return undefined;
  }
}

function unreachable(name: string, error: unknown): unknown {
  if (isAbort(error) || !(error instanceof Error)) return reached(name, 'it was silent for a minute');
  const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } };
  const code = cause?.code ?? '';
  const why = REASONS[code];
  return reached(name, why === undefined ? (cause?.code ?? cause?.message ?? error.message) : `${why} (${code})`);
}

const REASONS: Readonly<Record<string, string | undefined>> = {
  ENOTFOUND: 'there is no such host, or no network',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNREFUSED: 'nothing answers there',
};

function reached(name: string, why: string): PipeError {
  return new PipeError({
    code: 'PIPE_URL_FAILED',
    message: `cannot read ${name}: ${redactUrls(why)}`,
    hint: 'try `curl -v` with this URL',
  });
}
