import type { Dirent } from 'node:fs';
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { byCodeUnit } from '../kit/order.ts';
import { PipeError } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import { ignoreFilter } from './ignore.ts';
import { IgnoreRules } from './ignore-rules.ts';
import type { Project } from './project.ts';

/** What a pipeline file can be called. */
const NAMES = ['pipeline.yaml', 'dvc.yaml'] as const;

type Skips = (path: string) => boolean;

/**
 * All pipeline files of a project, posix and relative to its root, in code-unit order.
 *
 * Not looked into: what `.pipeignore` or a `.gitignore` of the project ignores (outs are among it), folders whose name
 * begins with a dot, `node_modules`, Python environments, projects inside this one, symbolic links to folders, and
 * folders that must not be read. The root's own pipeline file always counts.
 * @throws {PipeError} PIPE_PIPELINE_FILES for folders with both names.
 */
export function findPipelineFiles(project: Project): string[] {
  const found: string[] = [];
  const problems: Problem[] = [];
  for (const { folder, entries, skips } of projectFolders(project)) {
    const files = entries
      .filter((entry) => isPipelineFile(entry, join(project.root, folder)))
      .map((entry) => within(folder, entry.name))
      .filter((path) => folder === '' || !skips(path));
    if (files.length > 1) problems.push(bothNames(folder));
    found.push(...files);
  }
  if (problems.length > 0) throw new PipeError(problems);
  return found.sort(byCodeUnit);
}

/**
 * The locks and pointers of the workspace, posix and relative to the project's root, in code-unit order. They are
 * looked for where pipeline files are.
 */
export function findRecordFiles(project: Project): string[] {
  const found: string[] = [];
  for (const { folder, entries, skips } of projectFolders(project)) {
    const files = entries.filter((entry) => !entry.isDirectory() && isRecordFile(entry.name));
    found.push(...files.map((entry) => within(folder, entry.name)).filter((path) => !skips(path)));
  }
  return found.sort(byCodeUnit);
}

/** Whether a name is that of a lock or of a pointer. */
export function isRecordFile(name: string): boolean {
  return name === 'pipeline.lock' || (name.endsWith('.pipe') && name !== '.pipe');
}

interface ProjectFolder {
  /** Relative to the root; empty for the root itself. */
  readonly folder: string;
  readonly entries: readonly Dirent[];
  readonly skips: Skips;
}

/** The folders of a project that files are looked for in. */
function* projectFolders(project: Project): Generator<ProjectFolder> {
  const skips = skipRules(project);
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = readFolder(join(project.root, folder));
    if (folder !== '' && isForeign(entries)) continue;
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = within(folder, entry.name);
      if (!skips(`${path}/`)) open.push(path);
    }
    yield { folder, entries, skips };
  }
}

/** Paths of folders end with `/`. */
function skipRules({ root, gitRoot }: Project): Skips {
  const ignored = ignoreFilter(root);
  const bare = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);
  const own: Skips = (path) => ignored(bare(path), path.endsWith('/'));
  if (gitRoot === undefined) return own;
  const git = new IgnoreRules(gitRoot, ['.gitignore']);
  const inside = relative(gitRoot, root).split(sep).join('/');
  // A project in a folder that Git ignores is meant to be one nevertheless: only what it ignores inside counts.
  if (inside !== '' && git.ignores(inside, true)) return own;
  return (path) => own(path) || git.ignores(within(inside, bare(path)), path.endsWith('/'));
}

function within(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Removed in the meantime, a name that is not UTF-8, or somebody else's folder.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM') return [];
    throw error;
  }
}

/** Whether a folder is a project of its own or a Python environment. */
function isForeign(entries: readonly Dirent[]): boolean {
  return entries.some(
    (entry) =>
      ((entry.name === '.pipe' || entry.name === '.dvc') && entry.isDirectory()) ||
      (entry.name === 'pyvenv.cfg' && entry.isFile()),
  );
}

function isPipelineFile(entry: Dirent, folder: string): boolean {
  if (!(NAMES as readonly string[]).includes(entry.name)) return false;
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
