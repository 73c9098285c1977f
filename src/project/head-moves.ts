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

/** That the head of a work tree went from one commit to another, by their full ids. */
export interface HeadMove {
  /** All zeros where there was none. */
  readonly before: string;
  readonly after: string;
  /**
   * Whether it was a switch, a merge or a pull: these take away what the commit before recorded. What a commit or a reset
   * leaves was left on purpose: there somebody decided what is to become of the files.
   */
  readonly leaves: boolean;
}

/** How the head of a work tree moved, as its reflog tells, the oldest first. */
export interface HeadMoves {
  readonly moves: readonly HeadMove[];
  /** Remembers that these were looked at (`.pipe/tmp/checked-out`), so that they are not told again. */
  readonly done: () => void;
}

/** The moves since `done` was last called. Nothing runs for it, and no Git. */
export function headMoves({ gitRoot, pipeDir }: Pick<Project, 'gitRoot' | 'pipeDir'>): HeadMoves {
  const folders = gitRoot === undefined ? undefined : gitFolders(gitRoot);
  const lines = folders === undefined ? [] : linesAtEnd(join(folders.own, 'logs', 'HEAD'));
  const marker = join(pipeDir, 'tmp', 'checked-out');
  const last = lines.at(-1);
  const seen = readTextFile(marker, marker)?.replace(/\n$/, '');
  if (last === undefined || last === seen) return { moves: [], done: () => undefined };
  const at = seen === undefined ? -1 : lines.lastIndexOf(seen);
  const fresh = at < 0 ? lines.slice(-FIRST_LOOK) : lines.slice(at + 1);
  return {
    moves: fresh.flatMap(moveOf),
    done: () => {
      writeFileAtomic(marker, `${last}\n`);
    },
  };
}

function moveOf(line: string): HeadMove[] {
  const [, before, after] = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /.exec(line) ?? [];
  if (before === undefined || after === undefined) return [];
  return [{ before, after, leaves: /\t(?:checkout:|merge |pull)/.test(line) }];
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
