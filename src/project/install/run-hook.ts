import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gitFolders } from '../git-folder.ts';

/** What Git says when it calls a hook. */
export interface HookCall {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the work tree. */
  readonly gitRoot: string;
}

/** The command that a hook stands for; `undefined` when there is nothing to do, and for hooks that this pipe lacks. */
export function commandOf(call: HookCall): 'checkout' | 'status' | 'push' | undefined {
  switch (call.name) {
    case 'pre-commit':
      return 'status';
    case 'pre-push':
      return 'push';
    case 'post-checkout':
      return isSwitch(call) && !isRebasing(call) ? 'checkout' : undefined;
    case 'post-merge':
      return isRebasing(call) || isStashed(call) ? undefined : 'checkout';
    default:
      return undefined;
  }
}

/**
 * Whether another commit is checked out now, rather than single files or a new branch at the same commit. The tool
 * pre-commit passes no arguments but sets variables.
 */
function isSwitch({ args, env }: HookCall): boolean {
  const [before, after, kind] =
    args.length >= 3 ? args : [env['PRE_COMMIT_FROM_REF'], env['PRE_COMMIT_TO_REF'], env['PRE_COMMIT_CHECKOUT_TYPE']];
  return kind === '1' && (before !== after || before === undefined);
}

/** Git puts back what it stashed for a merge only after the hook: what pointers say is not known before. */
function isStashed({ gitRoot }: HookCall): boolean {
  const folder = gitFolders(gitRoot)?.own;
  return folder !== undefined && existsSync(join(folder, 'MERGE_AUTOSTASH'));
}

/** A rebase checks out one commit after the other; what counts is where it ends. */
function isRebasing({ gitRoot }: HookCall): boolean {
  const folder = gitFolders(gitRoot)?.own;
  return folder !== undefined && ['rebase-merge', 'rebase-apply'].some((name) => existsSync(join(folder, name)));
}

/** The ids in a line, from its end: what the user wrote for the local ref may hold blanks. */
const LINE_OF_PUSH = / ([0-9a-f]{40,64}) \S+ ([0-9a-f]{40,64})$/;

/** What Git is about to push. */
export interface Sent {
  /** Ids of commits and tags, or names of refs. */
  readonly tips: readonly string[];
  /** Ids of what these refs stand at in the remote: it has all that these reach. */
  readonly known: readonly string[];
  /** The name of the Git remote, or its URL where it has none. */
  readonly remote: string | undefined;
}

/**
 * What Git is about to push: its `pre-push` hook reads lines `<local ref> <local id> <remote ref> <remote id>`. The tool
 * pre-commit sets variables instead, for the first of the refs; without an id where all of its history is new.
 * @param lines what standard input said
 * @returns `undefined` where nothing is said; no tips where refs are only deleted
 */
export function sentBy({ args, env }: Pick<HookCall, 'args' | 'env'>, lines: readonly string[]): Sent | undefined {
  if (isFromGit(args)) {
    const fields = lines.flatMap((line) => {
      const found = LINE_OF_PUSH.exec(line.trimEnd());
      return found === null ? [] : [found];
    });
    if (fields.length === 0) return undefined;
    return { tips: idsIn(fields.map((each) => each[1])), known: idsIn(fields.map((each) => each[2])), remote: args[0] };
  }
  const tips = idsIn([env['PRE_COMMIT_TO_REF']]);
  const branch = env['PRE_COMMIT_LOCAL_BRANCH'];
  if (tips.length === 0 && branch !== undefined && /^refs\/(?:heads|tags)\/\S+$/.test(branch)) tips.push(branch);
  if (tips.length === 0) return undefined;
  return { tips, known: idsIn([env['PRE_COMMIT_FROM_REF']]), remote: env['PRE_COMMIT_REMOTE_NAME'] };
}

/** Whether Git itself calls the `pre-push` hook, with the name and the URL of the remote, and speaks on standard input. */
export function isFromGit(args: readonly string[]): boolean {
  return args.length >= 2;
}

/** The ids among words, each once. That of no object at all is zeros: what it stands for is not there. */
function idsIn(words: readonly (string | undefined)[]): string[] {
  return [...new Set(words)].flatMap((word) =>
    word !== undefined && /^[0-9a-f]{40,64}$/.test(word) && !/^0+$/.test(word) ? [word] : [],
  );
}
