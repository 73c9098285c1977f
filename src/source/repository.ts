import { PipeError } from '../problem/problem.ts';
import type { Allowed } from '../project/option-value.ts';
import type { GitCommand } from '../project/git-command.ts';

/** Another Git repository, at one commit. */
export interface Repository {
  /** How messages call it; holds no secret. */
  readonly name: string;
  /** The full id of the commit. */
  readonly commit: string;
  /** How Git is asked about it. Blobs may not be there yet: {@link Repository.bring} brings many at once. */
  readonly command: GitCommand;
  /** Its work tree, absolute, when it is a folder of this machine. */
  readonly folder?: string;
  /** Brings objects that are not here yet, by their ids. */
  readonly bring: (ids: readonly string[]) => Promise<void>;
  /** Brings another commit, without what came before it if that can be had; `false` where it is not known any more. */
  readonly bringCommit: (commit: string) => Promise<boolean>;
}

export interface RepositoryOptions {
  /** A URL or a folder, as somebody wrote it; `${NAME}` stands for an environment variable. */
  readonly url: string;
  /** The variables that the URL may ask for: all, if the user wrote it here. */
  readonly allowed: Allowed;
  /** A branch, tag, commit, or what gitrevisions(7) lists; the default branch when absent. */
  readonly rev?: string | undefined;
  /** What a folder is relative to, absolute. */
  readonly base: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told what takes long. */
  readonly onWait?: ((message: string) => void) | undefined;
}

/** A repository has no such revision. */
export function noRevision(name: string, rev: string): PipeError {
  return new PipeError({
    code: 'PIPE_GIT_REVISION',
    message: `${JSON.stringify(rev)} names no commit in ${name}`,
    hint: 'a branch, a tag, or the full id of a commit',
  });
}
