import type { Dirent } from 'node:fs';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { byCodeUnit } from '../kit/order.ts';
import { isPointerName } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import type { Skips, WalkedFolder } from './project-walk.ts';
import { LOCK_NAME, PIPELINE_NAMES, pointersAmong, skipRules, walkProject, within } from './project-walk.ts';
import type { Project } from './project.ts';

/** The files that say what a project consists of: posix, relative to its root, in code-unit order. */
export interface ProjectFiles {
  readonly pipelines: readonly string[];
  /** Files with the name of a pointer; what they are shows when they are read. Symbolic links are none. */
  readonly pointers: readonly string[];
  /** Folders that this user must not read: what lies in them is not known. */
  readonly unreadable: readonly string[];
}

/** What is said of such a folder. */
export function unreadableFolder(folder: string): Problem {
  return {
    code: 'PIPE_FILE_READ',
    message: `cannot read the folder ${folder === '' ? '.' : folder}: permission denied`,
    hint: 'make it readable; or name it in .pipeignore, if nothing in it is tracked',
  };
}

/**
 * All pipeline files and pointers of a project, in one walk (see {@link walkProject} for where it goes). Of them,
 * what `.pipeignore` or a `.gitignore` ignores is left out; but the root's own pipeline file always counts.
 * @throws {PipeError} PIPE_PIPELINE_FILES for folders with both names of a pipeline file.
 */
export function findProjectFiles(project: Project): ProjectFiles {
  const skips = skipRules(project);
  const pipelines: string[] = [];
  const pointers: string[] = [];
  const unreadable: string[] = [];
  const problems: Problem[] = [];
  for (const folder of walkProject(project, skips, (path) => unreadable.push(path))) {
    const files = pipelinesIn(folder, project.root, skips);
    if (files.length > 1) problems.push(bothNames(folder.path));
    pipelines.push(...files);
    pointers.push(...pointersAmong(folder, skips));
  }
  if (problems.length > 0) throw new PipeError(problems);
  return {
    pipelines: pipelines.sort(byCodeUnit),
    pointers: pointers.sort(byCodeUnit),
    unreadable: unreadable.sort(byCodeUnit),
  };
}

/**
 * The locks and pointers of the workspace, posix and relative to the project's root, in code-unit order. They are
 * looked for where pipeline files are.
 */
export function findRecordFiles(project: Project): string[] {
  const skips = skipRules(project);
  const found: string[] = [];
  for (const { path, entries } of walkProject(project, skips)) {
    const files = entries.filter((entry) => !entry.isDirectory() && isRecordFile(entry.name));
    found.push(...files.map((entry) => within(path, entry.name)).filter((file) => !skips(file)));
  }
  return found.sort(byCodeUnit);
}

/** Whether a name is that of a lock or of a pointer. */
export function isRecordFile(name: string): boolean {
  return name === LOCK_NAME || isPointerName(name);
}

function pipelinesIn({ path, entries }: WalkedFolder, root: string, skips: Skips): string[] {
  return entries
    .filter((entry) => isPipelineFile(entry, join(root, path)))
    .map((entry) => within(path, entry.name))
    .filter((file) => path === '' || !skips(file));
}

function isPipelineFile(entry: Dirent, folder: string): boolean {
  if (!(PIPELINE_NAMES as readonly string[]).includes(entry.name)) return false;
  if (!entry.isSymbolicLink()) return entry.isFile();
  return statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isFile() === true;
}

function bothNames(folder: string): Problem {
  return {
    code: 'PIPE_PIPELINE_FILES',
    message: `${folder === '' ? 'the root' : folder} holds both pipeline.yaml and dvc.yaml`,
    hint: 'keep one of them: move the stages of one file into the other',
  };
}
