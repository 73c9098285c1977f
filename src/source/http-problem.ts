import { isAbort } from '../kit/abort.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';
import type { HttpLogin } from './http-login.ts';
import type { Answer } from './http-request.ts';

/** A web server, as messages call what is asked of it, and what it is shown. */
export interface Subject {
  /** Holds no secret. */
  readonly name: string;
  readonly login: HttpLogin | undefined;
  /** How to make a certificate trusted. */
  readonly trustHint: string;
}

/** What to say of an answer that refuses; reads a part of it. */
export async function refused({ name, login }: Subject, response: Answer): Promise<PipeError> {
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
  const shown = login.kind === 'header' ? [login.value.replace(/^\w+ /, '')] : [];
  return [login.secret, ...shown, encodeURIComponent(login.secret)].sort((a, b) => b.length - a.length);
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
async function reasonIn(response: Answer, margin: number): Promise<string> {
  const beginning = await beginningOf(response);
  const isCut = Buffer.byteLength(beginning) >= MOST_REASON_BYTES;
  const text = isCut ? beginning.slice(0, Math.max(0, beginning.length - margin)) : beginning;
  const kind = response.header('content-type') ?? '';
  const reason = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? messageInJson(text) ?? (kind.startsWith('text/plain') ? text : undefined); // prettier-ignore
  return reason?.trim().split('\n')[0]?.trim() ?? '';
}

async function beginningOf({ body, discard }: Answer): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of body()) {
      pieces.push(piece);
      if ((length += piece.length) >= MOST_REASON_BYTES) break;
    }
  } catch {
    // What came before it broke off may do.
  } finally {
    discard();
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

/** What to say where no answer came, or where it broke off. */
export function unreachable({ name, trustHint }: Subject, error: unknown): PipeError {
  if (isAbort(error) || !(error instanceof Error)) return reached(name, 'it was silent for a minute');
  const code = codeOf(error);
  if (isUntrusted(code)) return reached(name, `its certificate is not trusted: ${error.message} (${code})`, trustHint);
  const why = REASONS[code];
  return reached(name, why === undefined ? code || error.message : `${why} (${code})`);
}

const REASONS: Readonly<Record<string, string | undefined>> = {
  ENOTFOUND: 'there is no such host, or no network',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNREFUSED: 'nothing answers there',
};

/** How often a request is tried that meets a fault of the connection; all others more often. */
export function triesAfter(error: unknown, most: number): number {
  const code = codeOf(error);
  // Who answers for names has answered, and a certificate stays the same. Who is busy may be less so in a second.
  if (code === 'ENOTFOUND' || isUntrusted(code)) return 1;
  return code === 'EAI_AGAIN' ? Math.min(3, most) : most;
}

function codeOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? '') : '';
}

function isUntrusted(code: string): boolean {
  return /CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)/.test(code);
}

function reached(name: string, why: string, hint = 'try `curl -v` with this URL'): PipeError {
  return new PipeError({ code: 'PIPE_URL_FAILED', message: `cannot read ${name}: ${redactUrls(why)}`, hint });
}
