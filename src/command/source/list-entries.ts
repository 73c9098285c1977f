import { posix } from 'node:path';
import { reach, withLists } from '../../remote/reach.ts';
import type { ListSource } from '../../remote/wanted.ts';
import type { Found, GitFile, SourceRoot } from '../../source/source-tree.ts';
import { BrokenTree, treeParts } from '../../store/read-tree.ts';
import type { Entry } from '../../store/tree.ts';
import { PipeError } from '../../problem/problem.ts';

/** A line of a listing. */
export interface Listed {
  /** Relative to the path that is listed. */
  readonly path: string;
  readonly kind: 'file' | 'exec' | 'link' | 'dir';
  /** Whether pipe tracks it, rather than Git. */
  readonly tracked: boolean;
  /** Bytes; `null` where it was not asked for, or is not known. */
  readonly size: number | null;
  readonly files?: number;
  readonly digest?: string;
}

interface Listing {
  readonly path: string;
  readonly recursive: boolean;
}

/** What Git keeps at a path. */
export function gitEntries(
  found: Found,
  {
    path,
    recursive,
    onlyTracked,
    sizes,
  }: Listing & { readonly onlyTracked: boolean; readonly sizes: ReadonlyMap<string, number> | undefined },
): Listed[] {
  if (onlyTracked || found.kind === 'tracked') return [];
  const listed = (file: GitFile, at: string): Listed => {
    return { path: at, kind: file.kind, tracked: false, size: sizes?.get(file.id) ?? null };
  };
  if (found.kind === 'file') return [listed(found.file, posix.basename(found.file.path))];
  const entries = new Map<string, Listed>();
  for (const file of found.files) {
    const at = path === '.' ? file.path : posix.relative(path, file.path);
    const [first = '', ...rest] = at.split('/');
    if (recursive || rest.length === 0) entries.set(at, listed(file, at));
    else entries.set(first, { path: first, kind: 'dir', tracked: false, size: null });
  }
  return [...entries.values()];
}

/** What a tracked thing adds to a listing; `undefined` when the part that is meant is not in it. */
export async function trackedEntries(
  { root, below }: { readonly root: SourceRoot; readonly below: string },
  lists: ListSource,
  { path, recursive }: Listing,
): Promise<Listed[] | undefined> {
  const whole = posix.join(root.path, below);
  const at = whole === path ? '' : posix.relative(path, whole);
  if (at !== '' && !recursive) {
    const [first = '', ...rest] = at.split('/');
    return rest.length > 0 ? [{ path: first, kind: 'dir', tracked: true, size: null }] : [told(first, root.entry)];
  }
  const { entry } = await reach(lists, root.entry, below);
  if (entry === undefined) return undefined;
  if (entry.kind !== 'dir') return [told(at === '' ? posix.basename(whole) : at, entry)];
  return withLists(lists, (read) => childrenOf(entry, { read, at, recursive }), (found) => found ?? unreadable(whole)); // prettier-ignore
}

function told(path: string, { kind, size, digest, ...entry }: Entry): Listed {
  return { path, kind, tracked: true, size, digest, ...('files' in entry ? { files: entry.files } : {}) };
}

/** Deeper folders are not looked into: a tree may come from a stranger. */
const DEEPEST = 512;

function childrenOf(
  folder: Entry,
  { read, at, recursive }: { readonly read: Reading; readonly at: string; readonly recursive: boolean },
): Listed[] | undefined {
  const found: Listed[] = [];
  const broken: string[] = [];
  const look = (entry: Entry, path: string, depth: number): void => {
    try {
      for (const { tree } of treeParts({ read }, entry)) {
        for (const [name, child] of tree) {
          const below = path === '' ? name : `${path}/${name}`;
          if (recursive && child.kind === 'dir' && depth < DEEPEST) look(child, below, depth + 1);
          else found.push(told(below, child));
        }
      }
    } catch (error) {
      if (!(error instanceof BrokenTree)) throw error;
      broken.push(path);
    }
  };
  look(folder, at, 0);
  return broken.length === 0 ? found : undefined;
}

type Reading = (digest: Entry['digest']) => Buffer | undefined;

function unreadable(path: string): never {
  throw new PipeError({
    code: 'PIPE_SOURCE_MISSING',
    message: `what lists ${path} is neither in its cache nor in its remote, or is damaged`,
    hint: 'run `pipe push` where the data are',
  });
}
