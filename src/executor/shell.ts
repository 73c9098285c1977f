import { basename } from 'node:path';

/** Keeps the user's start-up files out of stages, as DVC does. */
const FLAGS = new Map([
  ['bash', ['--noprofile', '--norc']],
  ['zsh', ['--no-rcs']],
  ['fish', ['--no-config']],
]);

/** The program and arguments that run a command line: the user's shell, `/bin/sh` without one. */
export function shellFor(command: string, shell: string | undefined): { file: string; args: string[] } {
  const file = shell === undefined || shell === '' ? '/bin/sh' : shell;
  return { file, args: [...(FLAGS.get(basename(file)) ?? []), '-c', command] };
}
