import type { Dirent } from 'node:fs';
import { folderEntries } from '../kit/folder-entries.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import type { ObjectLink } from '../store/link.ts';
import { linkedFile, objectLinkAt } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';
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
  /** What a link to an object that is not there counts as; nothing where that is `undefined`. */
  readonly lost: (path: string, link: ObjectLink) => Entry | undefined;
}

/** What lies in a folder. */
export interface Listing {
  /** The names that count, sorted. */
  readonly names: readonly string[];
  /** What those are that are no files. */
  readonly special: ReadonlyMap<string, Dirent>;
  /** Files that are symbolic links to objects, with what the links say. */
  readonly linked: ReadonlyMap<string, ObjectLink>;
  /** Those of them that lead to what is not there, with what they count as. */
  readonly named: ReadonlyMap<string, Entry>;
}

/**
 * Lists a folder; `path` is relative to the project, or absolute.
 * @throws {PipeError} for a name that is not UTF-8
 */
export function listFolder(
  { path, absolute }: { readonly path: string; readonly absolute: string },
  options: ListOptions,
): Listing {
  const { follow } = options;
  const owned = follow ? undefined : options.owned?.(path);
  const names: string[] = [];
  const special = new Map<string, Dirent>();
  const linked = new Map<string, ObjectLink>();
  const named = new Map<string, Entry>();
  for (const each of folderEntries(absolute)) {
    const { name } = each;
    const child = path === '.' ? name : `${path}/${name}`;
    if (name.startsWith(TEMPORARY_PREFIX) || options.ignored(child, each.isDirectory())) continue;
    if (owned?.(name, each.isDirectory()) === true) continue;
    // Before anything is looked at: a name that could not be decoded finds nothing, and must not pass for absent.
    checkName(child, name);
    const link =
      each.isSymbolicLink() && !follow ? objectLinkAt(`${absolute}/${name}`, options.looseFolder) : undefined;
    if (link !== undefined) {
      const entry = linkedFile(`${absolute}/${name}`) === undefined ? options.lost(child, link) : link;
      if (entry === undefined) continue;
      linked.set(name, link);
      if (entry !== link) named.set(name, entry as Entry);
      // A link that points nowhere is left out of deps: there are no bytes to depend on.
    } else if (follow && each.isSymbolicLink() && !isThere(child, `${absolute}/${name}`)) continue;
    names.push(name);
    if (!each.isFile() && link === undefined) special.set(name, each);
  }
  return { names: names.sort(), special, linked, named };
}
