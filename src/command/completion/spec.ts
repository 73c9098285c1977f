import { OPTIONS } from '../../project/option.ts';
import type { Command, OptionSpec } from '../command.ts';
import { optionsOf } from '../parse.ts';

/** What can stand in a place on the command line. `stage` asks the project, and takes files as well. */
export type Words = 'stage' | 'file' | 'folder' | 'none' | readonly string[];

export interface CompletedFlag {
  readonly long: string;
  readonly short?: string;
  readonly help: string;
  /** What its value can be; absent for a switch. */
  readonly value?: Words;
}

/** A command as completion scripts know it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly positionals: Words;
}

/** A command's place in the table of commands. */
export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: true;
  readonly load: () => Promise<{ readonly default: Command }>;
}

/** Loads every command and says what can follow it. */
export async function completedCommands(commands: readonly ListedCommand[]): Promise<CompletedCommand[]> {
  return Promise.all(
    commands
      .filter(({ hidden }) => hidden !== true)
      .map(async ({ name, summary, load }) => {
        const command = (await load()).default;
        const flags = Object.entries(optionsOf(command)).map(([long, spec]) => completedFlag(long, spec));
        return { name, summary, flags, positionals: positionalsOf(name, command.usage) };
      }),
  );
}

function completedFlag(long: string, { type, short, value, help }: OptionSpec): CompletedFlag {
  return {
    long,
    help,
    ...(short === undefined ? {} : { short }),
    ...(type === 'string' ? { value: wordsOf(value ?? '') } : {}),
  };
}

/** By the name that help texts give to a value: `DIR`, `FILE`, `SHELL`. */
function wordsOf(value: string): Words {
  if (value === 'SHELL') return ['bash', 'zsh', 'fish'];
  if (/dir|folder/i.test(value)) return 'folder';
  if (/stage|target/i.test(value)) return 'stage';
  return /file|path|out|dep/i.test(value) ? 'file' : 'none';
}

function positionalsOf(name: string, usage: string): Words {
  if (name === 'config') return Object.keys(OPTIONS);
  if (usage === '') return 'none';
  if (name.startsWith('remote ')) return name === 'remote add' ? 'folder' : 'none';
  if (/stage|target/i.test(usage)) return 'stage';
  return /folder|dir/i.test(usage) ? 'folder' : /rev/i.test(usage) ? 'none' : 'file';
}
