import type { CheckedOut } from '../data/checkout.ts';
import { formatCount } from '../report/size.ts';
import { clean, plural } from '../report/words.ts';

/** Files over all paths. */
export function totalOf(done: readonly CheckedOut[]): {
  added: number;
  modified: number;
  deleted: number;
  missing: number;
} {
  const sum = (count: (each: CheckedOut) => number): number => done.reduce((all, each) => all + count(each), 0);
  return {
    added: sum(({ added }) => added),
    modified: sum(({ modified }) => modified),
    deleted: sum(({ deleted }) => deleted),
    missing: sum(({ missing }) => missing.length),
  };
}

const LETTERS = { added: 'A', modified: 'M', missing: '!' } as const;

/** What became of paths, for people. */
export function checkedOutText(done: readonly CheckedOut[], { summary }: { readonly summary: boolean }): string {
  const { added, modified, deleted, missing } = totalOf(done);
  const lines = done.flatMap((each) => {
    if (each.state === 'unchanged' || each.state === 'unrecorded') return [];
    const counts = [
      ...(each.added > 0 ? [`${formatCount(each.added)} added`] : []),
      ...(each.modified > 0 ? [`${formatCount(each.modified)} modified`] : []),
      ...(each.deleted > 0 ? [`${formatCount(each.deleted)} deleted`] : []),
    ];
    const told = counts.length === 0 ? '' : `  ${counts.join(', ')}`;
    const gone = each.missing.slice(0, 5).map((path) => `   the store lacks ${clean(path)}`);
    return [`${LETTERS[each.state]}  ${clean(each.path)}${told}`, ...gone];
  });
  if (lines.length === 0) return `Everything is in place: ${plural(done.length, 'path')}.`;
  const files = [`${formatCount(added)} added`, `${formatCount(modified)} modified`, `${formatCount(deleted)} deleted`];
  const sums = `Files: ${files.join(', ')}${missing > 0 ? `; ${formatCount(missing)} missing from the store` : ''}.`;
  return summary ? sums : [...lines, sums].join('\n');
}
