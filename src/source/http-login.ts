import { PipeError } from '../problem/problem.ts';
import type { DigestLogin } from './http-digest.ts';
import { netrcLogin } from './netrc.ts';

/** What a web server is shown so that it gives data. Only the server that it is for ever sees it. */
export type HttpLogin = HeaderLogin | ProvedLogin;

/** What stands in a header. */
export interface HeaderLogin extends LoginOrigin {
  readonly kind: 'header';
  /** The name of the header. */
  readonly header: string;
  readonly value: string;
}

/** A password that is not shown: it is proved that it is known. */
export interface ProvedLogin extends LoginOrigin, DigestLogin {
  readonly kind: 'digest';
}

interface LoginOrigin {
  /** What must not be told: the password, or the token. */
  readonly secret: string;
  /** Where it is from, for people. */
  readonly from: string;
  /** Where the paths begin that are shown it; all paths of the server when absent. */
  readonly below?: string;
}

/** What the configuration of a remote says of how its web server is logged into. */
export interface LoginOptions {
  readonly auth: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly header: string | undefined;
  /** What messages call the remote's options: `remote.web`. */
  readonly name: string;
  /** The path that its URL begins with; ends with a slash. */
  readonly below: string;
}

/**
 * The login that a remote is set up with; `undefined` where it has no password.
 * @throws {PipeError} PIPE_CONFIG_VALUE where something is missing, or cannot stand in a header
 */
export function configuredLogin({ auth, user, password, header, name, below }: LoginOptions): HttpLogin | undefined {
  if (password === undefined) return undefined;
  const from = `${name}.password`;
  if (auth === 'bearer')
    return checked({
      kind: 'header',
      header: 'authorization',
      value: `Bearer ${password}`,
      secret: password,
      from,
      below,
    });
  if (auth === 'custom') {
    if (header !== undefined)
      return checked({ kind: 'header', header, value: password, secret: password, from, below });
    throw wrong(`${name}.auth is custom, and ${name}.custom_auth_header does not say which header that is`);
  }
  if (user === undefined)
    throw wrong(`${name}.password goes with ${name}.user; a token alone with ${name}.auth = bearer`);
  if (auth === 'digest') {
    if (PLAIN.test(user)) return { kind: 'digest', user, password, secret: password, from, below };
    throw wrong(`${name}.user holds a character that no header can hold`);
  }
  return { ...basic({ login: user, password }), from, below };
}

/**
 * The login that the user's netrc file has for a server. Not over an encrypted connection it is shown to this machine
 * alone: who wrote a pointer may have left out the s of https.
 * @throws {PipeError} PIPE_FILE_READ
 */
export function netrcLoginFor(
  { protocol, hostname, username }: URL,
  env: Readonly<Record<string, string | undefined>>,
): HttpLogin | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:' && !/^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) return undefined;
  const found = netrcLogin(host, env, username === '' ? undefined : decoded(username));
  return found && { ...basic(found), from: 'the netrc file' };
}

/** What stands in a URL, where a percent sign may be one. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A user and a password, as servers are told them. */
export function basic({
  login,
  password,
}: {
  readonly login: string;
  readonly password: string;
}): Omit<HeaderLogin, 'from' | 'below'> {
  const value = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;
  return { kind: 'header', header: 'authorization', value, secret: password };
}

/** What a header can hold. */
const PLAIN = /^[\t\x20-\x7e]+$/;

/** What cannot stand in a header would be told by whoever refuses it. */
function checked(login: HeaderLogin): HeaderLogin {
  if (PLAIN.test(login.value)) return login;
  throw wrong(`${login.from} holds a character that no header can hold: a line end, perhaps`);
}

function wrong(message: string): PipeError {
  return new PipeError({ code: 'PIPE_CONFIG_VALUE', message });
}
