/** The hooks that `pipe install` writes. */
export const HOOKS = ['post-checkout', 'post-merge', 'pre-commit', 'pre-push'] as const;

export type HookName = (typeof HOOKS)[number];

const FIRST_LINE = '#!/bin/sh\n';
const START = '# >>> pipe: these lines are from `pipe install`; `pipe install --undo` takes them out';
const END = '# <<< pipe';
const BLOCK = new RegExp(`^# >>> pipe\\b.*\\n[^]*?^${END}\\r?\\n?`, 'm');

/** What lies where a hook belongs, and what installing it there means. */
export type FoundHook =
  | { readonly kind: 'ours'; readonly text: string }
  | { readonly kind: 'script'; readonly text: string }
  | { readonly kind: 'other' };

/** Git's hook in the form of our own file. */
export function newHook(name: HookName): string {
  return FIRST_LINE + blockOf(name);
}

/** Says whose hook a file is: ours (alone or beside other lines), a shell script that could take our lines, or neither. */
export function recognise(text: string): FoundHook {
  if (BLOCK.test(text)) return { kind: 'ours', text };
  const isShell = /^#! *(?:\S*\/env +(?:-\S+ +)?)?(?:\S*\/)?(?:ba|da|k|z|a)?sh\b.*\n/.test(text);
  return isShell ? { kind: 'script', text } : { kind: 'other' };
}

/**
 * A shell script with our lines, or with those it has brought up to date. They go to the top: scripts of other tools
 * often end with `exec` or `exit`, and lines below would never run.
 */
export function withBlock(text: string, name: HookName): string {
  // A function, since a replacement text would have a meaning for `$`.
  if (BLOCK.test(text)) return text.replace(BLOCK, () => blockOf(name));
  const second = text.indexOf('\n') + 1;
  return text.slice(0, second) + blockOf(name) + text.slice(second);
}

/** The script without our lines; `undefined` when nothing else is in it, so that the file goes. */
export function withoutBlock(text: string): string | undefined {
  const rest = text.replace(BLOCK, '');
  return rest === FIRST_LINE ? undefined : rest;
}

/** Where `pipe` is not installed, the hook does nothing; what it does is up to `pipe git-hook`. */
function blockOf(name: HookName): string {
  return [
    START,
    'if command -v pipe >/dev/null 2>&1; then',
    ...(name === 'pre-push' ? WITH_INPUT : [`  pipe git-hook ${name} "$@" </dev/null || exit $?`]),
    'fi',
    END,
    '',
  ].join('\n');
}

/**
 * Git says on standard input what it is about to push. Lines of others below ours (`git lfs pre-push`) read it, too, so
 * it is kept for them.
 */
const WITH_INPUT = [
  '  pipe_refs=$(test -t 0 || cat)',
  '  PIPE_HOOK_INPUT=1 pipe git-hook pre-push "$@" <<PIPE_REFS || exit $?',
  '$pipe_refs',
  'PIPE_REFS',
  '  if test -n "$pipe_refs"; then',
  '    exec <<PIPE_REFS',
  '$pipe_refs',
  'PIPE_REFS',
  '  fi',
];
