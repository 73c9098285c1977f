import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { LoadOptions } from '../pipeline/load.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { Problem, Result } from '../problem/problem.ts';
import type { Git } from '../project/git.ts';

/** The files of a project at one moment: in the workspace or at a Git revision. */
export interface Snapshot {
  /** `workspace`, or the names of the revision. */
  readonly label: string;
  readonly pipelines: readonly Pipeline[];
  /** What is wrong with pipeline files, which are left out. */
  readonly problems: readonly Problem[];
  /** The bytes of files, relative to the project root; what is not there, or no plain file, is left out. */
  read(paths: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /** The files below a folder, in code-unit order; none when it is no folder. */
  filesBelow(folder: string): Promise<readonly string[]>;
}

/** The workspace, whose pipeline files have been read already. */
export function workspaceSnapshot(
  root: string,
  { pipelines, problems }: Pick<Snapshot, 'pipelines' | 'problems'>,
): Snapshot {
  return {
    label: 'workspace',
    pipelines,
    problems,
    read: (paths) => Promise.resolve(new Map(paths.flatMap((path) => readIfFile(root, path)))),
    filesBelow: (folder) => Promise.resolve(walk(root, folder, 0)),
  };
}

function readIfFile(root: string, path: string): [string, Buffer][] {
  try {
    return [[path, readFileSync(join(root, path))]];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return [];
    throw error;
  }
}

/** Folders of metrics are flat; this only keeps a strange one from being endless. */
const DEEPEST = 64;

function walk(root: string, folder: string, depth: number): string[] {
  try {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    const found = entries.flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return depth < DEEPEST ? walk(root, path, depth + 1) : [];
      return entry.isFile() ? [path] : [];
    });
    return found.sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

export interface Revision {
  readonly git: Git;
  /** The full id of the commit. */
  readonly commit: string;
  readonly label: string;
  /** Resolves a pipeline file through a reader. */
  readonly load: (options: Pick<LoadOptions, 'file' | 'read'>) => Result<Pipeline>;
}

/** A Git revision. What its pipeline files refer to is read from the same commit. */
export async function revisionSnapshot({ git, commit, label, load }: Revision): Promise<Snapshot> {
  const files = await git.listFiles(commit);
  const tree = new Set(files);
  const pipelines: Pipeline[] = [];
  const problems: Problem[] = [];
  const reader = new LazyReader((paths) => git.readFiles(commit, paths), tree);
  for (const file of files.filter(isPipelineFile)) {
    const loaded = await reader.run((read) => load({ file, read }));
    if (loaded.ok) pipelines.push(loaded.value);
    else problems.push(...loaded.problems);
  }
  return {
    label,
    pipelines,
    problems,
    read: (paths) =>
      git.readFiles(
        commit,
        paths.filter((path) => tree.has(path)),
      ),
    filesBelow: (folder) => Promise.resolve(files.filter((file) => file.startsWith(`${folder}/`))),
  };
}

/** As in the workspace, hidden folders are not looked into. */
function isPipelineFile(path: string): boolean {
  const parts = path.split('/');
  const name = parts.pop();
  return (
    (name === 'pipeline.yaml' || name === 'dvc.yaml') &&
    !parts.some((part) => part.startsWith('.') || part === 'node_modules')
  );
}

/**
 * Lets synchronous code read files that must be fetched first: it runs with what is known, then again as long as it
 * asked for something new.
 */
class LazyReader {
  readonly #fetch: (paths: readonly string[]) => Promise<ReadonlyMap<string, Buffer>>;
  readonly #tree: ReadonlySet<string>;
  readonly #texts = new Map<string, string | undefined>();

  constructor(fetch: (paths: readonly string[]) => Promise<ReadonlyMap<string, Buffer>>, tree: ReadonlySet<string>) {
    this.#fetch = fetch;
    this.#tree = tree;
  }

  async run<T>(work: (read: (path: string) => string | undefined) => T): Promise<T> {
    for (;;) {
      const wanted = new Set<string>();
      const result = work((path) => {
        if (!this.#texts.has(path) && this.#tree.has(path)) wanted.add(path);
        return this.#texts.get(path);
      });
      if (wanted.size === 0) return result;
      const fetched = await this.#fetch([...wanted]);
      for (const path of wanted) this.#texts.set(path, fetched.get(path)?.toString('utf8'));
    }
  }
}
