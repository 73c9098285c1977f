import type { NamedObject } from '../../remote/name-objects.ts';
import type { Problem } from '../../problem/problem.ts';
import { amountOf, clean, plural } from '../../report/words.ts';
import type { FetchedShare } from './fetch-to.ts';
import type { FetchedImport } from './fetch-imports.ts';
import type { Shares } from './open-remotes.ts';
import { leftOutLines, missingJson, pathLines } from './words.ts';

interface Said {
  readonly imports: readonly FetchedImport[];
  readonly shares: Shares;
  readonly problems: readonly Problem[];
  readonly verbose: boolean;
}

/** What came, and what did not, for people. */
export function fetchedLines(done: readonly FetchedShare[], { shares, imports, problems, verbose }: Said): string[] {
  const came = imports.filter(({ objects }) => objects > 0);
  const kept = shares.kept.filter(({ imported }) => imported === undefined);
  return [
    ...(done.length === 0 && imports.length === 0 ? ['There is nothing to fetch.'] : []),
    ...done.flatMap((each) => linesOf(each, verbose)),
    ...came.map((each) => `Fetched ${amountOf(each)} of ${clean(each.path)} from ${clean(each.url)}.`),
    ...leftOutLines({ ...shares, kept }),
    ...problems.map(({ message }) => `Not read: ${clean(message)}`),
  ];
}

function linesOf({ name, absent, wrong, records, ...came }: FetchedShare, verbose: boolean): string[] {
  const extra = records > 0 ? ` and ${plural(records, 'run record')}` : '';
  const isNothing = came.objects === 0 && records === 0;
  const missing = absent.length + wrong.length;
  const head = isNothing
    ? missing > 0
      ? `Nothing came from ${name}.`
      : `Everything of ${name} is here already.`
    : `Fetched ${amountOf(came)}${extra} from ${name}.`;
  return [
    head,
    ...missingLines(`Neither here nor in ${name}:`, absent, verbose),
    ...missingLines(`${name} holds wrong bytes of:`, wrong, verbose),
    ...(missing > 0 ? ['`pipe push` where they are at hand puts them there (with --verify what is wrong).'] : []),
  ];
}

function missingLines(head: string, objects: readonly NamedObject[], verbose: boolean): string[] {
  if (objects.length === 0) return [];
  const paths = objects.map(({ path }) => path);
  return [head, ...pathLines(paths, verbose)];
}

/** The same for programs. */
export function fetchedJson({ absent, wrong, problems: _, ...fetched }: FetchedShare): unknown {
  return { ...fetched, absent: absent.map(missingJson), wrong: wrong.map(missingJson) };
}
