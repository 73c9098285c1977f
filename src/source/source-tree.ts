import { posix } from 'node:path';
import { isWithin } from '../kit/path.ts';
import { isPointerName, MAX_POINTER_LENGTH } from '../lockfile/pointer.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { collectNeeds } from '../lockfile/needed.ts';
import type { Problem } from '../problem/problem.ts';
import { gitOutput } from '../project/git-command.ts';
import { openGitObjects } from '../project/git-objects.ts';
import type { Entry } from '../store/tree.ts';
import type { Repository } from './repository.ts';

/** A file that Git keeps. Paths are posix, relative to the root of the repository. */
export interface GitFile {
  readonly path: string;
  readonly kind: 'file' | 'exec' | 'link';
  /** Of its content, in hex digits. */
  readonly id: string;
}

/** A file or folder that a project in the repository tracks. */
export interface SourceRoot {
  readonly path: string;
  readonly entry: Entry;
  /** The folder of the project; empty for the root of the repository. */
  readonly project: string;
  /** The remote that its pointer names. */
  readonly remote?: string;
}

/** What a repository holds at its commit. */
export interface SourceTree {
  readonly files: readonly GitFile[];
  readonly roots: readonly SourceRoot[];
  /** The text of the configuration of each project that has tracked data, by its folder. */
  readonly configs: ReadonlyMap<string, string>;
  /** Paths of other repositories in it, of which it knows only a commit. */
  readonly submodules: readonly string[];
  /** Locks and pointers that cannot be read. */
  readonly problems: readonly Problem[];
}

/** Reads what a repository holds: names, locks and pointers; no data. */
export async function readSourceTree(repository: Repository): Promise<SourceTree> {
  const { files, submodules } = await listFiles(repository);
  const projects = projectsOf(files);
  const projectOf = (path: string): string | undefined => projects.find((folder) => isWithin(folder || '.', path));
  const records = files.filter(({ path, kind }) => kind !== 'link' && isRecord(path) && projectOf(path) !== undefined);
  const configs = files.filter(({ path }) => projects.some((folder) => path === posix.join(folder, CONFIG)));
  const byProject = new Map(projects.map((folder) => [folder, collectNeeds(readPointerOuts)]));
  let left = MOST_BYTES;
  // Each is read when it comes, and not kept: a few small objects in Git can be gigabytes of text.
  await eachText(repository, records, ({ path }, bytes) => {
    const folder = projectOf(path) ?? '';
    const most = Math.min(left, isPointerName(posix.basename(path)) ? MAX_POINTER_LENGTH : Infinity);
    const content = bytes === undefined || bytes.length > most ? { fault: TOO_MUCH } : { text: bytes.toString('utf8') };
    if ('text' in content) left -= bytes?.length ?? 0;
    byProject.get(folder)?.add({ path: posix.relative(folder, path), content, revisions: [[0, 1]] });
  });
  const texts = new Map<string, string>();
  await eachText(repository, configs, ({ path }, bytes) => {
    if (bytes !== undefined && bytes.length <= MAX_POINTER_LENGTH) texts.set(path, bytes.toString('utf8'));
  });
  const kept = new Set(files.flatMap(({ path }) => [path, ...foldersOf(path)]));
  const roots: SourceRoot[] = [];
  const problems: Problem[] = [];
  for (const [project, collector] of byProject) {
    const needs = collector.needs(() => repository.commit);
    problems.push(...needs.problems.map(({ problem }) => problem));
    for (const { path, entry, sharing, stage } of needs.roots) {
      // An out that is not cached, metrics for instance: Git has it.
      if (stage !== undefined && kept.has(posix.join(project, path))) continue;
      const remote = sharing?.remote === undefined ? {} : { remote: sharing.remote };
      roots.push({ path: posix.join(project, path), entry, project, ...remote });
    }
  }
  return { files, submodules, roots, problems, configs: new Map(configs.map(({ path }) => [posix.dirname(posix.dirname(path)).replace(/^\.$/, ''), texts.get(path) ?? ''])) }; // prettier-ignore
}

/** All locks and pointers of a repository together; those of a million files are 100 MiB. */
const MOST_BYTES = 256 << 20;

const TOO_MUCH = 'it is too large, as are all locks and pointers together, or Git has lost it';

/** The folders that a path lies in. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) folders.push(path.slice(0, at));
  return folders;
}

const CONFIG = '.pipe/config.yaml';

/** Folders that hold a project, the innermost first. */
function projectsOf(files: readonly GitFile[]): string[] {
  const found = new Set<string>();
  for (const { path } of files) {
    const match = /^(?:(.*)\/)?\.pipe\/[^/]+$/.exec(path);
    if (match !== null) found.add(match[1] ?? '');
  }
  return [...found].sort((a, b) => b.length - a.length);
}

function isRecord(path: string): boolean {
  const names = path.split('/');
  const name = names.pop() ?? '';
  if (names.some((each) => each.startsWith('.') || each === 'node_modules')) return false;
  return name === 'pipeline.lock' || isPointerName(name);
}

async function listFiles({ command, commit }: Repository): Promise<{ files: GitFile[]; submodules: string[] }> {
  const output = await gitOutput(command, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  const files: GitFile[] = [];
  const submodules: string[] = [];
  for (const line of output.toString('utf8').split('\0')) {
    // <mode> <type> <id>\t<path>
    const tab = line.indexOf('\t');
    const [mode = '', type, id = ''] = line.slice(0, tab).split(' ');
    const path = line.slice(tab + 1);
    const kind = mode === '120000' ? 'link' : mode === '100755' ? 'exec' : 'file';
    if (type === 'blob') files.push({ path, kind, id });
    else if (type === 'commit') submodules.push(path);
  }
  return { files, submodules };
}

/** Hands over the bytes of files one by one; `undefined` for what is too large, or lost. */
async function eachText(
  repository: Repository,
  files: readonly GitFile[],
  use: (file: GitFile, bytes: Buffer | undefined) => void,
): Promise<void> {
  if (files.length === 0) return;
  await repository.bring(files.map(({ id }) => id));
  const objects = await openGitObjects(repository.command);
  try {
    for (const file of files) objects.ask(file.id, (object) => { use(file, object?.bytes); }); // prettier-ignore
    await objects.answered();
  } finally {
    await objects.close();
  }
}

/** What lies at a path of a repository. */
export type Found =
  /** Something tracked, or a part of it. */
  | { readonly kind: 'tracked'; readonly root: SourceRoot; readonly below: string }
  /** A file that Git keeps. */
  | { readonly kind: 'file'; readonly file: GitFile }
  /** A folder of such files, and of tracked things. */
  | { readonly kind: 'folder'; readonly files: readonly GitFile[]; readonly roots: readonly SourceRoot[] };

/** What lies at a path, which is `.` for the root; `undefined` when nothing does. What Git keeps itself wins. */
export function lookUpSource({ files, roots }: Pick<SourceTree, 'files' | 'roots'>, path: string): Found | undefined {
  const file = files.find((each) => each.path === path);
  if (file !== undefined) return { kind: 'file', file };
  const around = roots.find((root) => isWithin(root.path, path));
  if (around !== undefined) return { kind: 'tracked', root: around, below: posix.relative(around.path, path) };
  const known = new Set(files.map((each) => each.path));
  const tracked = roots.filter((each) => !known.has(each.path));
  const inside = {
    files: files.filter((each) => isWithin(path, each.path) && !tracked.some((root) => isWithin(root.path, each.path))),
    roots: tracked.filter((each) => isWithin(path, each.path)),
  };
  return inside.files.length + inside.roots.length > 0 ? { kind: 'folder', ...inside } : undefined;
}
