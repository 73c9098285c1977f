import type { Project } from '../project/project.ts';
import { formatSize } from '../report/size.ts';
import { clean, plural } from '../report/words.ts';
import type { Entry } from '../store/tree.ts';

/** How much is tracked: the files of a folder and their bytes, or the bytes of a file. */
export function amountOfEntry(entry: Entry): string {
  return entry.kind === 'dir' ? `${plural(entry.files, 'file')}, ${formatSize(entry.size)}` : formatSize(entry.size);
}

/**
 * The lines that end what a command tells: what to hand to Git, ready for a shell; nothing where Git has it already
 * (`core.autostage`).
 * @param written relative to where the command runs; without any there is nothing to tell
 */
export function forGit(written: readonly string[], project?: Pick<Project, 'config'>): string[] {
  return written.length === 0 || project?.config.get('core.autostage') === true
    ? []
    : ['', `For Git: git add ${written.map(shellWord).join(' ')}`];
}

/** A path as a word for a shell. */
export function shellWord(path: string): string {
  const text = clean(path);
  if (/^[\p{L}\p{N}_@%+:,./][\p{L}\p{N}_@%+=:,./-]*$/u.test(text)) return text;
  return `'${(text.startsWith('-') ? `./${text}` : text).replaceAll("'", String.raw`'\''`)}'`;
}
