import { relative } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import { readConfigFile } from './config-file.ts';
import type { ConfigOrigin, Setting } from './config-file.ts';
import { LEVELS, levelFile } from './config-level.ts';
import type { Level, LevelPlaces } from './config-level.ts';
import type { ContentOf, OptionContent, OptionName, RemoteOptionName } from './option.ts';
import { OPTIONS, REMOTE_OPTIONS, SIGNER_OPTION } from './option.ts';
import type { OptionSpec } from './option.ts';
import type { Allowed } from './option-value.ts';
import { expandPlaceholders, hasPlaceholder, readOption } from './option-value.ts';
import { isTrackedFile } from './tracked-file.ts';

/** The options of a project over all levels. Files are read on the first use. */
export interface Config {
  /**
   * What an option holds after all levels and placeholders; its default, or `undefined`, when nothing sets it.
   * @throws {PipeError} with every problem of every config file, or for a placeholder whose variable is not set.
   */
  readonly get: <N extends OptionName>(name: N) => ContentOf<(typeof OPTIONS)[N]>;
  /** The same for an option of a remote. */
  readonly remote: <N extends RemoteOptionName>(remote: string, name: N) => ContentOf<(typeof REMOTE_OPTIONS)[N]>;
  /** Names of all remotes, in the order of the files. */
  readonly remotes: () => readonly string[];
  /** Names of all trusted signers, in the order of the files. */
  readonly signers: () => readonly string[];
  /** The public key of a trusted signer. */
  readonly signer: (name: string) => string | undefined;
  /** The environment variables that files in Git may ask for: pointers, and the project's own config. */
  readonly allowed: () => ReadonlySet<string>;
  /** Everything that is set, weakest level first, placeholders unexpanded. */
  readonly settings: () => readonly Setting[];
  /** Whether the user of this machine wrote a setting: what lies in Git, a stranger may have written. */
  readonly isOwn: (setting: Setting) => boolean;
}

export interface ConfigPlaces extends LevelPlaces {
  /** Messages name files relative to it; absent outside a project. */
  readonly root?: string;
}

/** Opens the configuration; reads nothing yet. */
export function openConfig(places: ConfigPlaces): Config {
  let all: readonly Setting[] | undefined;
  const settings = (): readonly Setting[] => (all ??= readLevels(places));
  let isTracked: boolean | undefined;
  // Whoever made the repository may have put the local file into Git.
  const isOwn = ({ level }: Setting): boolean => {
    if (level !== 'local') return level !== 'project';
    return !(isTracked ??= isTrackedFile(levelFile('local', places) ?? '', places.env));
  };
  let names: ReadonlySet<string> | undefined;
  const allowed = (): ReadonlySet<string> => (names ??= new Set(allowedNames(settings(), isOwn, places.env)));
  const content = (name: string, spec: OptionSpec): OptionContent | undefined => {
    const setting = settings().findLast((each) => each.name === name);
    if (setting === undefined) return spec.default;
    return expanded(setting, places.env, () => (isOwn(setting) ? 'all' : allowed()));
  };
  return {
    get: (name) => content(name, OPTIONS[name]) as ContentOf<(typeof OPTIONS)[typeof name]>,
    remote: (remote, name) =>
      content(`remote.${remote}.${name}`, REMOTE_OPTIONS[name]) as ContentOf<(typeof REMOTE_OPTIONS)[typeof name]>,
    remotes: () => [...new Set(settings().flatMap(({ name }) => /^remote\.([^.]+)\./.exec(name)?.[1] ?? []))],
    signers: () => [...new Set(settings().flatMap(({ name }) => /^signers\.(.+)$/.exec(name)?.[1] ?? []))],
    signer: (name) => content(`signers.${name}`, SIGNER_OPTION) as string | undefined,
    allowed,
    settings,
    isOwn,
  };
}

function allowedNames(
  settings: readonly Setting[],
  isOwn: (setting: Setting) => boolean,
  env: LevelPlaces['env'],
): readonly string[] {
  const setting = settings.findLast((each) => each.name === 'core.env' && isOwn(each));
  return setting === undefined ? [] : (expanded(setting, env, () => 'all') as readonly string[]);
}

/** The config file of a level; `undefined` for the project's own levels outside a project. */
export function configOrigin(level: Level, places: ConfigPlaces): ConfigOrigin | undefined {
  const path = levelFile(level, places);
  if (path === undefined) return undefined;
  const inside = level === 'project' || level === 'local';
  return { path, level, label: inside && places.root !== undefined ? relative(places.root, path) : path };
}

function readLevels(places: ConfigPlaces): readonly Setting[] {
  const files = LEVELS.flatMap((level) => configOrigin(level, places) ?? []).map(readConfigFile);
  const problems = files.flatMap((file) => file.problems);
  if (problems.length > 0) throw new PipeError(problems);
  return files.flatMap((file) => file.settings);
}

function expanded(
  { name, spec, content, at }: Setting,
  env: LevelPlaces['env'],
  allowed: () => Allowed,
): OptionContent {
  if (typeof content !== 'string' || !hasPlaceholder(content)) return content;
  const read = readOption(spec, expandPlaceholders(content, { name, env, at, allowed: allowed() }));
  if ('content' in read) return read.content;
  const message = `${name} cannot hold what the environment says: ${read.wrong}`;
  throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, at });
}
