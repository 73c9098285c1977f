import { basename } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import { findRoot } from '../project/project.ts';
import type { Command, Context, OptionSpecs, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import type { ListedCommand } from './completion/spec.ts';
import { completedCommands } from './completion/spec.ts';
import { zshScript } from './completion/zsh.ts';
import { readProject } from './load-project.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

type Shell = keyof typeof SCRIPTS;

const options = {
  shell: { type: 'string', short: 's', value: 'SHELL', help: 'bash, zsh or fish; default: the one you use, else bash' },
} as const satisfies OptionSpecs;

/** The command that completes all commands of a table, itself among them. */
export function completionOf(commands: () => readonly ListedCommand[]): Command<typeof options> {
  return defineCommand({
    usage: '[shell]',
    positionals: { min: 0, max: 1 },
    json: false,
    details: [
      'bash: eval "$(pipe completion -s bash)"                      in ~/.bashrc',
      'zsh:  eval "$(pipe completion -s zsh)"                       in ~/.zshrc, after compinit',
      'fish: pipe completion -s fish > ~/.config/fish/completions/pipe.fish',
      '',
      'The scripts call `pipe completion stages` for the names of stages.',
    ].join('\n'),
    options,
    async run(context, { positionals: [list], options: { shell } }): Promise<Outcome> {
      if (list === 'stages') return { text: stageNames(context).join('\n') };
      if (list !== undefined && (shell !== undefined || !isShell(list)))
        throw usage(`pipe completion takes no ${JSON.stringify(list)}`);
      return { text: SCRIPTS[shellOf(shell ?? list, context)](await completedCommands(commands())) };
    },
  });
}

function shellOf(given: string | undefined, { env }: Context): Shell {
  if (given === undefined) {
    const used = basename(env['SHELL'] ?? '');
    return isShell(used) ? used : 'bash';
  }
  if (isShell(given)) return given;
  throw usage(`--shell takes bash, zsh or fish, not ${JSON.stringify(given)}`);
}

function isShell(name: string): name is Shell {
  return Object.hasOwn(SCRIPTS, name);
}

/** Names that commands take for stages. Of files with problems there are none: no time to complain. */
function stageNames(context: Context): string[] {
  if (findRoot(context.cwd) === undefined) return [];
  const { stages } = readProject(context);
  return [...new Set(stages.flatMap(({ address, group }) => (group === undefined ? [address] : [group, address])))];
}

function usage(message: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, hint: 'run `pipe completion --help`' });
}
