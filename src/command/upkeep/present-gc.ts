import { formatSize } from '../../report/size.ts';
import { amountOf, clean, plural } from '../../report/words.ts';
import type { Garbage } from '../../store/collect.ts';
import type { NeededObject } from '../../store/walk-objects.ts';
import type { NamedGarbage } from './name-garbage.ts';

/** Of a cache that other projects may use, what goes and was never recorded by this one. */
export interface Foreign {
  /** The folder of the cache. */
  readonly cache: string;
  readonly objects: number;
  readonly bytes: number;
}

/** What went, or would go. */
export interface Collected {
  readonly garbage: Garbage;
  /** Folders that are kept, and whose lists are not in the cache. */
  readonly absent: readonly NeededObject[];
  readonly names: readonly NamedGarbage[] | undefined;
  readonly dry: boolean;
  readonly trashDays?: number | undefined;
  /** Absent where the cache is that of the project alone, or others were named. */
  readonly foreign?: Foreign | undefined;
  /** Whether somebody said no. */
  readonly isRefused?: true;
}

/** The document of `pipe gc --json`, without remotes. */
export function collectedJson({ garbage, absent, names, dry, trashDays }: Collected): object {
  return {
    schema: 'pipe.gc/1',
    dry,
    ...garbage,
    trashDays: trashDays ?? null,
    absent: [...new Set(absent.map(({ path }) => path))],
    ...(names === undefined ? {} : { names }),
  };
}

/** What to know before anything goes from a cache that is not the project's alone. */
export function foreignLines(foreign: Foreign | undefined): string[] {
  if (foreign === undefined) return [];
  const { cache, objects, bytes } = foreign;
  const what = objects === 0 ? 'What goes was all recorded by this project.' : `${plural(objects, 'object')} (${formatSize(bytes)}) of what goes ${objects === 1 ? 'was' : 'were'} never recorded by this project.`; // prettier-ignore
  return [`Other projects may use ${clean(cache)}: what they need goes, too, unless --projects names them.`, what];
}

/** The verb for so many things that are left. */
export function stay(count: number): string {
  return count === 1 ? 'stays' : 'stay';
}

/** What goes by its names, as far as they could be looked up. */
export interface GarbageNaming {
  readonly names: readonly NamedGarbage[];
  /** Why not all could be. */
  readonly fault: string | undefined;
}

/** So many things are named before somebody is asked. */
const MOST_NAMED = 10;

/** The first things of which something goes, for who is asked whether it may. */
export function firstThings({ names, fault }: GarbageNaming): string[] {
  const things = names.filter(({ path }) => path !== '');
  const unknown = names.filter(({ path }) => path === '').flatMap(nameLines);
  const heads = things.slice(0, MOST_NAMED).flatMap((each) => nameLines(each).slice(0, 1));
  const more = things.length - heads.length;
  const why = fault === undefined ? [] : [`Not all names could be looked up: ${clean(fault)}`];
  return [...heads, ...(more > 0 ? [`  and ${String(more)} more, which --dry names`] : []), ...unknown, ...why];
}

/** What is asked before anything goes. */
export function question(garbage: Garbage, trashDays: number | undefined): string {
  if (garbage.objects + garbage.runs === 0) return 'Nothing is unneeded. Merge small packs and empty the old trash?';
  return trashDays === undefined
    ? `Remove ${amount(garbage)} for good?`
    : `Move ${amount(garbage)} to the trash for ${plural(trashDays, 'day')}?`;
}

/** What `pipe gc` says to people. */
export function collectedText({ garbage, absent, names, dry, trashDays, foreign, isRefused }: Collected): string {
  if (isRefused === true) return 'Nothing was removed.';
  const { objects, runs, leftObjects, leftBytes, merged, unreadable } = garbage;
  const lines: string[] = [];
  if (objects + runs === 0) lines.push('Everything in the cache is needed.');
  else if (dry) lines.push(`Would remove ${amount(garbage)}${names === undefined || names.length === 0 ? '.' : ':'}`);
  else if (trashDays === undefined) lines.push(`Removed ${amount(garbage)}.`);
  else {
    lines.push(`Moved ${amount(garbage)} to the trash for ${plural(trashDays, 'day')}.`);
    lines.push('`pipe gc --undo` brings it back.');
  }
  for (const each of names ?? []) lines.push(...nameLines(each));
  if (leftObjects > 0) {
    lines.push(
      `${plural(leftObjects, 'object')} (${formatSize(leftBytes)}) ${stay(leftObjects)} in packs that are mostly needed or in use.`,
    );
  }
  if (merged > 0) lines.push(`${dry ? 'Would merge' : 'Merged'} ${plural(merged, 'small pack')}.`);
  if (unreadable > 0) lines.push(`${plural(unreadable, 'pack')} cannot be read: see \`pipe fsck\`.`);
  const folders = [...new Set(absent.map(({ path }) => path))];
  if (folders.length > 0) {
    const end = dry && objects > 0 ? ': unless they can be had, nothing goes without --allow-missing' : '';
    lines.push(`The lists of ${plural(folders.length, 'folder')} that are kept are not in the cache${end}.`);
  }
  lines.push(...foreignLines(foreign));
  return lines.join('\n');
}

/** What goes: `3 objects and 1 run record (203.1 KB)`. */
export function amount({ objects, bytes, runs }: Pick<Garbage, 'objects' | 'bytes' | 'runs'>): string {
  const records = runs === 0 ? '' : ` and ${plural(runs, 'run record')}`;
  return `${plural(objects, 'object')}${records} (${formatSize(bytes)})`;
}

/** Of each thing, as many files are named. */
const MOST_FILES = 10;

/** A thing of which something goes, and the first files of it. */
export function nameLines({ path, from, revisions, objects, bytes, files }: NamedGarbage): string[] {
  if (path === '') return [`  unknown: ${amountOf({ objects, bytes })}`];
  const where = [from, ...(revisions.length === 0 ? [] : [`in ${revisions.join(', ')}`])].join(' ');
  const head = clean(`  ${path} (${where}): ${formatSize(bytes)}`);
  if (files.length === 0 || (files.length === 1 && files[0]?.path === path)) return [head];
  const shown = files.slice(0, MOST_FILES).map((file) => clean(`    ${file.path}: ${formatSize(file.bytes)}`));
  const more = objects - shown.length;
  return [head, ...shown, ...(files.length > MOST_FILES ? [`    and ${more} more`] : [])];
}
