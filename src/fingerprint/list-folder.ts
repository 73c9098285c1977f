import type { Dirent } from 'node:fs';
import { readlinkSync } from 'node:fs';
import { folderEntries } from '../kit/folder-entries.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { leadsToObject } from '../store/link.ts';
import { checkName } from './file-problem.ts';
import { isThere } from './look.ts';

/** Tells which entries of a folder are no part of it, by name and whether they are folders; `undefined`: all are. */
export type OwnedIn = (folder: string) => ((name: string, isFolder: boolean) => boolean) | undefined;

/** What of the options of a walk matters for a list. */
export interface ListOptions {
  readonly follow: boolean;
  readonly ignored: (path: string, isFolder: boolean) => boolean;
  readonly owned?: OwnedIn;
  readonly looseFolder?: string;
  readonly sink?: { lost?(path: string): void };
}

/** What lies in a folder. */
export interface Listing {
  /** The names that count, sorted. */
  readonly names: readonly string[];
  /** What those are that are no files. */
  readonly special: ReadonlyMap<string, Dirent>;
  /** Files that are symbolic links to objects of the store. */
  readonly linked: ReadonlySet<string>;
}

/**
 * Lists a folder; `path` is relative to the project, or absolute.
 * @throws {PipeError} for a name that is not UTF-8
 */
export function listFolder(
  { path, absolute }: { readonly path: string; readonly absolute: string },
  options: ListOptions,
): Listing {
  const { follow, sink } = options;
  const owned = follow ? undefined : options.owned?.(path);
  const names: string[] = [];
  const special = new Map<string, Dirent>();
  const linked = new Set<string>();
  for (const each of folderEntries(absolute)) {
    const { name } = each;
    const child = path === '.' ? name : `${path}/${name}`;
    if (name.startsWith(TEMPORARY_PREFIX) || options.ignored(child, each.isDirectory())) continue;
    if (owned?.(name, each.isDirectory()) === true) continue;
    // Before anything is looked at: a name that could not be decoded finds nothing, and must not pass for absent.
    checkName(child, name);
    if (each.isSymbolicLink()) {
      const isLinked = !follow && isLinkedFile(`${absolute}/${name}`, options);
      // A link that points nowhere is left out of deps: there are no bytes to depend on.
      if ((follow || isLinked) && !isThere(child, `${absolute}/${name}`)) {
        if (isLinked) sink?.lost?.(child);
        continue;
      }
      if (isLinked) linked.add(name);
    }
    names.push(name);
    if (!each.isFile() && !linked.has(name)) special.set(name, each);
  }
  return { names: names.sort(), special, linked };
}

/** Whether the text of a symbolic link leads to an object of the store. */
export function isObjectLink(text: string, { looseFolder }: Pick<ListOptions, 'looseFolder'>): boolean {
  return looseFolder !== undefined && leadsToObject(text, looseFolder);
}

function isLinkedFile(absolute: string, options: ListOptions): boolean {
  try {
    return isObjectLink(readlinkSync(absolute), options);
  } catch (error) {
    // It is gone, or something else by now, which shows when it is looked at.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EINVAL') return false;
    throw error;
  }
}
