import { isAbsolute, relative, resolve, sep } from 'node:path';
import { nearest } from '../kit/nearest.ts';
import { PipeError } from '../problem/problem.ts';
import type { Level } from '../project/config-level.ts';
import { LEVELS } from '../project/config-level.ts';
import { hasPlaceholder } from '../project/option-value.ts';
import { requireRoot } from '../project/project.ts';
import { isFolderPath, readRemoteUrl } from '../project/remote-url.ts';
import { isSwitch } from '../kit/tls-trust.ts';
import type { Context, OptionSpecs } from './command.ts';
import { settingsOf } from './config.ts';

/** The level that a `remote` command works on. */
export const LEVEL_OPTIONS = {
  global: { type: 'boolean', help: 'for you, in all projects' },
  system: { type: 'boolean', help: 'for everyone on this machine' },
  project: { type: 'boolean', help: 'for this project; what is set goes here by itself' },
  local: { type: 'boolean', help: 'for this project on this machine; Git ignores it' },
} as const satisfies OptionSpecs;

const NAME = /^[A-Za-z0-9_-]+$/;

/** @throws {PipeError} PIPE_USAGE when a text cannot name a remote */
export function checkRemoteName(name: string): void {
  if (NAME.test(name)) return;
  const message = `${JSON.stringify(name)} cannot name a remote`;
  throw new PipeError({ code: 'PIPE_USAGE', message, hint: 'a name has letters, digits, - and _' });
}

/** The remotes that are set at a level, or up to it; at all levels when absent. */
export function remotesAt(context: Context, level: Level | undefined): string[] {
  const found = settingsOf(context, level).flatMap(({ name }) => /^remote\.([^.]+)\./.exec(name)?.[1] ?? []);
  return [...new Set(found)];
}

/** The levels from a level to the weakest, the level first. */
export function levelsFrom(level: Level): readonly Level[] {
  return LEVELS.slice(0, LEVELS.indexOf(level) + 1).toReversed();
}

/** @throws {PipeError} PIPE_REMOTE_UNKNOWN with the nearest name when none of the levels sets a remote */
export function requireRemote(name: string, known: readonly string[], where = ''): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new PipeError({
    code: 'PIPE_REMOTE_UNKNOWN',
    message: `there is no remote "${name}"${where}`,
    hint: near === undefined ? '`pipe remote list` shows all' : `did you mean ${near}?`,
  });
}

const PATHS = new Set(['url', 'credentialpath', 'configpath', 'ssl_verify']);

/**
 * What goes into the file for the value of an option. A relative path on the command line is relative to the folder
 * that the user is in; in the file it is relative to the file, so that it holds for everyone. The user's and the machine's
 * files serve all projects: they get absolute paths.
 * @throws {PipeError} PIPE_REMOTE_URL for a URL that makes no sense
 */
export function storedValue(
  { cwd }: Context,
  level: Level,
  { option, value }: { option: string; value: string },
): string {
  if (option === 'url') checkUrl(value);
  if (!PATHS.has(option) || value === '' || !isRelativePath(option, value)) return value;
  const absolute = resolve(cwd, value);
  if (level === 'global' || level === 'system') return absolute;
  const path = relative(resolve(requireRoot(cwd), '.pipe'), absolute);
  return path.split(sep).join('/') || '.';
}

/** A placeholder at the beginning is nobody's relative path. */
function isRelativePath(option: string, value: string): boolean {
  if (isAbsolute(value) || /^~(?:\/|$)/.test(value) || hasPlaceholder(value.split('/', 1)[0] ?? '')) return false;
  return option === 'ssl_verify' ? !isSwitch(value) : isFolderPath(value);
}

function checkUrl(url: string): void {
  if (hasPlaceholder(url)) return;
  const read = readRemoteUrl(url);
  if ('problem' in read) throw new PipeError(read.problem);
}
