import type { Dirent } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { folderEntries } from '../kit/folder-entries.ts';
import { isDenied } from '../kit/system-fault.ts';
import { ancestors, isWithin } from '../kit/path.ts';
import { isPointerName, parsePointer, pointerFileOf } from '../lockfile/pointer.ts';
import { ignoreFilter } from './ignore.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { readPointerText } from './pointer-files.ts';
import type { Project } from './project.ts';

/** A folder of a project in which pipeline files and pointers count. */
export interface WalkedFolder {
  /** Posix, relative to the project root; `''` is the root. */
  readonly path: string;
  /** Folders, and all that has the name of a file that matters. */
  readonly entries: readonly Dirent[];
}

/** What a pipeline file can be called. */
export const PIPELINE_NAMES = ['pipeline.yaml', 'dvc.yaml'] as const;

/** What a lock is called. */
export const LOCK_NAME = 'pipeline.lock';

/** Files, beside pointers, that say something about the folder that they lie in. */
const FILE_NAMES: ReadonlySet<string> = new Set([...PIPELINE_NAMES, LOCK_NAME, 'pyvenv.cfg']);

/** Whether a path is left out; that of a folder ends with `/`. */
export type Skips = (path: string) => boolean;

/**
 * Every folder of a project that can hold pipeline files and pointers.
 *
 * Not looked into: what `.pipeignore` or a `.gitignore` of the project ignores (outs are among it), folders whose name
 * begins with a dot, `node_modules`, Python environments, projects inside this one, folders that a pointer beside them
 * tracks, symbolic links to folders, and folders that must not be read.
 * @param onUnreadable told of the latter
 */
export function* walkProject(
  { root }: Project,
  skips: Skips,
  onUnreadable?: (folder: string) => void,
): Generator<WalkedFolder> {
  const open = [''];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const entries = readFolder(join(root, path));
    if (entries === undefined) {
      onUnreadable?.(path);
      continue;
    }
    if (path !== '' && isForeign(entries)) continue;
    yield { path, entries };
    const pointers = new Set(pointersAmong({ path, entries }, skips));
    for (const entry of entries) {
      if (!entry.isDirectory() || isHidden(entry.name)) continue;
      const folder = within(path, entry.name);
      if (skips(`${folder}/`)) continue;
      if (pointers.has(pointerFileOf(folder)) && isTracked(root, folder)) continue;
      open.push(folder);
    }
  }
}

/**
 * Tells why a pipeline file or pointer would not be found where it is, in words that end a sentence; `undefined` when
 * {@link walkProject} comes by. Folders and rules are read once, however many files are asked for.
 */
export function walkCheck(project: Project): (file: string) => string | undefined {
  let skips: Skips | undefined;
  const known = new Map<string, string | undefined>();
  const whyNotBelow = (folder: string): string | undefined => {
    if (!known.has(folder)) known.set(folder, whyNotEntered(project, folder));
    return known.get(folder);
  };
  return (file) => {
    const folders = [...ancestors(file)].reverse();
    for (const folder of folders) {
      const why = whyNotBelow(folder);
      if (why !== undefined) return why;
    }
    skips ??= skipRules(project);
    const skipped = [...folders.map((folder) => `${folder}/`), file].find(skips);
    return skipped === undefined ? undefined : `is ignored: a rule of .pipeignore or .gitignore covers ${skipped}`;
  };
}

/** Why the walk does not look into a folder, whatever the rules say. */
function whyNotEntered({ root }: Project, folder: string): string | undefined {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  if (name === 'node_modules') return `lies in ${folder}`;
  if (isHidden(name)) return `lies in ${folder}, whose name begins with a dot`;
  if (!isForeign(readFolder(join(root, folder)) ?? [])) return undefined;
  return `lies in ${folder}, which is a project of its own or a Python environment`;
}

/** What the ignore files of a project leave out. */
export function skipRules({ root, gitRoot }: Project): Skips {
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

/** The files in a folder that have the name of a pointer and are not left out, relative to the project root. */
export function pointersAmong({ path, entries }: WalkedFolder, skips: Skips): string[] {
  return entries
    .filter((entry) => isPointerName(entry.name) && entry.isFile())
    .map((entry) => within(path, entry.name))
    .filter((file) => !skips(file));
}

/** The path of a name in a folder. */
export function within(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Whether a folder of this name is not looked into. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules';
}

/** Whether the pointer beside a folder tracks it: by its name it could also track something else. */
function isTracked(root: string, folder: string): boolean {
  const file = pointerFileOf(folder);
  const text = readPointerText(root, file);
  const pointer = text.ok && text.value !== undefined ? parsePointer(text.value, { file }) : undefined;
  return pointer?.ok === true && isWithin(pointer.value.path, folder);
}

/** What matters in a folder; `undefined` for one that must not be read. */
function readFolder(path: string): Dirent[] | undefined {
  try {
    const found: Dirent[] = [];
    for (const entry of folderEntries(path)) if (entry.isDirectory() || canMatter(entry.name)) found.push(entry);
    return found;
  } catch (error) {
    // Somebody else's folder.
    if (isDenied(error)) return undefined;
    const { code } = error as NodeJS.ErrnoException;
    // Removed in the meantime, or a name that is not UTF-8.
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Whether a name is that of a pipeline file, a lock, a pointer or a Python environment: few are, among thousands. */
function canMatter(name: string): boolean {
  return FILE_NAMES.has(name) || isPointerName(name);
}

/** Whether a folder is a project of its own or a Python environment. */
function isForeign(entries: readonly Dirent[]): boolean {
  return entries.some(
    (entry) =>
      ((entry.name === '.pipe' || entry.name === '.dvc') && entry.isDirectory()) ||
      (entry.name === 'pyvenv.cfg' && entry.isFile()),
  );
}
