import type { GitCommand } from './git-command.ts';
import { gitFailed, gitOutput, runGit } from './git-command.ts';
import { openGitObjects } from './git-objects.ts';
import { isHidden } from './project-walk.ts';
import type { FileContent, RevisionFilesOptions } from './revision-files.ts';
import { contentOf } from './revision-files.ts';

/** A file as the next commit would have it. */
export interface StagedFile {
  /** Relative to the project, posix. */
  readonly path: string;
  readonly content: FileContent;
}

/** Modes of plain files in Git's index: no symbolic links, no submodules. */
const FILE_MODES = new Set(['100644', '100755']);

/**
 * Hands over the wanted files of a project (the folder of `command`) that are staged, as far as they differ from those of
 * HEAD. Hidden folders and `node_modules` are left out, as in the workspace.
 * @throws {PipeError} PIPE_GIT when Git fails, PIPE_GIT_MISSING without it; and whatever `use` throws.
 */
export async function readStagedFiles(
  command: GitCommand,
  isWanted: RevisionFilesOptions['isWanted'],
  use: (file: StagedFile) => void,
): Promise<void> {
  const wanted = (await stagedBlobs(command)).filter(({ path }) => {
    const folders = path.split('/');
    return isWanted(folders.pop() ?? '') && !folders.some(isHidden);
  });
  if (wanted.length === 0) return;
  const objects = await openGitObjects(command);
  try {
    for (const { id, path } of wanted) {
      objects.ask(id, (blob) => {
        use({ path, content: contentOf(blob) });
      });
    }
    await objects.answered();
  } finally {
    await objects.close();
  }
}

/** What differs from HEAD, by the lines of `git diff-index`: `:modes ids status`, NUL, path, NUL. */
async function stagedBlobs(command: GitCommand): Promise<{ readonly id: string; readonly path: string }[]> {
  const words = ['rev-parse', '--verify', '--quiet', 'HEAD'];
  const head = await runGit(command, words);
  // Where Git does not work here, nobody knows what is staged.
  if (head.exitCode > 1) throw gitFailed(words, head.stderr);
  // Before the first commit, all that is staged differs.
  const tree = head.exitCode === 0 ? 'HEAD' : (await gitOutput(command, ['hash-object', '-t', 'tree', '--stdin'], '')).toString('latin1').trim(); // prettier-ignore
  const options = ['--cached', '--raw', '-z', '--no-abbrev', '--no-renames', '--relative'];
  const fields = (await gitOutput(command, ['diff-index', ...options, tree, '--'])).toString('utf8').split('\0');
  const found: { id: string; path: string }[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , id = ''] = (fields[at] ?? '').split(' ');
    if (FILE_MODES.has(mode)) found.push({ id, path: fields[at + 1] ?? '' });
  }
  return found;
}
