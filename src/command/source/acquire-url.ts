import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import type { Blake3 } from '../../kit/blake3.ts';
import { removeTree } from '../../kit/remove-tree.ts';
import type { DataUrl } from '../../kit/source-url.ts';
import { trustOf } from '../../kit/tls-trust.ts';
import { readDataUrl } from '../../kit/source-url.ts';
import type { Told } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { openConfig } from '../../project/config.ts';
import type { Allowed } from '../../project/option-value.ts';
import { expandPlaceholders, hasPlaceholder, hidingValues } from '../../project/option-value.ts';
import type { Project } from '../../project/project.ts';
import { findProject } from '../../project/project.ts';
import type { WebRemote } from '../../remote/open-remote.ts';
import { openRemote, webRemote } from '../../remote/open-remote.ts';
import { createProgress } from '../../report/progress.ts';
import { configuredLogin, netrcLoginFor } from '../../source/http-login.ts';
import { openHttp } from '../../source/http.ts';
import { openInPlace } from '../../source/place-data.ts';
import type { RemoteData } from '../../source/remote-data.ts';
import { compareTold } from '../../source/remote-data.ts';
import type { Place } from '../../store/place/place.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { isComplete } from '../../store/completeness.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { describeFolder, storeFolder } from './acquire.ts';

export interface UrlOptions {
  readonly context: Context;
  readonly blake3: Blake3;
  /** What a path is relative to, absolute. */
  readonly base: string;
  /** The variables that the URL may ask for: all, if the user wrote it here. */
  readonly allowed: Allowed;
  /** Path of the part that is meant of the folder that the URL leads to; the whole unless given. Web servers have no folders. */
  readonly below?: string | undefined;
  /** Transfers at once; the place says how many unless it is given. */
  readonly jobs?: number | undefined;
}

/** Data behind a URL; of this machine, with their path (absolute). */
export type UrlData = RemoteData & { readonly path?: string };

/**
 * Opens what a URL leads to, and closes it in the end. `${NAME}` in it stands for an environment variable.
 * @throws {PipeError} PIPE_URL, PIPE_ENV_MISSING, PIPE_ENV_REFUSED; what is wrong with a remote
 */
export async function withUrl<T>(url: string, options: UrlOptions, work: (data: UrlData) => Promise<T>): Promise<T> {
  const { env } = options.context;
  try {
    return await openUrl(url, options, work);
  } catch (error) {
    throw hidingValues(error, url, env);
  }
}

async function openUrl<T>(url: string, options: UrlOptions, work: (data: UrlData) => Promise<T>): Promise<T> {
  const { context, blake3, base, allowed, below = '', jobs } = options;
  const { env } = context;
  // Messages show it as it was written: what stands for a placeholder may be a secret.
  const name = redactUrls(url);
  const read = readDataUrl(expandPlaceholders(url, { name: `the URL ${name}`, env, allowed }));
  if ('wrong' in read) {
    const hint = read.hint === undefined ? {} : { hint: read.hint };
    throw new PipeError({ code: 'PIPE_URL', message: `${name} cannot be used: ${read.wrong}`, ...hint });
  }
  const shown = hasPlaceholder(url) ? { name } : {};
  if (read.kind === 'http') return work({ ...openWeb(read.url, context), ...shown });
  if (read.kind === 'file')
    return work({ ...openLocal(resolve(base, read.path, below), { context, blake3 }), ...shown });
  if (read.kind === 'remote') {
    const web = webRemote({ ...aroundHere(context), env }, read.name);
    if (web !== undefined) return work({ ...openBelow(web, read, context), ...shown });
  }
  const place = await openPlace(read, context, jobs);
  try {
    const key = below === '' ? read.key : posix.join(read.key, below);
    return await work({ ...openInPlace(place, key, blake3), ...shown });
  } catch (error) {
    throw read.kind === 's3' ? withoutRemote(error) : error;
  } finally {
    place.close();
  }
}

/** Of a bucket that no remote stands for, no remote can be changed. */
function withoutRemote(error: unknown): unknown {
  if (!(error instanceof PipeError)) return error;
  const hint = "a server and credentials are those of AWS' own tools (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …); or set up a remote, and write remote://NAME/KEY"; // prettier-ignore
  const isOfRemote = (each?: string): boolean => each?.includes('pipe remote modify') === true;
  return new PipeError(error.problems.map((each) => (isOfRemote(each.hint) ? { ...each, hint } : each)), { cause: error }); // prettier-ignore
}

async function openPlace(
  url: Extract<DataUrl, { kind: 's3' | 'remote' }>,
  { cwd, env, signal }: Context,
  jobs: number | undefined,
): Promise<Place> {
  if (url.kind === 's3') {
    const { openConfiguredS3 } = await import('../../store/place/s3.ts');
    return openConfiguredS3({ bucket: url.bucket, prefix: '', env, signal, jobs });
  }
  return (await openRemote(aroundHere({ cwd, env }), { name: url.name, env, signal, jobs })).place;
}

function aroundHere({ cwd, env }: Pick<Context, 'cwd' | 'env'>): Pick<Project, 'pipeDir' | 'config'> {
  return findProject({ cwd, env }) ?? { pipeDir: cwd, config: openConfig({ env }) };
}

/** A file on a web server, which is shown the user's login where the URL has none. */
function openWeb(url: string, { env, signal }: Context): RemoteData {
  const parsed = new URL(url);
  return openHttp(url, { signal, login: parsed.password === '' ? netrcLoginFor(parsed, env) : undefined });
}

/** A file below a remote that is a web server, which is shown what the remote is set up with. */
function openBelow(remote: WebRemote, path: BelowRemote, { env, signal }: Context): RemoteData {
  const url = urlBelow(remote.url, path);
  const login =
    configuredLogin({ ...remote, name: `remote.${path.name}`, below: new URL(remote.url).pathname }) ??
    netrcLoginFor(url, env);
  const option = `remote.${path.name}.ssl_verify`;
  const trust = trustOf(remote.sslVerify);
  const isForeign = !remote.isTrustOwn && Object.keys(trust).length > 0 && url.protocol === 'https:';
  if (login !== undefined && isForeign) throw foreignTrust(option, path.name);
  const trustHint = `name the file of its authority: \`pipe remote modify --local ${path.name} ssl_verify FILE\``;
  return openHttp(url.href, { signal, login, trust, trustHint });
}

/** A login is shown to nobody whose certificate a file in Git says to believe: a stranger may have written that. */
function foreignTrust(option: string, name: string): PipeError {
  return new PipeError({
    code: 'PIPE_CONFIG_VALUE',
    message: `${option} stands in a file in Git, which may be a stranger's, and a login would be shown to whoever it makes believable`,
    hint: `if you believe it: \`pipe remote modify --local ${name} ssl_verify …\``,
  });
}

type BelowRemote = Pick<Extract<DataUrl, { kind: 'remote' }>, 'name' | 'key'>;

/** @throws {PipeError} PIPE_URL for what leads out of the remote: who wrote it was not meant to see more with its login */
function urlBelow(base: string, { name, key }: BelowRemote): URL {
  const from = new URL(base);
  const to = URL.canParse(base + key) ? new URL(base + key) : undefined;
  if (to?.origin === from.origin && to.pathname.startsWith(from.pathname)) return to;
  throw new PipeError({
    code: 'PIPE_URL',
    message: `${redactUrls(`remote://${name}/${key}`)} leads out of that remote`,
  });
}

function openLocal(path: string, { context, blake3 }: Pick<UrlOptions, 'context' | 'blake3'>): UrlData {
  if (!existsSync(path)) throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is no ${path}` });
  const real = realpathSync(path);
  const tell = async (): Promise<Told> => {
    const stat = statSync(real);
    if (!stat.isDirectory()) return { size: stat.size, mtime: Math.floor(stat.mtimeMs) };
    return toldOfFolder(await describeFolder({ context, blake3 }, real));
  };
  return {
    name: path,
    path: real,
    tell,
    async download(target) {
      await cp(real, target, { recursive: true, verbatimSymlinks: true });
      return {};
    },
  };
}

/** What is known of a folder of this machine: its digest. */
export function toldOfFolder({ digest, size, ...entry }: Entry): Told {
  return { digest, size, ...('files' in entry ? { files: entry.files } : {}) };
}

export interface AcquireUrlOptions extends UrlOptions {
  readonly global: GlobalOptions;
  readonly store: ObjectStore;
  /** A folder for what is on its way, absolute, on the disk of the store; made and removed. */
  readonly temporary: string;
  /** What it was when it came last; when it is the same, and here, it does not come again. */
  readonly known?: { readonly told: Told; readonly entry: Entry } | undefined;
}

/**
 * Brings what a URL leads to into a store.
 * @returns what it is, and what the place told of it
 */
export async function acquireUrl(
  url: string,
  { known, ...options }: AcquireUrlOptions,
): Promise<{ readonly entry: Entry; readonly told: Told }> {
  const { store, temporary } = options;
  return withUrl(url, options, async (data) => {
    if (known !== undefined) {
      store.hold();
      const now = await data.tell();
      if (compareTold(known.told, now) === 'same' && isComplete(store, known.entry))
        return { entry: known.entry, told: now };
    }
    if (data.path !== undefined) return storeLocal(data.path, data, options);
    const target = join(temporary, 'data');
    try {
      mkdirSync(dirname(target), { recursive: true });
      const told = await downloadTo(data, target, options);
      return { entry: await storeFolder(options, target), told };
    } finally {
      removeTree(temporary);
    }
  });
}

/** Takes in what lies on this machine, without a copy in between. */
async function storeLocal(
  path: string,
  data: UrlData,
  options: AcquireUrlOptions,
): Promise<{ entry: Entry; told: Told }> {
  const isFolder = statSync(path).isDirectory();
  const before = isFolder ? {} : await data.tell();
  const entry = await storeFolder(options, path);
  if (isFolder) return { entry, told: toldOfFolder(entry) };
  if (JSON.stringify(await data.tell()) === JSON.stringify(before)) return { entry, told: before };
  const message = `${data.name} changed while it was read`;
  throw new PipeError({ code: 'PIPE_URL_FAILED', message, hint: 'run the command again' });
}

/** Downloads with a line of progress. */
export async function downloadTo(
  data: RemoteData,
  target: string,
  { context, global }: Pick<AcquireUrlOptions, 'context' | 'global'>,
): Promise<Told> {
  const { stderr, env } = context;
  const label = `downloading ${data.name}`;
  const progress = createProgress({ stderr, env, label, quiet: global.quiet || global.json });
  try {
    return await data.download(target, (done, total) => {
      progress.update(0, undefined, total === undefined ? done : { done, total });
    });
  } finally {
    progress.end();
  }
}
