import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDigest } from '../../kit/digest.ts';
import { writeDisposable } from '../../kit/disposable-file.ts';
import { parseJson } from '../../kit/parse-json.ts';
import { readTextFile } from '../../kit/text-file.ts';
import { entryOf, lockEntry } from '../../lockfile/entry.ts';
import type { Project } from '../../project/project.ts';
import type { Entry } from '../../store/tree.ts';
import type { LockEntry } from '../../lockfile/block.ts';

/**
 * What tracked files and folders held when they and their pointers last agreed (docs/formats.md, `pipe.bases/1`): it
 * tells what was removed here from what never came. Disposable: without it, what is missing counts as never come.
 */
export interface Bases {
  /** `undefined` when it is not known, or the folder is another one by now. */
  get(path: string): Entry | undefined;
  /** The same of whichever folder lay there when it was noted. */
  ofFormer(path: string): Entry | undefined;
  /** Whether no more is known of a folder than parts of it that were put in place by themselves. */
  isPartial(path: string): boolean;
  /** Notes that a path holds what its pointer says, or that parts of it do. */
  set(path: string, entry: Entry, options?: { readonly partial: boolean }): void;
  /** Forgets a path. */
  drop(path: string): void;
  save(): void;
}

const SCHEMA = 'pipe.bases/1';

interface Base {
  readonly entry: LockEntry;
  /** Which folder it was: one that was made anew never held what the old one did. Empty for files. */
  readonly folder: string;
  readonly partial?: true;
}

/** The bases of a project, read when first asked; the last of two processes to save wins. */
export function openBases({ pipeDir, root }: Pick<Project, 'pipeDir' | 'root'>): Bases {
  const file = join(pipeDir, 'tmp', 'bases.json');
  let read: Map<string, Base> | undefined;
  let isChanged = false;
  const known = (): Map<string, Base> => (read ??= readBases(file));
  return {
    get(path) {
      const base = known().get(path);
      if (base === undefined) return undefined;
      const entry = entryOf(base.entry);
      return base.folder === folderAt(join(root, path), entry) ? entry : undefined;
    },
    ofFormer(path) {
      const base = known().get(path);
      return base === undefined ? undefined : entryOf(base.entry);
    },
    isPartial: (path) => known().get(path)?.partial === true,
    set(path, entry, { partial } = { partial: false }) {
      const folder = folderAt(join(root, path), entry);
      const before = known().get(path);
      const isSame = before?.entry.digest === entry.digest && (before.partial === true) === partial;
      if (isSame && before.folder === folder) return;
      known().set(path, { entry: lockEntry(path, entry), folder, ...(partial ? { partial } : {}) });
      isChanged = true;
    },
    drop(path) {
      if (known().delete(path)) isChanged = true;
    },
    save() {
      if (!isChanged) return;
      writeDisposable(file, JSON.stringify({ schema: SCHEMA, bases: Object.fromEntries(known()) }));
      isChanged = false;
    },
  };
}

/** Notes what tracked paths hold now. */
export function noteBases(project: Pick<Project, 'pipeDir' | 'root'>, whole: Iterable<readonly [string, Entry]>): void {
  const bases = openBases(project);
  for (const [path, entry] of whole) bases.set(path, entry);
  bases.save();
}

function folderAt(absolute: string, { kind }: Entry): string {
  if (kind !== 'dir') return '';
  const stat = statSync(absolute, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${String(stat.dev)} ${String(stat.ino)} ${String(stat.birthtimeMs)}`;
}

function readBases(file: string): Map<string, Base> {
  const value = parseJson(readTextFile(file, file) ?? '') as { schema?: unknown; bases?: unknown } | null | undefined;
  if (value?.schema !== SCHEMA || typeof value.bases !== 'object') return new Map();
  return new Map(Object.entries(value.bases ?? {}).filter((pair): pair is [string, Base] => isBase(pair[1])));
}

function isBase(value: unknown): value is Base {
  const { entry, folder } = (value ?? {}) as Partial<Record<keyof Base, unknown>>;
  const { digest, size, files = 0 } = (entry ?? {}) as Partial<Record<keyof LockEntry, unknown>>;
  const isCount = (each: unknown): boolean => Number.isSafeInteger(each) && (each as number) >= 0;
  return typeof folder === 'string' && parseDigest(digest) !== undefined && isCount(size) && isCount(files);
}
