import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PipeError } from '../problem/problem.ts';

/** A user and password for one host. */
export interface NetrcLogin {
  readonly login: string;
  readonly password: string;
}

/** Far more than anybody has logins. */
const MOST_BYTES = 1 << 20;

/**
 * What the user's netrc file says of a host, as curl, Git and Python read it: `NETRC` names the file, else it is `.netrc` in
 * the home folder. Its `default` entry is left out: it would be shown to every server that somebody else's pointer names.
 * @param user the user that is meant, where there may be several
 * @throws {PipeError} PIPE_FILE_READ for a file that is there and cannot be read
 */
export function netrcLogin(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
  user?: string,
): NetrcLogin | undefined {
  const file = env['NETRC'] ?? join(env['HOME'] ?? homedir(), '.netrc');
  const text = readIfSmall(file);
  return text === undefined ? undefined : loginIn(text, host, user);
}

function readIfSmall(file: string): string | undefined {
  try {
    if (statSync(file).size <= MOST_BYTES) return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PipeError({ code: 'PIPE_FILE_READ', message: `${file}, where logins are kept, cannot be read (${code ?? 'unknown'})` }); // prettier-ignore
  }
  throw new PipeError({ code: 'PIPE_FILE_READ', message: `${file} is larger than 1 MiB, which no netrc file is` });
}

/** The first entry of a host that has a user and a password, and the user that is asked for. */
export function loginIn(text: string, host: string, user?: string): NetrcLogin | undefined {
  for (const entry of entriesOf(text)) {
    const { machine, login, password } = entry;
    if (machine?.toLowerCase() !== host.toLowerCase() || password === undefined) continue;
    const meant = login ?? user ?? '';
    if (user === undefined || meant === user) return { login: meant, password };
  }
  return undefined;
}

interface NetrcEntry {
  readonly machine?: string;
  login?: string;
  password?: string;
}

function entriesOf(text: string): NetrcEntry[] {
  const entries: NetrcEntry[] = [];
  let own: NetrcEntry = {};
  const words = wordsOf(text);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === 'machine') entries.push((own = { machine: words[(at += 1)] ?? '' }));
    else if (word === 'default') own = {};
    else if (word === 'login') own.login = words[(at += 1)] ?? '';
    else if (word === 'password') own.password = words[(at += 1)] ?? '';
    else if (word === 'account') at += 1;
  }
  return entries;
}

/** The words of the file: without comments, and without macros, which end with an empty line. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let isMacro = false;
  for (const line of text.split(/\r?\n/)) {
    if (isMacro) isMacro = line.trim() !== '';
    else if (!line.trimStart().startsWith('#')) {
      const [before = ''] = line.split(/(?<![^\s])macdef(?![^\s])/, 1);
      isMacro = before.length < line.length;
      words.push(...wordsIn(before));
    }
  }
  return words;
}

/** A word in quotes may hold spaces, and `\"` a quote. */
function wordsIn(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain = '']) => quoted?.replace(/\\(.)/g, '$1') ?? plain,
  );
}
