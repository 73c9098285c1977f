import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { nearest } from '../kit/nearest.ts';
import { isSwitch } from '../kit/tls-trust.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';
import type { Config } from '../project/config.ts';
import type { Setting } from '../project/config-file.ts';
import type { Level } from '../project/config-level.ts';
import { levelFile } from '../project/config-level.ts';
import type { RemoteOptionName } from '../project/option.ts';
import { webOrigin } from '../project/password-origin.ts';
import type { Project } from '../project/project.ts';
import { readRemoteUrl } from '../project/remote-url.ts';
import type { Place } from '../store/place/place.ts';

/** What a remote is opened with. */
export interface OpenRemoteOptions {
  /** As the user asked for it; the default remote when absent. */
  readonly name?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** How many calls go out at once; stronger than the configuration. */
  readonly jobs?: number | undefined;
}

/** A remote that is open: {@link Place.close} it in the end. */
export interface OpenedRemote {
  /** What the configuration calls it. */
  readonly name: string;
  readonly place: Place;
}

/** The remotes that data can be pushed to and pulled from. Web servers are none: URLs are only read below them. */
export function dataRemotes(config: Config): string[] {
  // As it was written: a placeholder that the environment does not fill is told when the remote is asked.
  const urls = new Map(config.settings().map(({ name, content }) => [name, content]));
  return config.remotes().filter((name) => {
    const url = urls.get(`remote.${name}.url`);
    const read = url === undefined ? undefined : readRemoteUrl(String(url));
    return read !== undefined && !('kind' in read && read.kind === 'http');
  });
}

/**
 * The name of the remote that is meant: the one that was asked for, or the default one.
 * @throws {PipeError} PIPE_REMOTE_NONE when neither is there, PIPE_REMOTE_UNKNOWN with the nearest name
 */
export function remoteNamed(config: Config, asked?: string): string {
  const known = config.remotes().filter((name) => config.remote(name, 'url') !== undefined);
  const name = asked ?? config.get('core.remote');
  if (name === undefined) throw new PipeError(noRemote(dataRemotes(config), known));
  if (known.includes(name)) return name;
  const near = nearest(name, known);
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : known.length === 0
        ? `add it: \`pipe remote add ${name} s3://BUCKET/PREFIX\``
        : `there are ${known.join(', ')}`;
  const origin = asked === undefined ? ', which core.remote makes the default one' : '';
  throw new PipeError({ code: 'PIPE_REMOTE_UNKNOWN', message: `there is no remote "${name}"${origin}`, hint });
}

/**
 * The same for who can do without: `undefined` when none was asked for, and the project has none.
 * @throws {PipeError} PIPE_REMOTE_UNKNOWN, PIPE_REMOTE_NONE
 */
export function usualRemote(config: Config, asked: string | undefined): string | undefined {
  const isNone = asked === undefined && config.get('core.remote') === undefined && dataRemotes(config).length === 0;
  return isNone ? undefined : remoteNamed(config, asked);
}

function noRemote(known: readonly string[], all: readonly string[]): ConstructorParameters<typeof PipeError>[0] {
  const [first] = known;
  if (first === undefined) {
    const hint = 'add one: `pipe remote add -d NAME s3://BUCKET/PREFIX`, or a folder';
    const but = all.length === 0 ? '' : ` that holds data: from ${all.join(', ')}, URLs are only read`;
    return { code: 'PIPE_REMOTE_NONE', message: `there is no remote${but}`, hint };
  }
  const hint = `choose it: \`pipe remote default ${first}\`, or name one with -r`;
  return { code: 'PIPE_REMOTE_NONE', message: `no remote is the default one (there are ${known.join(', ')})`, hint };
}

/**
 * Opens a remote of a project. Nothing is asked of it yet.
 * @throws {PipeError} when there is none, or its options make no sense
 */
export async function openRemote(
  project: Pick<Project, 'pipeDir' | 'config'>,
  { name: asked, env, signal, jobs: atOnce }: OpenRemoteOptions,
): Promise<OpenedRemote> {
  const { config } = project;
  const name = remoteNamed(config, asked);
  const get = <N extends RemoteOptionName>(option: N): ReturnType<typeof config.remote<N>> =>
    config.remote(name, option);
  const file = (option: RemoteOptionName): string | undefined => {
    const path = get(option);
    return path === undefined ? undefined : absolutePath({ ...project, env }, `remote.${name}.${option}`, String(path));
  };
  const awsFile = (option: 'credentialpath' | 'configpath'): string | undefined => {
    refuseForeignFile(config, { name, option });
    return file(option);
  };
  const url = readRemoteUrl(get('url') ?? '');
  if ('problem' in url) throw new PipeError(url.problem);
  if (url.kind === 'http') throw onlyRead(name, url.url);
  const jobs = atOnce ?? get('jobs');
  if (url.kind === 'folder') {
    const { openFolder } = await import('../store/place/folder.ts');
    const root = absolutePath({ ...project, env }, `remote.${name}.url`, url.path);
    return { name, place: openFolder({ root, signal, jobs }) };
  }
  const { openConfiguredS3 } = await import('../store/place/s3.ts');
  const verify = get('ssl_verify');
  const place = await openConfiguredS3({
    bucket: url.bucket,
    prefix: url.prefix,
    remote: name,
    env,
    signal,
    jobs,
    region: get('region'),
    endpoint: get('endpointurl'),
    useSsl: get('use_ssl'),
    sslVerify: isSwitch(verify) ? verify : file('ssl_verify'),
    profile: get('profile'),
    credentialPath: awsFile('credentialpath'),
    configPath: awsFile('configpath'),
    accessKeyId: get('access_key_id'),
    secretAccessKey: get('secret_access_key'),
    sessionToken: get('session_token'),
    isAnonymous: get('allow_anonymous_login'),
    sse: get('sse'),
    sseKmsKeyId: get('sse_kms_key_id'),
    acl: get('acl'),
    connectTimeout: get('connect_timeout'),
    readTimeout: get('read_timeout'),
  });
  return { name, place };
}

function onlyRead(name: string, url: string): PipeError {
  return new PipeError({
    code: 'PIPE_REMOTE_URL',
    message: `the remote "${name}" is a web server (${redactUrls(url)}): nothing can be pushed there`,
    hint: `\`pipe get-url\` and \`import-url\` read from it: remote://${name}/PATH; name another remote with -r, or make another one the default`, // prettier-ignore
  });
}

/** What a remote that is a web server is asked with. */
export interface WebRemote {
  /** Where it begins; ends with a slash. */
  readonly url: string;
  readonly auth: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly header: string | undefined;
  /** A yes or no, or a file (absolute). */
  readonly sslVerify: string | undefined;
  /** Whether the user of this machine said so, or nobody. */
  readonly isTrustOwn: boolean;
}

/**
 * A remote that is a web server; `undefined` for any other.
 * @throws {PipeError} when there is none of that name, or its options make no sense
 */
export function webRemote({ pipeDir, config, env }: Around, asked: string): WebRemote | undefined {
  const name = remoteNamed(config, asked);
  const read = readRemoteUrl(config.remote(name, 'url') ?? '');
  if ('problem' in read || read.kind !== 'http') return undefined;
  refuseForeignUrl(config, name);
  const verify = config.remote(name, 'ssl_verify');
  const trusted = config.settings().findLast((each) => each.name === `remote.${name}.ssl_verify`);
  return {
    url: read.url.endsWith('/') ? read.url : `${read.url}/`,
    auth: config.remote(name, 'auth'),
    user: config.remote(name, 'user'),
    password: config.remote(name, 'password'),
    header: config.remote(name, 'custom_auth_header'),
    sslVerify: verify === undefined || isSwitch(verify) ? verify : absolutePath({ pipeDir, config, env }, `remote.${name}.ssl_verify`, verify), // prettier-ignore
    isTrustOwn: trusted === undefined || config.isOwn(trusted),
  };
}

/**
 * A password of the user is not sent to where a file in Git says, unless it was set for that very server: a stranger may
 * have written that, or changed it since.
 * @throws {PipeError} PIPE_REMOTE_URL
 */
function refuseForeignUrl(config: Config, name: string): void {
  const settingOf = (option: RemoteOptionName): Setting | undefined => config.settings().findLast((each) => each.name === `remote.${name}.${option}`); // prettier-ignore
  const [url, password, origin] = [settingOf('url'), settingOf('password'), settingOf('origin')];
  if (url === undefined || password === undefined || config.isOwn(url) || !config.isOwn(password)) return;
  const { file } = url.at.source;
  if (password.level !== 'local') {
    throw new PipeError({
      code: 'PIPE_REMOTE_URL',
      message: `the url of the remote "${name}" stands in ${file}, which may be a stranger's, and its password in the ${password.level} config, for all projects`,
      hint: `if the password is meant for that server: \`pipe remote modify --local ${name} password …\``,
    });
  }
  const now = webOrigin(config.remote(name, 'url'));
  const meant = origin?.level === 'local' ? webOrigin(config.remote(name, 'origin')) : undefined;
  if (now === undefined || now === meant) return;
  const isFor = meant === undefined ? 'does not say which server it is for' : `is for ${meant}`;
  throw new PipeError({
    code: 'PIPE_REMOTE_URL',
    message: `the password of the remote "${name}" ${isFor}, and ${file}, which may be a stranger's, names ${now}`,
    hint: `if that server may have it: \`pipe remote modify --local ${name} origin ${now}\``,
  });
}

/**
 * Files of AWS can name programs to run (`credential_process`): one that lies in a clone may be a stranger's. Those of the
 * home folder are the user's own, whoever names them.
 * @throws {PipeError} PIPE_CONFIG_VALUE
 */
function refuseForeignFile(
  config: Config,
  { name, option }: { readonly name: string; readonly option: 'credentialpath' | 'configpath' },
): void {
  const setting = config.settings().findLast((each) => each.name === `remote.${name}.${option}`);
  const path = config.remote(name, option);
  if (setting === undefined || path === undefined || config.isOwn(setting) || /^~\/(?!.*\.\.)/.test(path)) return;
  throw new PipeError({
    code: 'PIPE_CONFIG_VALUE',
    message: `${setting.name} stands in ${setting.at.source.file}, which may be a stranger's, and such a file can make programs run`,
    hint: `if it is yours: \`pipe remote modify --local ${name} ${option} …\`; a path in the home folder (~/…) may stand there`,
  });
}

type Around = Pick<Project, 'pipeDir' | 'config'> & Pick<OpenRemoteOptions, 'env'>;

/** A path in a config file is relative to that file's folder, so that it holds for everyone. */
function absolutePath({ pipeDir, config, env }: Around, option: string, path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(env['HOME'] ?? homedir(), path.slice(1));
  const level: Level = config.settings().findLast(({ name }) => name === option)?.level ?? 'project';
  return resolve(dirname(levelFile(level, { pipeDir, env }) ?? pipeDir), path);
}
