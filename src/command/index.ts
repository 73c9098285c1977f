import type { Command } from './command.ts';

/** A command's place in the table: its name may be two words. Its file is loaded when it is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Called by Git, not by people: help and completion leave it out. */
  readonly hidden?: true;
  readonly load: () => Promise<{ readonly default: Command }>;
}

/** Every command, in the order of the help text. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'init', summary: 'Start a project in this folder', load: () => import('./init.ts') },
  { name: 'add', summary: 'Track files and folders', load: () => import('./add.ts') },
  { name: 'checkout', summary: 'Put tracked files in place', load: () => import('./checkout.ts') },
  { name: 'commit', summary: 'Record what lies in the workspace', load: () => import('./commit.ts') },
  { name: 'remove', summary: 'Track things no more', load: () => import('./remove.ts') },
  { name: 'move', summary: 'Move tracked files and folders', load: () => import('./move.ts') },
  {
    name: 'data status',
    summary: 'Show how HEAD, locks and pointers, and the workspace differ',
    load: () => import('./data-status.ts'),
  },
  { name: 'push', summary: 'Send data and run records to a remote', load: () => import('./push.ts') },
  { name: 'pull', summary: 'Fetch from a remote, and put in place', load: () => import('./pull.ts') },
  { name: 'fetch', summary: 'Bring data of a remote into the cache', load: () => import('./fetch.ts') },
  { name: 'list', summary: 'List what another repository holds', load: () => import('./list.ts') },
  { name: 'get', summary: 'Download from another repository', load: () => import('./get.ts') },
  { name: 'import', summary: 'Download from another repository, and track it', load: () => import('./import.ts') },
  { name: 'update', summary: 'Bring imports up to date', load: () => import('./update.ts') },
  { name: 'get-url', summary: 'Download from a URL', load: () => import('./get-url.ts') },
  { name: 'import-url', summary: 'Download from a URL, and track it', load: () => import('./import-url.ts') },
  { name: 'unprotect', summary: 'Make plain files of links to the cache', load: () => import('./unprotect.ts') },
  { name: 'repro', summary: 'Run what changed, restore what was computed before', load: () => import('./repro.ts') },
  { name: 'status', summary: 'Show what changed since the last run', load: () => import('./status.ts') },
  {
    name: 'explain',
    summary: 'Say why a stage runs, is restored, or is left alone',
    load: () => import('./explain.ts'),
  },
  { name: 'logs', summary: 'Print what a stage wrote when it last ran', load: () => import('./logs.ts') },
  { name: 'dag', summary: 'Draw the graph of stages', load: () => import('./dag.ts') },
  { name: 'stage add', summary: 'Add a stage to the pipeline file', load: () => import('./stage-add.ts') },
  { name: 'stage list', summary: 'List the stages', load: () => import('./stage-list.ts') },
  {
    name: 'freeze',
    summary: 'Keep stages from running, and pointers from changing',
    load: () => import('./freeze.ts'),
  },
  {
    name: 'unfreeze',
    summary: 'Let frozen stages run, and pointers change again',
    load: () => import('./unfreeze.ts'),
  },
  { name: 'params diff', summary: 'Compare parameters between revisions', load: () => import('./params-diff.ts') },
  { name: 'metrics show', summary: 'Print metrics', load: () => import('./metrics-show.ts') },
  { name: 'metrics diff', summary: 'Compare metrics between revisions', load: () => import('./metrics-diff.ts') },
  { name: 'diff', summary: 'Compare tracked data between revisions', load: () => import('./diff.ts') },
  { name: 'du', summary: 'Say what the cache holds, and for what', load: () => import('./du.ts') },
  { name: 'gc', summary: 'Remove from the cache, or a remote, what nothing needs', load: () => import('./gc.ts') },
  {
    name: 'fsck',
    summary: 'Check every byte of the cache or of a remote, and repair it',
    load: () => import('./fsck.ts'),
  },
  { name: 'config', summary: 'Get or set options', load: () => import('./config.ts') },
  {
    name: 'check-ignore',
    summary: 'Say which paths the ignore files leave out, and by which rule',
    load: () => import('./check-ignore.ts'),
  },
  { name: 'cache dir', summary: 'Show or set the folder of the cache', load: () => import('./cache-dir.ts') },
  { name: 'key new', summary: 'Make a key that run records are signed with', load: () => import('./key-new.ts') },
  { name: 'remote add', summary: 'Add a remote', load: () => import('./remote-add.ts') },
  { name: 'remote list', summary: 'List the remotes', load: () => import('./remote-list.ts') },
  { name: 'remote modify', summary: 'Set an option of a remote', load: () => import('./remote-modify.ts') },
  { name: 'remote remove', summary: 'Remove a remote', load: () => import('./remote-remove.ts') },
  { name: 'remote rename', summary: 'Give a remote another name', load: () => import('./remote-rename.ts') },
  { name: 'remote default', summary: 'Show or choose the default remote', load: () => import('./remote-default.ts') },
  {
    name: 'remote repair',
    summary: 'Make lost tables of a remote again, remove what was left behind',
    load: () => import('./remote-repair.ts'),
  },
  { name: 'install', summary: 'Let Git call pipe: hooks and a merge driver', load: () => import('./install.ts') },
  {
    name: 'resolve',
    summary: 'Keep one side of what a Git merge could not decide',
    load: () => import('./resolve.ts'),
  },
  { name: 'root', summary: "Print the way to the project's root", load: () => import('./root.ts') },
  { name: 'doctor', summary: 'Check this machine and project', load: () => import('./doctor.ts') },
  { name: 'version', summary: 'Print the version', load: () => import('./version.ts') },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    // It completes this very table, which it must not import: that would be a cycle.
    load: async () => ({ default: (await import('./completion.ts')).completionOf(() => COMMANDS) }),
  },
  {
    name: 'git-hook',
    summary: 'Do what a Git hook is for',
    hidden: true,
    load: async () => ({ default: (await import('./git-hook.ts')).gitHookOf(() => COMMANDS) }),
  },
  { name: 'merge-driver', summary: 'Merge a file for Git', hidden: true, load: () => import('./merge-driver.ts') },
];
