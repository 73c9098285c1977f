import type { Config } from '../project/config.ts';
import { readConfigText } from '../project/config-file.ts';
import type { Setting } from '../project/config-file.ts';
import type { OptionSpec, RemoteOptionName } from '../project/option.ts';
import { OPTIONS, REMOTE_OPTIONS } from '../project/option.ts';
import { expandPlaceholders, hasPlaceholder, readOption } from '../project/option-value.ts';
import { PipeError } from '../problem/problem.ts';
import { endpointOrigin, isAmazon } from './endpoint.ts';

/** What of a remote is taken from a stranger's configuration: where it is. What opens doors comes from here. */
const TAKEN: ReadonlySet<RemoteOptionName> = new Set<RemoteOptionName>([
  'url',
  'region',
  'endpointurl',
  'use_ssl',
  'allow_anonymous_login',
]);

/** With one of these, the user has said whom a remote may know. */
const OPENING = ['endpointurl', 'access_key_id', 'profile', 'credentialpath'] as const satisfies RemoteOptionName[];

/** A config file, and what messages call it. */
export interface ConfigText {
  readonly text: string;
  readonly label: string;
}

export interface SourceConfigOptions {
  /** The config of the project, which anybody may have written. */
  readonly theirs: ConfigText;
  /** The local config beside it, where it is this user's. */
  readonly own?: ConfigText | undefined;
  /** The servers that this user has set up, or named in the environment, as {@link endpointOrigin} writes them. */
  readonly known: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The configuration of a project in another repository, which a stranger may have written: only its default remote, and
 * where its remotes are. No variable of this environment is put into it, and what cannot be read counts as not said. A
 * server that only the stranger names is given no credentials.
 * @throws {PipeError} on use: PIPE_REMOTE_URL for a placeholder; what is wrong with the user's own file
 */
export function sourceConfig({ theirs, own, known, env }: SourceConfigOptions): Config {
  const taken = readConfigText({ path: theirs.label, level: 'project', label: theirs.label }, theirs.text);
  const said = taken.settings.filter(({ name }) => {
    const [section, , option] = name.split('.');
    return name === 'core.remote' || (section === 'remote' && TAKEN.has(option as RemoteOptionName));
  });
  const ours = own && readConfigText({ path: own.label, level: 'local', label: own.label }, own.text);
  if (ours !== undefined && ours.problems.length > 0) throw new PipeError(ours.problems);
  const settings = [...said, ...(ours?.settings ?? [])];
  const content = (name: string): unknown => {
    const setting = settings.findLast((each) => each.name === name);
    return setting === undefined ? undefined : valueOf(setting, theirs.label, env);
  };
  const isOurs = (name: string): boolean => ours?.settings.some((each) => each.name === name) === true;
  const isAnonymous = (remote: string): boolean => {
    const endpoint = content(`remote.${remote}.endpointurl`);
    if (typeof endpoint !== 'string' || OPENING.some((option) => isOurs(`remote.${remote}.${option}`))) return false;
    const origin = endpointOrigin(endpoint, content(`remote.${remote}.use_ssl`) !== false);
    return origin === undefined || !(known.has(origin) || isAmazon(origin));
  };
  const option = (remote: string, name: RemoteOptionName): unknown => {
    const full = `remote.${remote}.${name}`;
    if (!isOurs(full)) {
      if (name === 'allow_anonymous_login' && isAnonymous(remote)) return true;
      // Credentials would travel in the clear to Amazon.
      if (name === 'use_ssl' && content(`remote.${remote}.endpointurl`) === undefined) return undefined;
    }
    return content(full);
  };
  return {
    get: (name) => (content(name) ?? defaultOf(OPTIONS[name])) as never,
    remote: (remote, name) => (option(remote, name) ?? defaultOf(REMOTE_OPTIONS[name])) as never,
    remotes: () => [...new Set(settings.flatMap(({ name }) => /^remote\.([^.]+)\./.exec(name)?.[1] ?? []))],
    // Whom to believe is decided here: no run record of a stranger is taken.
    signers: () => [],
    signer: () => undefined,
    allowed: () => new Set(),
    settings: () => settings,
    isOwn: ({ level }) => level === 'local',
  };
}

function valueOf({ name, content, level, spec, at }: Setting, label: string, env: SourceConfigOptions['env']): unknown {
  if (typeof content !== 'string' || !hasPlaceholder(content)) return content;
  if (level !== 'project') {
    const read = readOption(spec, expandPlaceholders(content, { name, env, at, allowed: 'all' }));
    return 'content' in read ? read.content : undefined;
  }
  throw new PipeError({
    code: 'PIPE_REMOTE_URL',
    message: `${label} takes ${name} from the environment, which another repository is not given`,
    hint: 'add the remote here: `pipe remote add --local NAME URL`, and name it with --remote NAME',
  });
}

function defaultOf(spec: OptionSpec): unknown {
  return spec.default;
}
