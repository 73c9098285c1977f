import type { Project } from '../project/project.ts';
import type { Changes } from '../data/count-changes.ts';
import { formatCount, formatSize } from '../report/size.ts';
import { clean, gitAdd, plural, shellWord } from '../report/words.ts';
import type { Entry } from '../store/tree.ts';

/** How much is tracked: the files of a folder and their bytes, or the bytes of a file. */
export function amountOfEntry(entry: Entry): string {
  return entry.kind === 'dir' ? `${plural(entry.files, 'file')}, ${formatSize(entry.size)}` : formatSize(entry.size);
}

/** What was recorded anew: `3 added, 2 deleted`; empty where nothing was. */
export function changesText(changes: Changes | undefined): string {
  if (changes === undefined) return '';
  const { added, modified, deleted } = changes;
  const counts = [
    [added, 'added'],
    [modified, 'modified'],
    [deleted, 'deleted'],
  ] as const;
  return counts.flatMap(([count, what]) => (count === 0 ? [] : [`${formatCount(count)} ${what}`])).join(', ');
}

/** What stays recorded of a path although it does not lie there. */
export function staysLines(
  path: string,
  { kept = 0, behind = [] }: { readonly kept?: number; readonly behind?: readonly string[] },
): string[] {
  const lines: string[] = [];
  if (kept > 0) {
    lines.push(`  ${plural(kept, 'file')} that ${kept === 1 ? 'was' : 'were'} never downloaded ${kept === 1 ? 'stays' : 'stay'} recorded (\`pipe pull ${shellWord(path)}\`)`); // prettier-ignore
  }
  const [first] = behind;
  if (first !== undefined) {
    const more = behind.length === 1 ? '' : ` and ${formatCount(behind.length - 1)} more`;
    lines.push(`  ${clean(first)}${more} ${more === '' ? 'is' : 'are'} older than the pointer, which stays as it is there (\`pipe checkout ${shellWord(path)}\`)`); // prettier-ignore
  }
  return lines.length === 0 ? [] : [...lines, '  --force records only what lies here'];
}

/**
 * The lines that end what a command tells: what to hand to Git, ready for a shell; nothing where Git has it already
 * (`core.autostage`).
 * @param written relative to where the command runs; without any there is nothing to tell
 */
export function forGit(written: readonly string[], project?: Pick<Project, 'config'>): string[] {
  return written.length === 0 || project?.config.get('core.autostage') === true ? [] : ['', gitAdd(written)];
}
