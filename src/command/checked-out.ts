import type { CheckedOut } from '../data/checkout.ts';
import type { Left } from '../data/leave.ts';
import { formatCount } from '../report/size.ts';
import { clean, plural } from '../report/words.ts';

/** Files over all paths. */
export function totalOf(
  done: readonly CheckedOut[],
  left: readonly Left[] = [],
): {
  added: number;
  modified: number;
  deleted: number;
  missing: number;
} {
  const sum = (count: (each: CheckedOut) => number): number => done.reduce((all, each) => all + count(each), 0);
  return {
    added: sum(({ added }) => added),
    modified: sum(({ modified }) => modified),
    deleted: sum(({ deleted }) => deleted) + left.reduce((all, { state, files }) => all + (state === 'removed' ? files : 0), 0), // prettier-ignore
    missing: sum(({ missing }) => missing.length),
  };
}

const LETTERS = { added: 'A', modified: 'M', missing: '!' } as const;

/** Why something stays that nothing tracks any more. */
const STAYS = {
  changed: 'nothing tracks it here, and it is not what the branch records that was left',
  unsaved: 'nothing tracks it here, and the cache lacks some of it',
} as const satisfies Record<Exclude<Left['state'], 'removed'>, string>;

/** What became of paths, for people. */
export function checkedOutText(
  done: readonly CheckedOut[],
  {
    summary,
    left = [],
    anew = false,
    isLackTold = false,
  }: {
    readonly summary: boolean;
    readonly left?: readonly Left[];
    readonly anew?: boolean;
    /** Whether what is missing was told before, with what to do about it. */
    readonly isLackTold?: boolean;
  },
): string {
  const { added, modified, deleted, missing } = totalOf(done, left);
  const lines = done.flatMap((each) => {
    if (each.state === 'unchanged' || each.state === 'unrecorded') return [];
    const counts = [
      ...(each.added > 0 ? [`${formatCount(each.added)} added`] : []),
      ...(each.modified > 0 ? [`${formatCount(each.modified)} modified`] : []),
      ...(each.deleted > 0 ? [`${formatCount(each.deleted)} deleted`] : []),
    ];
    const told = counts.length === 0 ? '' : `  ${counts.join(', ')}`;
    if (isLackTold && counts.length === 0) return [];
    const gone = isLackTold ? [] : each.missing.slice(0, 5).map((path) => `   the cache lacks ${clean(path)}`);
    return [`${LETTERS[each.state]}  ${clean(each.path)}${told}`, ...gone];
  });
  for (const { path, state, files: gone } of left) {
    if (state === 'removed') lines.push(`D  ${clean(path)}  ${formatCount(gone)} deleted`);
  }
  const staying = left.flatMap(({ path, state }) =>
    state === 'removed' ? [] : [`${clean(path)} stays: ${STAYS[state]}`],
  );
  if (lines.length === 0 && staying.length > 0) return staying.join('\n');
  if (lines.length === 0 && missing > 0) return '';
  if (lines.length === 0 && anew) return `Everything was put in place anew: ${plural(done.length, 'path')}.`;
  if (lines.length === 0) return `Everything is in place: ${plural(done.length, 'path')}.`;
  const files = [`${formatCount(added)} added`, `${formatCount(modified)} modified`, `${formatCount(deleted)} deleted`];
  const sums = `Files: ${files.join(', ')}${missing > 0 ? `; ${formatCount(missing)} missing from the cache` : ''}.`;
  const hint = missing === 0 || isLackTold ? [] : ['`pipe pull` brings what is missing from a remote; `pipe fsck --repair` looks for other copies here.']; // prettier-ignore
  return [...(summary ? [] : lines), ...staying, sums, ...hint].join('\n');
}
