import { besidePointer } from '../../lockfile/pointer.ts';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { FolderMerger } from '../../data/merge-folders.ts';
import { openFolderMerger } from '../../data/merge-folders.ts';
import { mergePointers } from '../../lockfile/merge-pointer.ts';
import type { Merged, MergeOptions, MergeTexts } from '../../lockfile/merge.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Surroundings } from '../../project/project.ts';
import { findProject } from '../../project/project.ts';
import { formatSize } from '../../report/size.ts';
import { clean, plural, shellWord } from '../../report/words.ts';
import type { TreeConflict } from '../../store/merge-tree.ts';
import type { Entry } from '../../store/tree.ts';

/** So many files are named. */
const NAMED = 20;

/**
 * Merges pointers, and the folders that they record file by file. What these need is in the cache when this ends.
 * @returns with what is to be said of conflicts
 * @throws {PipeError} as `mergePointers`, and PIPE_STORE_LEASE
 */
export async function mergePointer(
  texts: MergeTexts,
  options: MergeOptions,
  surroundings: Surroundings,
): Promise<Merged & { readonly details: readonly string[] }> {
  const folders = await foldersOf(resolve(surroundings.cwd, options.shown), surroundings);
  const merged = mergePointers(texts, { ...options, mergeTrees: folders?.merge });
  await folders?.finish(options.shown);
  return {
    ...merged,
    details: folders === undefined ? [] : [...missingLists(folders), ...changedTwice(folders, options.shown)],
  };
}

/** Without a cache that can be opened, folders are merged as a whole. */
async function foldersOf(file: string, { env }: Surroundings): Promise<FolderMerger | undefined> {
  try {
    const project = findProject({ cwd: nearestFolder(dirname(file)), env });
    return project && (await openFolderMerger(project));
  } catch (error) {
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

/** Git makes the folders of what it merges when it has merged all. */
function nearestFolder(folder: string): string {
  if (folder === dirname(folder) || statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  return nearestFolder(dirname(folder));
}

function missingLists({ missing }: FolderMerger): string[] {
  if (missing.length === 0) return [];
  return [
    `The cache lacks the list of files of ${missing.join(' and ')}, so that they cannot be merged file by file.`,
    'To do so: `git merge --abort` (or that of a rebase), `pipe fetch --all-commits`, and merge again.',
  ];
}

function changedTwice({ conflicts }: FolderMerger, shown: string): string[] {
  if (conflicts.length === 0) return [];
  const folder = clean(besidePointer(shown));
  const named = conflicts.slice(0, NAMED).map((each) => `  ${folder}/${clean(each.path)}: ${sidesOf(each)}`);
  const more = conflicts.length > NAMED ? [`  and ${plural(conflicts.length - NAMED, 'file')} more`] : [];
  const file = shellWord(shown);
  return [
    ...named,
    ...more,
    'Everything else is merged: either side between the marks has all of it, with these files as they are there.',
    `  \`pipe resolve --ours ${file}\` or \`pipe resolve --theirs ${file}\`, then \`git add ${file}\``,
  ];
}

function sidesOf({ ours, theirs }: TreeConflict): string {
  return `${shownEntry(ours)} on our side, ${shownEntry(theirs)} on theirs`;
}

function shownEntry(entry: Entry | undefined): string {
  if (entry === undefined) return 'nothing';
  if (entry.kind === 'dir') return `a folder of ${plural(entry.files, 'file')}`;
  const how = entry.kind === 'file' ? '' : entry.kind === 'exec' ? ', executable' : ', a link';
  return `${entry.digest.slice(0, 15)} (${formatSize(entry.size)}${how})`;
}
