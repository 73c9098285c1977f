import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { readTextFile } from '../kit/text-file.ts';
import type { GitCommand } from './git-command.ts';
import { runGit } from './git-command.ts';
import { gitFolders } from './git-folder.ts';
import type { Project } from './project.ts';

/** Of a reflog only the end is read: so many bytes, and where nothing tells what was seen of it, so many lines. */
const TAIL = 65_536;
const FIRST_LOOK = 10;

/** The commits that a work tree was switched away from, as its reflog tells. */
export interface LeftCommits {
  /** Full ids, each once. */
  readonly commits: readonly string[];
  /** Remembers that these were looked at (`.pipe/tmp/checked-out`), so that they are not told again. */
  readonly done: () => void;
}

/**
 * The commits that were left by a switch, a merge or a pull since `done` was last called. What a commit or a reset leaves
 * is not among them: there somebody decided what is to become of the files. Nothing runs for it, and no Git.
 */
export function leftCommits({ gitRoot, pipeDir }: Pick<Project, 'gitRoot' | 'pipeDir'>): LeftCommits {
  const folders = gitRoot === undefined ? undefined : gitFolders(gitRoot);
  const lines = folders === undefined ? [] : linesAtEnd(join(folders.own, 'logs', 'HEAD'));
  const marker = join(pipeDir, 'tmp', 'checked-out');
  const last = lines.at(-1);
  const seen = readTextFile(marker, marker)?.replace(/\n$/, '');
  if (last === undefined || last === seen) return { commits: [], done: () => undefined };
  const at = seen === undefined ? -1 : lines.lastIndexOf(seen);
  const fresh = at < 0 ? lines.slice(-FIRST_LOOK) : lines.slice(at + 1);
  const [, now] = idsOf(last);
  const left = fresh.filter((line) => /\t(?:checkout:|merge |pull)/.test(line)).map((line) => idsOf(line)[0]);
  return {
    commits: [...new Set(left)].filter((id): id is string => id !== undefined && id !== now && !/^0+$/.test(id)),
    done: () => {
      writeFileAtomic(marker, `${last}\n`);
    },
  };
}

function idsOf(line: string): [before?: string, after?: string] {
  const [, before, after] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /.exec(line) ?? [];
  return before === undefined || after === undefined ? [] : [before, after];
}

function linesAtEnd(file: string): string[] {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return []; // Git may keep no reflog, or not for us
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL));
    const length = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8', 0, length).split('\n').slice(0, -1);
    return size > TAIL ? lines.slice(1) : lines;
  } finally {
    closeSync(fd);
  }
}

/** Those of some commits that a branch, a tag or a remote-tracking branch leads to: what they record is not lost. */
export async function keptCommits(command: GitCommand, commits: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const commit of commits) {
    const { exitCode, stdout } = await runGit(command, ['for-each-ref', '--count=1', '--contains', commit]);
    if (exitCode === 0 && stdout.length > 0) kept.push(commit);
  }
  return kept;
}
