import { loadBlake3 } from '../../kit/blake3.ts';
import type { Import, RepoImport, UrlImport } from '../../lockfile/pointer-import.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import type { Allowed } from '../../project/option-value.ts';
import { withRepository } from '../../source/open-repository.ts';
import type { Repository } from '../../source/repository.ts';
import { isUnchanged } from '../../source/remote-data.ts';
import { lookUpSource, readSourceTree } from '../../source/source-tree.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { FailedImport } from './failed.ts';
import { failedImport } from './failed.ts';
import { withUrl } from './acquire-url.ts';
import { repositoryOptions } from './acquire.ts';

/** Whether the source of an import holds something else by now. */
export interface SourceUpdate {
  /** Relative to the project. */
  readonly path: string;
  readonly moved: boolean;
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
export async function sourceUpdates(pointers: readonly TrackedPath[], how: Asking): Promise<SourceUpdates> {
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
  return { updates, failed };
}

async function hasMoved(imported: Import, entry: Entry, { root, allowed, ...how }: Asking): Promise<boolean> {
  if (imported.kind === 'url') return hasChanged(imported, { root, allowed, ...how });
  const { url, rev } = imported;
  return withRepository(repositoryOptions({ url, allowed, rev, base: root }, how), (repository) =>
    holdsElse(repository, imported, entry),
  );
}

async function hasChanged(imported: UrlImport, { root, allowed, context }: Asking): Promise<boolean> {
  const how = { context, base: root, allowed, blake3: await loadBlake3() };
  const now = await withUrl(imported.url, how, ({ tell }) => tell());
  return !isUnchanged(imported, now);
}

/** What Git keeps there counts as something else at another commit: its digest is not known without reading it. */
async function holdsElse(repository: Repository, { path, revLock }: RepoImport, entry: Entry): Promise<boolean> {
  if (repository.commit === revLock) return false;
  const found = lookUpSource(await readSourceTree(repository), path);
  return found?.kind !== 'tracked' || found.below !== '' || found.root.entry.digest !== entry.digest;
}
