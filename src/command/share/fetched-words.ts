import { problemJson } from '../../problem/json.ts';
import { amountOf, clean } from '../../report/words.ts';
import type { FetchedShare } from './fetch-to.ts';
import type { FetchedImport } from './fetch-imports.ts';
import type { OpenShares } from './open-shares.ts';
import { isFromRepository } from './thing.ts';
import {
  allHere,
  cutLines,
  leftOutLines,
  missingJson,
  missingLines,
  pathLines,
  unreadLines,
  withRecordsText,
} from './words.ts';

interface Said extends Pick<OpenShares, 'shares' | 'shared' | 'brought' | 'unsized'> {
  readonly imports: readonly FetchedImport[];
  readonly verbose: boolean;
}

/** What came, and what did not, for people. */
export function fetchedLines(done: readonly FetchedShare[], { imports, verbose, ...opened }: Said): string[] {
  const came = imports.filter(({ objects }) => objects > 0);
  const isNothing = done.length + imports.length + opened.brought.brought.length === 0;
  return [
    ...(isNothing ? ['There is nothing to fetch.'] : []),
    ...done.flatMap((each) => linesOf(each, verbose)),
    ...came.map((each) => `Fetched ${amountOf(each)} of ${clean(each.path)} from ${clean(each.url)}.`),
    ...leftOutOfFetch(opened),
  ];
}

/** What a fetch leaves out, and what it could not read. */
export function leftOutOfFetch({
  shares,
  shared,
  unsized,
}: Pick<OpenShares, 'shares' | 'shared' | 'unsized'>): string[] {
  const kept = shares.kept.filter((thing) => !isFromRepository(thing));
  const paths = unsized.map(({ path }) => clean(path));
  return [
    ...leftOutLines({ ...shares, kept }),
    ...(paths.length > 0 ? [`Left out, since nobody says how large it is (--max-size): ${paths.join(', ')}.`] : []),
    ...unreadLines(shared.problems),
  ];
}

function linesOf({ name, absent, wrong, records, isCut, ...came }: FetchedShare, verbose: boolean): string[] {
  if (isCut) return cutLines(name, absent, verbose);
  const isNothing = came.objects === 0 && records === 0;
  const missing = absent.length + wrong.length;
  const head = isNothing
    ? missing > 0
      ? `Nothing came from ${name}.`
      : allHere(name)
    : `Fetched ${amountOf(came)}${withRecordsText(records)} from ${name}.`;
  return [
    head,
    ...missingLines(name, absent, verbose),
    ...(wrong.length > 0 ? [`${name} holds wrong bytes of:`, ...pathLines(wrong.map(({ path }) => path), verbose)] : []), // prettier-ignore
    ...(missing > 0 ? ['`pipe push` where they are at hand puts them there (with --verify what is wrong).'] : []),
  ];
}

/** The same for programs. */
export function fetchedJson({ name, place, absent, wrong, isCut, problems, ...came }: FetchedShare): unknown {
  const { objects, bytes, records } = came;
  const fetched = {
    name,
    place,
    objects,
    bytes,
    records,
    absent: absent.map(missingJson),
    wrong: wrong.map(missingJson),
  };
  return isCut ? { ...fetched, problems: problems.map(problemJson) } : fetched;
}
