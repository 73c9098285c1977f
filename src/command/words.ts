import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { nearest } from '../kit/nearest.ts';
import { PipeError, fail, ok } from '../problem/problem.ts';
import type { Problem, Result } from '../problem/problem.ts';
import type { CommandEntry } from './index.ts';

/** The command that was asked for and the words that belong to it; without a command, those to list. */
export type SplitWords =
  | { readonly entry: CommandEntry; readonly words: readonly string[] }
  | {
      readonly entry?: never;
      readonly words: readonly string[];
      /** The first word of the commands to list (`stage`); absent for all of them. */
      readonly family?: string;
    };

/** Finds the command in argv. Global flags may stand before it (`pipe --cd sub repro`). */
export function splitCommand(argv: readonly string[], commands: readonly CommandEntry[]): Result<SplitWords> {
  const start = firstWord(argv);
  const flags = argv.slice(0, start);
  const [first, second] = [argv[start], argv[start + 1]];
  // `pipe help add` is `pipe add --help`; flags alone name no command.
  if (first === 'help' && second !== undefined && !second.startsWith('-')) {
    return splitCommand([...flags, ...argv.slice(start + 1), '--help'], commands);
  }
  if (first === undefined || first === 'help') return ok({ words: argv });
  for (const [name, length] of [
    [`${first} ${second ?? ''}`, 2],
    [first, 1],
  ] as const) {
    const entry = commands.find((each) => each.name === name);
    if (entry !== undefined) return ok({ entry, words: [...flags, ...argv.slice(start + length)] });
  }
  const family = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (family.length === 0) return fail(unknown(first, commands));
  const word = second?.startsWith('-') === true ? undefined : second;
  if (word === undefined && (argv.includes('--help') || argv.includes('-h'))) return ok({ family: first, words: argv });
  return fail({
    code: 'PIPE_USAGE',
    message: word === undefined ? `pipe ${first} needs a second word` : `pipe ${first} ${word} is not a command`,
    hint: ['one of:', ...commandLines(family, 'pipe ')].join('\n'),
  });
}

function firstWord(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--cd') at += 1;
    else if (!word.startsWith('-')) return at;
  }
  return argv.length;
}

/** Commands with their summaries, one a line, in columns. */
export function commandLines(commands: readonly CommandEntry[], before: string): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `${before}${name.padEnd(width)}  ${summary}`);
}

/** What others call our commands. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['ls', 'list'],
  ['mv', 'move'],
  ['rm', 'remove'],
]);

/** Commands of DVC that are not there, and are no slip of one that is. */
const NOT_THERE: ReadonlyMap<string, string> = new Map([
  ['exp', 'experiments are not there yet; each run is recorded, and `pipe metrics diff` compares revisions'],
  ['experiments', 'experiments are not there yet; each run is recorded, and `pipe metrics diff` compares revisions'],
  ['queue', 'there is no queue yet: `pipe repro -j N` runs stages at once'],
  ['destroy', 'remove the folder .pipe and the pipeline files yourself; `pipe remove --outs` removes single things'],
  ['list-url', 'there is none yet; `pipe list` takes repositories'],
]);

function unknown(first: string, commands: readonly CommandEntry[]): Problem {
  const hint = NOT_THERE.get(first);
  if (hint !== undefined)
    return { code: 'PIPE_USAGE', message: `${JSON.stringify(first)} is not a command of pipe`, hint };
  const near =
    ELSEWHERE.get(first) ??
    nearest(
      first,
      commands.flatMap(({ name, hidden }) => (hidden === true ? [] : [name])),
    );
  return {
    code: 'PIPE_USAGE',
    message: `${JSON.stringify(first)} is not a command of pipe`,
    hint: near === undefined ? 'run `pipe --help` for the list' : `did you mean \`pipe ${near}\`?`,
  };
}

/**
 * The folder a command runs in: the one it was started in, or the one that `--cd` names.
 * @throws {PipeError} PIPE_USAGE when that is not there.
 */
export function chdirTarget(cwd: string, cd: unknown): string {
  if (typeof cd !== 'string') return cwd;
  try {
    // Real, as the folder of a shell is: it is compared with the project's root.
    return realpathSync(resolve(cwd, cd));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw new PipeError({ code: 'PIPE_USAGE', message: `there is no folder ${cd}`, hint: '--cd takes a folder' });
  }
}
