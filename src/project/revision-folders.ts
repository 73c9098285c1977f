import type { GitObjects } from './git-objects.ts';
import type { GitTreeEntry } from './git-tree.ts';
import { parseGitTree } from './git-tree.ts';
import { isHidden } from './project-walk.ts';

/** What is wanted of a folder at some commits; nothing of a project of its own. */
export interface RevisionFolder {
  readonly files: readonly GitTreeEntry[];
  readonly folders: readonly GitTreeEntry[];
}

/** By what Git knows a folder; `undefined` where there is none. */
type Found = string | undefined;

/**
 * By what Git knows the folder of the project at each commit. What cannot be read keeps the name that it was asked for
 * by: whoever reads the folder learns of it.
 * @param way the names that lead from the root of the work tree to the project
 */
export async function findProjectFolders(
  objects: GitObjects,
  commits: readonly string[],
  way: readonly string[],
): Promise<Found[]> {
  let at: Found[] = commits.map((commit) => `${commit}^{tree}`);
  for (const name of way) {
    const inside = new Map<Found, Found>();
    for (const id of new Set(at)) {
      if (id === undefined) continue;
      objects.ask(id, (object) => {
        const entries = parseGitTree(object);
        const found = entries?.find((entry) => entry.name === name && entry.kind === 'folder');
        inside.set(id, entries === undefined ? id : found?.id);
      });
    }
    await objects.answered();
    at = at.map((id) => inside.get(id));
  }
  return at;
}

/**
 * Reads folders and all below, each once.
 * @param isWanted whether a file of this name counts
 * @returns by what they were asked for; `undefined` for those that cannot be read
 */
export async function readRevisionFolders(
  objects: GitObjects,
  roots: readonly Found[],
  isWanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, RevisionFolder | undefined>> {
  const folders = new Map<string, RevisionFolder | undefined>();
  // Most entries are the same at most commits: one object stands for all.
  const known = new Map<string, GitTreeEntry>();
  const shared = (entry: GitTreeEntry): GitTreeEntry => {
    const key = `${entry.id} ${entry.name}`;
    const before = known.get(key);
    if (before === undefined) known.set(key, entry);
    return before ?? entry;
  };
  const read = (id: string, isRoot: boolean): void => {
    if (folders.has(id)) return;
    folders.set(id, undefined);
    objects.ask(id, (object) => {
      const entries = parseGitTree(object);
      if (entries === undefined) return;
      const folder = folderOf(entries, { isRoot, isWanted });
      folders.set(id, { files: folder.files.map(shared), folders: folder.folders.map(shared) });
      for (const child of folder.folders) read(child.id, false);
    });
  };
  for (const root of new Set(roots)) if (root !== undefined) read(root, true);
  await objects.answered();
  return folders;
}

function folderOf(
  entries: readonly GitTreeEntry[],
  { isRoot, isWanted }: { readonly isRoot: boolean; readonly isWanted: (name: string) => boolean },
): RevisionFolder {
  if (!isRoot && entries.some(({ kind, name }) => kind === 'folder' && (name === '.pipe' || name === '.dvc')))
    return { files: [], folders: [] };
  return {
    files: entries.filter(({ kind, name }) => kind === 'file' && isWanted(name)),
    folders: entries.filter(({ kind, name }) => kind === 'folder' && !isHidden(name)),
  };
}
