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

/** A rebase checks out one commit after the other; what counts is where it ends. */
function isRebasing({ gitRoot }: HookCall): boolean {
  const folder = gitFolders(gitRoot)?.own;
  return folder !== undefined && ['rebase-merge', 'rebase-apply'].some((name) => existsSync(join(folder, name)));
}
