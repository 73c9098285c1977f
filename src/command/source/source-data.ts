import { posix, join } from 'node:path';
import { indexFolder } from '../../index/location.ts';
import type { Blake3 } from '../../kit/blake3.ts';
import type { Digest, RawDigest } from '../../kit/digest.ts';
import { PipeError } from '../../problem/problem.ts';
import { cacheFolder } from '../../project/cache-folder.ts';
import type { Config } from '../../project/config.ts';
import { openConfig } from '../../project/config.ts';
import { readIfThere } from '../../project/config-file.ts';
import type { Project } from '../../project/project.ts';
import { findProject } from '../../project/project.ts';
import { isFolderPath } from '../../project/remote-url.ts';
import { openRemote, remoteNamed } from '../../remote/open-remote.ts';
import { listReader } from '../../remote/read-lists.ts';
import type { Remote } from '../../remote/remote.ts';
import { hasFormat, remoteIn } from '../../remote/remote.ts';
import type { ListSource } from '../../remote/wanted.ts';
import { knownEndpoints, ownConfig, projectThere } from './foreign-project.ts';
import { readFrom } from '../../source/copy-objects.ts';
import { sourceConfig } from '../../source/source-config.ts';
import type { SourceRoot } from '../../source/source-tree.ts';
import { storeLayout } from '../../store/layout.ts';
import type { Place } from '../../store/place/place.ts';
import { ObjectStore } from '../../store/object-store.ts';
import type { Context } from '../command.ts';
import { jobsOf } from '../share/options.ts';
import type { SourceValues } from './options.ts';

/** Where the data of a project in another repository are to be had. */
export interface SourceData {
  /** Its cache, where it lies on this machine. */
  readonly cache: ObjectStore | undefined;
  /** Opens its remote on the first call; rejects when there is none, and why. */
  readonly remote: () => Promise<Remote>;
  /** Lists of folders, wherever they are. */
  readonly lists: ListSource;
}

export interface SourceDataOptions {
  readonly context: Context;
  readonly options: Pick<SourceValues, 'remote' | 'jobs'>;
  readonly blake3: Blake3;
  /** What is here already; nothing is when there is no store. */
  readonly store?: ObjectStore | undefined;
  /** How messages call the repository. */
  readonly name: string;
  /** Its work tree, absolute, where it is a folder of this machine. */
  readonly folder: string | undefined;
  /** What its configurations say, by the folder of each project. */
  readonly configs: ReadonlyMap<string, string>;
}

/** Opens what the data of a project lie in, as far as it is asked for; closed in the end. */
export async function withSourceData<T>(
  root: Pick<SourceRoot, 'project' | 'remote'>,
  options: SourceDataOptions,
  work: (data: SourceData) => Promise<T>,
): Promise<T> {
  const { context, store, blake3, folder } = options;
  const theirs = folder === undefined ? undefined : projectThere(join(folder, root.project), context);
  const cache = theirs && new ObjectStore(storeLayout(cacheFolder(theirs)), blake3, () => undefined);
  let opened: Promise<{ readonly remote: Remote; readonly close: () => void }> | undefined;
  const remote = async (): Promise<Remote> => (await (opened ??= openTheirs(root, options, theirs?.pipeDir))).remote;
  const local = (digest: Digest): Buffer | undefined => store?.read(digest) ?? (cache && readFrom(cache, digest));
  try {
    return await work({
      cache,
      remote,
      lists: { local, remote: remoteLists(remote, options), signal: context.signal },
    });
  } finally {
    (await opened?.catch(() => undefined))?.close();
  }
}

function remoteLists(remote: () => Promise<Remote>, { store }: SourceDataOptions): NonNullable<ListSource['remote']> {
  let reading: Promise<ReturnType<typeof listReader>> | undefined;
  const open = async (): Promise<ReturnType<typeof listReader>> => {
    const opened = await remote();
    const catalog = await opened.look();
    return listReader(opened, { catalog, store: store ?? NO_STORE, expected: 0 });
  };
  return async (digests: readonly RawDigest[]) => {
    const found = await (await (reading ??= open())).read(digests);
    if (store !== undefined) for (const bytes of found) if (bytes !== undefined) await store.put(bytes);
    return found;
  };
}

/** Where nothing is kept, no pack is read as a whole. */
const NO_STORE: Pick<ObjectStore, 'temporary'> = {
  temporary: () => {
    throw new Error('there is no store');
  },
};

type Around = Pick<Project, 'pipeDir' | 'config'>;

async function openTheirs(
  root: Pick<SourceRoot, 'project' | 'remote'>,
  options: SourceDataOptions,
  pipeDir: string | undefined,
): Promise<{ readonly remote: Remote; readonly close: () => void }> {
  const { context, name, store, blake3 } = options;
  const { env, signal } = context;
  const jobs = jobsOf(options.options);
  const asked = options.options.remote ?? root.remote;
  const around = ourRemote(context, options.options.remote) ?? (await stranger(root, options, pipeDir));
  const chosen = nameOfRemote(around.config, { asked, name });
  if (around.pipeDir === NOWHERE) refuseRelative(around.config.remote(chosen, 'url') ?? '', name);
  const { place } = await openRemote(around, { name: chosen, env, signal, jobs });
  try {
    if (!(await hasFormat(place))) await refuseAbsent(place, name);
    const layout = store?.layout ?? storeLayout(NOWHERE);
    const cacheFolderOf = indexFolder(place.identity, env);
    const remote = remoteIn(place, { blake3, layout, cacheFolder: cacheFolderOf, jobs, signal });
    return { remote, close: () => { place.close(); } }; // prettier-ignore
  } catch (error) {
    place.close();
    throw around.config.remote(chosen, 'allow_anonymous_login') ? sayAnonymous(error, name) : error;
  }
}

/** @throws {PipeError} PIPE_REMOTE_NO_FOLDER for a folder that is not there: to read from it would find nothing */
async function refuseAbsent(place: Place, name: string): Promise<void> {
  if ((await place.isAbsent?.()) !== true) return;
  throw new PipeError({
    code: 'PIPE_REMOTE_NO_FOLDER',
    message: `there is no folder ${place.name}, where ${name} says that its data are`,
    hint: 'nobody has pushed yet, or it lies elsewhere for you: `pipe remote add --local NAME FOLDER`, then --remote NAME',
  });
}

/** Whoever was refused without credentials may have some, and learns how to use them. */
function sayAnonymous(error: unknown, name: string): unknown {
  if (!(error instanceof PipeError) || error.problems[0]?.code !== 'PIPE_REMOTE_DENIED') return error;
  const hint = `no credentials are given to a server that only ${name} names: add the remote here (\`pipe remote add --local NAME URL\`), and name it with --remote NAME`;
  return new PipeError({ ...error.problems[0], hint }, { cause: error });
}

/** A folder that is not there: a stranger's files are nowhere on this machine. */
const NOWHERE = '/nonexistent/pipe';

/** A remote that this project, or this user, has set up: everything about it comes from here. */
function ourRemote(context: Context, asked: string | undefined): Around | undefined {
  if (asked === undefined) return undefined;
  const ours = here(context);
  return ours.config.remote(asked, 'url') === undefined ? undefined : ours;
}

function here({ cwd, env }: Context): Around {
  return findProject({ cwd, env }) ?? { pipeDir: cwd, config: openConfig({ env }) };
}

async function stranger(
  { project }: Pick<SourceRoot, 'project'>,
  { name, configs, context }: SourceDataOptions,
  pipeDir: string | undefined,
): Promise<Around> {
  const { env } = context;
  const named = (file: string): string => `${name}: ${posix.join(project, '.pipe', file)}`;
  const text = pipeDir === undefined ? configs.get(project) : readIfThere(join(pipeDir, 'config.yaml'));
  const own = pipeDir === undefined ? undefined : ownConfig(pipeDir, env);
  const config = sourceConfig({
    theirs: { text: text ?? '', label: named('config.yaml') },
    own: own === undefined ? undefined : { text: own, label: named('config.local.yaml') },
    known: await knownEndpoints(here(context).config, env),
    env,
  });
  return { pipeDir: pipeDir ?? NOWHERE, config };
}

/** @throws {PipeError} PIPE_REMOTE_NONE, PIPE_REMOTE_UNKNOWN */
function nameOfRemote(
  config: Config,
  { asked, name }: { readonly asked: string | undefined; readonly name: string },
): string {
  try {
    return remoteNamed(config, asked);
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    const [problem] = error.problems;
    const message = `${problem?.message ?? 'there is no remote'} in ${name}, to get the data from`;
    const hint = 'add one that has them here: `pipe remote add NAME URL`, and name it with --remote NAME';
    throw new PipeError({ code: problem?.code ?? 'PIPE_REMOTE_NONE', message, hint }, { cause: error });
  }
}

function refuseRelative(url: string, name: string): void {
  if (!isFolderPath(url) || url.startsWith('/') || url.startsWith('~')) return;
  throw new PipeError({
    code: 'PIPE_REMOTE_URL',
    message: `the remote of ${name} is the folder ${url}, seen from a clone of it that is not here`,
    hint: 'name the folder: `pipe remote add --local NAME FOLDER`, then --remote NAME',
  });
}
