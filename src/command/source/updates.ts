import { loadBlake3 } from '../../kit/blake3.ts';
import type { Import, RepoImport, UrlImport } from '../../lockfile/pointer-import.ts';
import type { PendingImport, TrackedPath } from '../../lockfile/pointer.ts';
import type { Allowed } from '../../project/option-value.ts';
import type { ProblemCode } from '../../problem/code.ts';
import { PipeError } from '../../problem/problem.ts';
import { reach } from '../../remote/reach.ts';
import { withRepository } from '../../source/open-repository.ts';
import type { Repository } from '../../source/repository.ts';
import { compareTold } from '../../source/remote-data.ts';
import type { Found, SourceRoot, SourceTree } from '../../source/source-tree.ts';
import { lookUpSource, readSourceTree } from '../../source/source-tree.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { FailedImport } from './failed.ts';
import { failedImport } from './failed.ts';
import { withSourceData } from './source-data.ts';
import { withUrl } from './acquire-url.ts';
import { repositoryOptions } from './acquire.ts';

/** Whether the source of an import holds something else by now: another commit that holds the same is not else. */
export interface SourceUpdate {
  /** Relative to the project. */
  readonly path: string;
  /** `null` where the source does not tell. */
  readonly moved: boolean | null;
}

interface Asking {
  readonly context: Context;
  readonly global: GlobalOptions;
  /** Of the project, absolute. */
  readonly root: string;
  /** The variables that its pointers may ask for. */
  readonly allowed: Allowed;
}

export interface SourceUpdates {
  readonly updates: readonly SourceUpdate[];
  /** Those whose sources could not be asked. */
  readonly failed: readonly FailedImport[];
}

/** Asks the sources of imports whether they have moved on. */
export async function sourceUpdates(
  pointers: readonly TrackedPath[],
  how: Asking,
  pending: readonly PendingImport[] = [],
): Promise<SourceUpdates> {
  const updates: SourceUpdate[] = [];
  const failed: FailedImport[] = [];
  for (const own of pointers) {
    const { imported } = own.pointer;
    if (imported === undefined) continue;
    try {
      updates.push({ path: own.path, moved: await hasMoved(imported, own.entry, how) });
    } catch (error) {
      failed.push(failedImport(own, error));
    }
  }
  for (const own of pending) {
    try {
      updates.push({ path: own.path, moved: await hasChanged(own.imported, how) });
    } catch (error) {
      failed.push(failedImport(own, error));
    }
  }
  return { updates, failed };
}

async function hasMoved(
  imported: Import,
  entry: Entry,
  { root, allowed, ...how }: Asking,
): Promise<SourceUpdate['moved']> {
  if (imported.kind === 'url') return hasChanged(imported, { root, allowed, ...how });
  const { url, rev } = imported;
  const found = await withRepository(repositoryOptions({ url, allowed, rev, base: root }, how), (repository) =>
    holdsElse(repository, imported, entry),
  );
  // Only now: others may wait for the repository meanwhile.
  return typeof found === 'boolean' ? found : partHoldsElse(found, { entry, ...how });
}

async function hasChanged(imported: UrlImport, { root, allowed, context }: Asking): Promise<SourceUpdate['moved']> {
  const how = { context, base: root, allowed, blake3: await loadBlake3() };
  const change = compareTold(imported, await withUrl(imported.url, how, ({ tell }) => tell()));
  return change === 'unknown' ? null : change === 'changed';
}

/** A part of a folder that is tracked there: Git knows nothing of it. */
interface TrackedPart extends Pick<Repository, 'name' | 'folder'>, Pick<SourceTree, 'configs'> {
  readonly root: SourceRoot;
  readonly below: string;
  /** Of the project that it comes to, where the import names one. */
  readonly remote: string | undefined;
}

/** Another commit may well hold the same: whether it does is told from what Git has, or the part that is to be asked for. */
async function holdsElse(
  repository: Repository,
  { path, revLock, remote }: RepoImport,
  entry: Entry,
): Promise<boolean | TrackedPart> {
  if (repository.commit === revLock) return false;
  const { configs, ...tree } = await readSourceTree(repository);
  const now = lookUpSource(tree, path);
  if (now?.kind === 'tracked' && now.below === '') return now.root.entry.digest !== entry.digest;
  const before = await sourceAt({ ...repository, commit: revLock }, path);
  if (now === undefined) return true;
  if (before !== undefined && identityOf(before) === identityOf(now)) return false;
  if (now.kind !== 'tracked') return true;
  const { name, folder } = repository;
  return { root: now.root, below: now.below, name, configs, remote, ...(folder === undefined ? {} : { folder }) };
}

/** The lists of the folder tell; `null` where they have not been pushed. */
async function partHoldsElse(
  { root, below, name, folder, configs, remote }: TrackedPart,
  { entry, context }: Pick<Asking, 'context'> & { readonly entry: Entry },
): Promise<SourceUpdate['moved']> {
  const options = remote === undefined ? {} : { remote };
  const source = { context, options, blake3: await loadBlake3(), name, folder, configs };
  try {
    const now = await withSourceData(root, source, ({ lists }) => reach(lists, root.entry, below));
    if (now.entry === undefined) return now.isUnknown ? true : null;
    return now.entry.digest !== entry.digest;
  } catch (error) {
    if (error instanceof PipeError && error.problems.every(({ code }) => NOT_PUSHED.has(code))) return null;
    throw error;
  }
}

/** Nobody has pushed yet. */
const NOT_PUSHED = new Set<ProblemCode>(['PIPE_REMOTE_NONE', 'PIPE_REMOTE_NO_FOLDER']);

/** What lay there at an earlier commit; `undefined` also where that is not known any more, as after a forced push. */
async function sourceAt(repository: Repository, path: string): Promise<Found | undefined> {
  if (!(await repository.bringCommit(repository.commit))) return undefined;
  try {
    return lookUpSource(await readSourceTree(repository), path);
  } catch (error) {
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

/** Two of one identity hold the same bytes. */
function identityOf(found: Found): string {
  if (found.kind === 'file') return JSON.stringify([found.file.kind, found.file.id]);
  if (found.kind === 'tracked') return JSON.stringify([found.root.entry.digest, found.below]);
  const files = found.files.map(({ path, kind, id }) => [path, kind, id]);
  const roots = found.roots.map(({ path, entry }) => [path, entry.kind, entry.digest]);
  return JSON.stringify([files, roots]);
}
