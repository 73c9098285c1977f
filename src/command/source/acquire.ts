import { mkdirSync } from 'node:fs';
import { posix, join } from 'node:path';
import { openStatIndex } from '../../index/stat-index.ts';
import type { Sink } from '../../fingerprint/file.ts';
import { fingerprintPath } from '../../fingerprint/file.ts';
import type { Blake3 } from '../../kit/blake3.ts';
import { isWithin } from '../../kit/path.ts';
import { removeTree } from '../../kit/remove-tree.ts';
import { loadXxh64Raw } from '../../kit/xxhash.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Allowed } from '../../project/option-value.ts';
import { fetchRoots } from '../../remote/fetch.ts';
import { reach } from '../../remote/reach.ts';
import { recordingRules } from '../../run/link-rules.ts';
import { storeSink } from '../../run/sink.ts';
import { copyObjects } from '../../source/copy-objects.ts';
import { writeGitFiles } from '../../source/git-files.ts';
import type { Repository, RepositoryOptions } from '../../source/repository.ts';
import { withRepository } from '../../source/open-repository.ts';
import type { Found, SourceRoot, SourceTree } from '../../source/source-tree.ts';
import { lookUpSource, readSourceTree } from '../../source/source-tree.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { isComplete } from '../../store/completeness.ts';
import { restoreEntry } from '../../store/restore.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { transferProgress } from '../share/progress.ts';
import type { SourceValues } from './options.ts';
import type { SourceData } from './source-data.ts';
import { withSourceData } from './source-data.ts';

/** What is wanted of another repository. */
export interface SourceRequest {
  /** A URL or a folder. */
  readonly url: string;
  /** The variables that the URL may ask for: all, if the user wrote it here. */
  readonly allowed: Allowed;
  readonly rev?: string | undefined;
  /** Posix, relative to the root of the repository. */
  readonly path: string;
  /** What a folder in `url` is relative to, absolute; the current folder unless given. */
  readonly base?: string | undefined;
}

export interface AcquireOptions {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: Pick<SourceValues, 'remote' | 'jobs'>;
  readonly blake3: Blake3;
  readonly store: ObjectStore;
  /** A folder for what is on its way, absolute, on the disk of the store; made and removed. */
  readonly temporary: string;
  /** Whether what is tracked need not come, since only what it is must be known. */
  readonly isOnlyNamed?: boolean | undefined;
  /** Of what is found, only this part comes, with what leads to it; posix. */
  readonly inside?: string | undefined;
  /** What is known of the path at a commit: it is not looked for again. */
  readonly known?: { readonly commit: string; readonly entry: Entry } | undefined;
  /** What was read of repositories, for those who get several things of one, in a row. */
  readonly trees?: TreeMemory | undefined;
}

/** What the last repository holds at the last commit; more would be too much to hold. */
export interface TreeMemory {
  last?: { readonly of: string; readonly tree: SourceTree };
}

/** Something of another repository, at a commit; its objects are in the store. */
export interface Acquired {
  readonly entry: Entry;
  readonly commit: string;
  /** Objects that came, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
}

/** What was found of a request, and all that is needed to get it when the repository is closed. */
interface Located {
  readonly found: Found;
  readonly tree: SourceTree;
  readonly name: string;
  readonly commit: string;
  readonly folder: string | undefined;
}

/**
 * Brings a file or folder of another repository into a store: what Git keeps from there, what is tracked from the cache
 * or the remote of its project.
 * @throws {PipeError} PIPE_SOURCE_MISSING when there is no such path, or its data are nowhere; as {@link withRepository}
 */
export async function acquire(request: SourceRequest, options: AcquireOptions): Promise<Acquired> {
  const { temporary } = options;
  try {
    const located = await withRepository(
      repositoryOptions(request, options),
      async (repository) => whatIsKnown(repository, options) ?? (await locate(repository, request, options)),
    );
    if ('entry' in located) return { ...located, objects: 0, bytes: 0 };
    const { found, commit } = located;
    if (found.kind === 'tracked') return { ...(await acquireTracked(located, found, options)), commit };
    if (found.kind === 'folder') await placeRoots(located, { roots: found.roots, path: request.path }, options);
    const entry = await storeFolder(options, join(temporary, 'data'));
    return { entry, commit, objects: 0, bytes: 0 };
  } finally {
    removeTree(temporary);
  }
}

/** What is known, when nothing has to come: the commit is the known one, and its data are here. */
function whatIsKnown({ commit }: Repository, { known, store, isOnlyNamed }: AcquireOptions): AcquireOptions['known'] {
  if (known?.commit !== commit) return undefined;
  store.hold();
  return isOnlyNamed === true || isComplete(store, known.entry) ? known : undefined;
}

/** How a repository is opened for a command. */
export function repositoryOptions(
  { url, allowed, rev, base }: Omit<SourceRequest, 'path'>,
  { context, global }: Pick<AcquireOptions, 'context' | 'global'>,
): RepositoryOptions {
  const { cwd, env, signal, stderr } = context;
  const onWait = (message: string): void => {
    if (!global.quiet && !global.json) stderr.write(`${message}\n`);
  };
  return { url, allowed, rev, base: base ?? cwd, env, signal, onWait };
}

/** Looks for a path, and writes what Git keeps there while the repository is open. */
async function locate(
  repository: Repository,
  { url, path }: SourceRequest,
  { temporary, trees = {} }: AcquireOptions,
): Promise<Located> {
  const of = JSON.stringify([url, repository.commit]);
  const tree = trees.last?.of === of ? trees.last.tree : await readSourceTree(repository);
  trees.last = { of, tree };
  const found = lookUpSource(tree, path);
  const { name, commit, folder } = repository;
  if (found === undefined) throw nothingThere(path, { name, commit, tree });
  const files = found.kind === 'file' ? [found.file] : found.kind === 'folder' ? found.files : [];
  if (found.kind !== 'tracked') {
    mkdirSync(temporary, { recursive: true });
    const to = (file: string): string => posix.join('data', posix.relative(path, file));
    await writeGitFiles(repository, temporary, files.map((file) => ({ file, to: to(file.path) }))); // prettier-ignore
  }
  return { found, tree, name, commit, folder };
}

/** @throws nothing: the problem to throw */
export function nothingThere(
  path: string,
  { name, commit, tree }: { readonly name: string; readonly commit: string; readonly tree: SourceTree },
): PipeError {
  const at = `${name} at ${commit.slice(0, 12)}`;
  const broken = tree.problems.map(({ message }) => message);
  const submodule = tree.submodules.find((each) => isWithin(each, path));
  const hint =
    submodule !== undefined
      ? `${submodule} is a submodule, a repository of its own: name its URL (see .gitmodules), and the path in it`
      : broken.length === 0
        ? `see what is there: pipe list ${name}`
        : `of it, this was not read: ${broken.slice(0, 3).join('; ')}`;
  return new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is no ${path} in ${at}`, hint });
}

type Transferred = Omit<Acquired, 'commit'>;

async function acquireTracked(
  { tree, name, folder, commit }: Located,
  { root, below }: { readonly root: SourceRoot; readonly below: string },
  options: AcquireOptions,
): Promise<Transferred> {
  return withSourceData(root, { ...options, name, folder, configs: tree.configs }, async (data) => {
    const path = posix.join(root.path, below);
    const { entry } = await reach(data.lists, root.entry, below);
    if (entry === undefined) throw nothingThere(path, { name, commit, tree });
    if (options.isOnlyNamed === true) return { entry, objects: 0, bytes: 0 };
    const { inside = '', store } = options;
    if (inside !== '') {
      const part = await reach(data.lists, entry, inside);
      if (part.entry === undefined) throw nothingThere(posix.join(path, inside), { name, commit, tree });
      for (const digest of part.around) await keepList(data, store, digest);
      return {
        entry,
        ...(await fetchEntry(data, { entry: part.entry, path: posix.join(path, inside), name }, options)),
      };
    }
    return { entry, ...(await fetchEntry(data, { entry, path, name }, options)) };
  });
}

/** Whoever looks for a path inside a folder needs the lists on the way. */
async function keepList({ lists }: SourceData, store: ObjectStore, digest: Entry['digest']): Promise<void> {
  const bytes = store.has(digest) ? undefined : lists.local(digest);
  if (bytes !== undefined) await store.put(bytes);
}

/**
 * Brings what an entry needs from where its project keeps it.
 * @throws {PipeError} PIPE_SOURCE_MISSING when it is not all there
 */
async function fetchEntry(
  data: SourceData,
  { entry, path, name }: { readonly entry: Entry; readonly path: string; readonly name: string },
  { context, global, store }: Pick<AcquireOptions, 'context' | 'global' | 'store'>,
): Promise<Omit<Transferred, 'entry'>> {
  const progress = transferProgress(context, global, `fetching from ${name}`);
  try {
    store.hold();
    if (isComplete(store, entry)) return { objects: 0, bytes: 0 };
    let copied = { objects: 0, bytes: 0 };
    if (data.cache !== undefined) {
      const onProgress = (objects: number, bytes: number): void => {
        copied = { objects, bytes };
        progress.onProgress({ ...copied, totalObjects: objects, totalBytes: Math.max(bytes, entry.size) });
      };
      await copyObjects({ from: data.cache, to: store, entry }, { signal: context.signal, onProgress });
      if (isComplete(store, entry)) return copied;
    }
    const { absent, wrong, objects, bytes } = await fetchRoots(await data.remote(), store, {
      roots: [{ entry }],
      onProgress: progress.onProgress,
    });
    const missing = absent.count + wrong.count;
    if (missing === 0) return { objects: objects + copied.objects, bytes: bytes + copied.bytes };
    throw new PipeError({
      code: 'PIPE_SOURCE_MISSING',
      message: `the remote of ${name} lacks ${String(absent.count)} objects of ${path}, and holds wrong bytes of ${String(wrong.count)}`,
      hint: 'run `pipe push` where the data are, with --verify where bytes are wrong',
    });
  } finally {
    progress.end();
  }
}

/** Puts tracked things beside the files of Git that were written already. */
async function placeRoots(
  located: Located,
  { roots, path }: { readonly roots: readonly SourceRoot[]; readonly path: string },
  options: AcquireOptions,
): Promise<void> {
  const { temporary, store, context } = options;
  mkdirSync(join(temporary, 'data'), { recursive: true });
  // What the whole is depends on all of it.
  const how = { ...options, isOnlyNamed: false, inside: '' };
  for (const root of roots) {
    const target = join(temporary, 'data', posix.relative(path, root.path));
    const isPlaced = async (): Promise<boolean> => {
      const { entry } = await acquireTracked(located, { root, below: '' }, how);
      return restoreEntry(store, entry, { target, root: temporary, signal: context.signal });
    };
    // Wrong bytes of the cache are out of the way after the first time, and come again.
    if ((await isPlaced()) || (await isPlaced())) continue;
    throw new PipeError({
      code: 'PIPE_OBJECT_MISSING',
      message: `some of ${root.path} in ${located.name} is damaged, or nests too deep for this disk`,
    });
  }
}

/** Takes what lies outside any project into a store. */
export async function storeFolder(
  { blake3, store, context }: Pick<AcquireOptions, 'blake3' | 'store' | 'context'>,
  path: string,
): Promise<Entry> {
  const writer = store.writer();
  try {
    const entry = await describeFolder({ blake3, context, sink: storeSink(writer, context.signal) }, path);
    await writer.finish();
    return entry;
  } finally {
    writer.discard();
  }
}

/** What links to objects name is another project's: it is read through them, and must be right. */
const STRICT = recordingRules({ sizeOf: () => undefined });

/** What lies outside any project, at an absolute path; nothing is stored without a sink. */
export async function describeFolder(
  { blake3, context, sink }: Pick<AcquireOptions, 'blake3' | 'context'> & { readonly sink?: Sink },
  path: string,
): Promise<Entry> {
  const root = posix.dirname(path);
  const index = openStatIndex(undefined, root, await loadXxh64Raw());
  const how = { follow: false, rules: STRICT, signal: context.signal, ...(sink === undefined ? {} : { sink }) };
  const fingerprint = { root, index, blake3, ignored: () => false, now: Date.now };
  const entry = await fingerprintPath(posix.basename(path), how, fingerprint);
  if (entry !== undefined) return entry;
  throw new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `there is nothing in ${path}` });
}
