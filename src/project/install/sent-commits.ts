import type { GitCommand } from '../git-command.ts';
import { gitOutput } from '../git-command.ts';
import type { Sent } from './run-hook.ts';

/** Of more commits than this only those that refs stand at are looked at: each takes a while, and somebody waits. */
const MOST = 200;

/** Commits that a push brings to a Git remote, newest first. */
export interface SentCommits {
  /** Those that the pushed refs stand at. */
  readonly tips: readonly string[];
  readonly older: readonly string[];
}

/**
 * What a Git remote gets that it does not have, as far as is known here. Of more than 200 commits only those that the pushed
 * refs stand at.
 * @throws {PipeError} PIPE_GIT
 */
export async function sentCommits(git: GitCommand, { tips, known, remote }: Sent): Promise<SentCommits> {
  const args = [`--max-count=${String(MOST + 1)}`, '--not'];
  const revisions = [...tips, ...known.map((id) => `^${id}`)];
  const at = await list(git, ['--no-walk'], tips);
  const isNew = new Set(await list(git, [...args, ...(isName(remote) ? [`--remotes=${remote}`] : [])], revisions));
  if (isNew.size > MOST) return { tips: at, older: [] };
  // What another Git remote has was pushed there, with its data.
  const older = await list(git, [...args, '--remotes'], revisions);
  return { tips: at.filter((id) => isNew.has(id)), older: older.filter((id) => !at.includes(id)) };
}

/** Git may know nothing yet of what lies in the remote: such ids are left out. */
async function list(git: GitCommand, args: readonly string[], revisions: readonly string[]): Promise<string[]> {
  const input = revisions.map((each) => `${each}\n`).join('');
  const output = await gitOutput(git, ['rev-list', '--ignore-missing', '--stdin', ...args], input);
  return output.toString('latin1').split('\n').slice(0, -1);
}

/** `--remotes` takes patterns. The name of a remote is none, but a URL or a path may look like one. */
function isName(remote: string | undefined): remote is string {
  return remote !== undefined && /^[^*?[\\]+$/.test(remote);
}
