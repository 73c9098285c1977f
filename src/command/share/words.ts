import { problemJson } from '../../problem/json.ts';
import type { Problem } from '../../problem/problem.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { formatCount, formatSize } from '../../report/size.ts';
import { clean, plural } from '../../report/words.ts';
import type { Shares } from './open-remotes.ts';
import type { SharedThing } from './thing.ts';
import { isFromRepository, pathOfThing } from './thing.ts';

/** Paths that are shown of many. */
const SHOWN = 10;

/** Some paths, one a line, and how many more there are. */
export function pathLines(paths: readonly string[], verbose: boolean): string[] {
  const unique = [...new Set(paths)];
  const shown = verbose ? unique : unique.slice(0, SHOWN);
  const more = unique.length - shown.length;
  return [...shown.map((path) => `  ${clean(path)}`), ...(more > 0 ? [`  and ${formatCount(more)} more (-v)`] : [])];
}

/** What neither the cache nor a remote has, in the same words wherever it is told. */
export function missingLines(
  remote: string,
  missing: readonly Pick<NamedObject, 'path' | 'size'>[],
  verbose: boolean,
): string[] {
  return namedBelow(`Neither in the cache nor in ${remote}`, missing, verbose);
}

/** What is not in the cache, and did not come from a remote that failed. */
export function cutLines(
  remote: string,
  missing: readonly Pick<NamedObject, 'path' | 'size'>[],
  verbose: boolean,
): string[] {
  return namedBelow(`Not in the cache, and ${remote} failed`, missing, verbose);
}

function namedBelow(what: string, missing: readonly Pick<NamedObject, 'path' | 'size'>[], verbose: boolean): string[] {
  if (missing.length === 0) return [];
  const size = missing.reduce((sum, each) => sum + each.size, 0);
  const amount = size === 0 ? '' : ` (${formatSize(size)})`;
  return [`${what}${amount}:`, ...pathLines(missing.map(({ path }) => path), verbose)]; // prettier-ignore
}

/** Of a remote that nothing is wanted from. */
export function allHere(remote: string): string {
  return `Everything is in the cache already: nothing to get from ${remote}.`;
}

/** What was left out on purpose. */
export function leftOutLines({ kept, elsewhere }: Pick<Shares, 'kept' | 'elsewhere'>): string[] {
  const names = (things: readonly SharedThing[]): string => {
    const paths = [...new Set(things.map(pathOfThing))].map(clean);
    return paths.length > 3
      ? `${paths.slice(0, 3).join(', ')} and ${formatCount(paths.length - 3)} more`
      : paths.join(', ');
  };
  const imports = kept.filter(isFromRepository);
  const own = kept.filter((thing) => !isFromRepository(thing));
  return [
    ...(own.length > 0 ? [`Left out, since it is never pushed (push: false): ${names(own)}.`] : []),
    ...(imports.length > 0 ? [`Left out, since it is imported, and comes from there: ${names(imports)}.`] : []),
    ...(elsewhere.length > 0 ? [`Left out, since it has a remote of its own: ${names(elsewhere)}.`] : []),
  ];
}

/** An object that is missing, for programs. */
export function missingJson({ path, digest, size }: NamedObject): unknown {
  return { path, digest: digest ?? null, size };
}

/** What could not be read at some revisions: nothing of it was looked at. */
export function unreadLines(problems: readonly Problem[]): string[] {
  return problems.map(({ message }) => `Not read: ${clean(message)}`);
}

/** The same for programs; nothing where all was read. */
export function unreadJson(problems: readonly Problem[]): object {
  return problems.length === 0 ? {} : { unread: problems.map(problemJson) };
}

/** Of what goes or comes, that run records go with it: ` and 2 run records`; nothing where there are none. */
export function withRecordsText(records: number): string {
  return records > 0 ? ` and ${plural(records, 'run record')}` : '';
}
