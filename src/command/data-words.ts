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

/** Where what stays recorded can be had: `nowhere` says that the cache lacks it, and that no remote can have it. */
export type KeptIn = 'cache' | 'remote' | 'nowhere';

/**
 * What stays recorded of a path although it does not lie there.
 * @param keptIn asked only where files stay recorded that were never put in place
 */
export function staysLines(
  path: string,
  { kept = 0, behind = [] }: { readonly kept?: number; readonly behind?: readonly string[] },
  keptIn: (path: string) => KeptIn,
): string[] {
  const lines: string[] = [];
  if (kept > 0) {
    const [was, stays] = kept === 1 ? ['was', 'stays recorded'] : ['were', 'stay recorded'];
    const told = {
      cache: `${was} never checked out ${stays} (\`pipe checkout ${shellWord(path)}\`)`,
      remote: `${was} never downloaded ${stays} (\`pipe pull ${shellWord(path)}\`)`,
      nowhere: `${was} never put in place here ${stays}: not all is in the cache, and there is no remote`,
    };
    lines.push(`  ${plural(kept, 'file')} that ${told[keptIn(path)]}`);
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
