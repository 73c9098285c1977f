import { dirname, join } from 'node:path';
import { parseDigest } from '../../kit/digest.ts';
import { writeDisposable } from '../../kit/disposable-file.ts';
import { folderIdentity } from '../../kit/folder-identity.ts';
import { parseJson } from '../../kit/parse-json.ts';
import { readTextFile } from '../../kit/text-file.ts';
import { entryOf, lockEntry } from '../../lockfile/entry.ts';
import { PipeError } from '../../problem/problem.ts';
import { withEditLock } from '../../project/edit-lock.ts';
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
  /** All folders among them, whether or not they still lie there. */
  folders(): readonly { readonly path: string; readonly entry: Entry }[];
  /** Notes that a path holds what its pointer says, or that parts of it do. */
  set(path: string, entry: Entry, options?: { readonly partial: boolean }): void;
  /** Forgets a path. */
  drop(path: string): void;
  /**
   * Writes what was noted and forgotten here, and nothing else, into what the file says by now.
   * @param options `isClaimed`: whether no other process works on the paths, from before they were looked at; else a path
   * that another has noted since then stays as that one says
   * `waits`: whether to wait until others have written theirs; else nothing is written while one of them does
   * @returns the paths that stayed so
   * @throws {PipeError} PIPE_FILE_BUSY where it waited in vain
   */
  save(options?: { readonly isClaimed?: boolean; readonly waits?: boolean }): readonly string[];
}

const SCHEMA = 'pipe.bases/1';

interface Base {
  readonly entry: LockEntry;
  /** Which folder it was: one that was made anew never held what the old one did. Empty for files. */
  readonly folder: string;
  readonly partial?: true;
}

/** The bases of a project, read when first asked. */
export function openBases({ pipeDir, root }: Pick<Project, 'pipeDir' | 'root'>): Bases {
  const file = join(pipeDir, 'tmp', 'bases.json');
  let read: ReadonlyMap<string, Base> | undefined;
  const edits = new Map<string, Base | undefined>();
  const known = (path: string): Base | undefined => {
    read ??= readBases(file);
    return edits.has(path) ? edits.get(path) : read.get(path);
  };
  return {
    get(path) {
      const base = known(path);
      if (base === undefined) return undefined;
      const entry = entryOf(base.entry);
      return base.folder === folderAt(join(root, path), entry) ? entry : undefined;
    },
    ofFormer(path) {
      const base = known(path);
      return base === undefined ? undefined : entryOf(base.entry);
    },
    isPartial: (path) => known(path)?.partial === true,
    folders() {
      read ??= readBases(file);
      const all = [...new Map<string, Base | undefined>([...read, ...edits])];
      return all.flatMap(([path, base]) => {
        const entry = base && entryOf(base.entry);
        return entry?.kind === 'dir' ? [{ path, entry }] : [];
      });
    },
    set(path, entry, { partial } = { partial: false }) {
      const base = { entry: lockEntry(path, entry), folder: folderAt(join(root, path), entry) };
      if (!isSameBase(known(path), { ...base, partial })) edits.set(path, { ...base, ...(partial ? { partial } : {}) });
    },
    drop(path) {
      if (known(path) !== undefined) edits.set(path, undefined);
    },
    save({ isClaimed = true, waits = true } = {}) {
      if (edits.size === 0) return [];
      const seen = read;
      const mayEdit = (path: string, now: Base | undefined): boolean => isClaimed || isSameBase(now, seen?.get(path));
      // What only saves time is not waited for.
      const { bases, refused } = saveEdits(file, edits, { mayEdit, waitMs: waits ? undefined : 0 });
      read = bases;
      edits.clear();
      return refused;
    },
  };
}

/** Where nothing can be written, the file stays as it was, as {@link writeDisposable} leaves it. */
function saveEdits(
  file: string,
  edits: ReadonlyMap<string, Base | undefined>,
  {
    mayEdit,
    waitMs,
  }: {
    readonly mayEdit: (path: string, now: Base | undefined) => boolean;
    readonly waitMs: number | undefined;
  },
): { readonly bases: ReadonlyMap<string, Base>; readonly refused: readonly string[] } {
  try {
    return withEditLock(
      join(dirname(file), 'bases-lock'),
      () => {
        const bases = readBases(file);
        const refused: string[] = [];
        for (const [path, base] of edits) {
          if (!mayEdit(path, bases.get(path))) refused.push(path);
          else if (base === undefined) bases.delete(path);
          else bases.set(path, base);
        }
        writeDisposable(file, JSON.stringify({ schema: SCHEMA, bases: Object.fromEntries(bases) }));
        return { bases, refused };
      },
      waitMs,
    );
  } catch (error) {
    const code = error instanceof PipeError ? error.problems[0]?.code : undefined;
    if (code !== 'PIPE_FILE_WRITE' && (code !== 'PIPE_FILE_BUSY' || waitMs !== 0)) throw error;
    return { bases: readBases(file), refused: code === 'PIPE_FILE_BUSY' ? [...edits.keys()] : [] };
  }
}

function isSameBase(a: Base | undefined, b: (Omit<Base, 'partial'> & { partial?: boolean }) | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.entry.digest === b.entry.digest && a.folder === b.folder && (a.partial === true) === (b.partial === true);
}

function folderAt(absolute: string, { kind }: Entry): string {
  return kind === 'dir' ? folderIdentity(absolute) : '';
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
