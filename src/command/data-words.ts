import type { Project } from '../project/project.ts';
import { formatSize } from '../report/size.ts';
import { gitAdd, plural } from '../report/words.ts';
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
  return written.length === 0 || project?.config.get('core.autostage') === true ? [] : ['', gitAdd(written)];
}
