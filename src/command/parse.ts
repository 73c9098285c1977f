import { parseArgs } from 'node:util';
import { nearest } from '../kit/nearest.ts';
import { PipeError } from '../problem/problem.ts';
import { plainWords } from './argv.ts';
import type { Command, GlobalOptions, Invocation, OptionSpecs } from './command.ts';

/** The flags that every command takes, beside its own. */
export const GLOBAL_OPTIONS = {
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  quiet: { type: 'boolean', short: 'q', help: 'print nothing but problems' },
  verbose: { type: 'boolean', short: 'v', help: 'print more' },
  cd: { type: 'string', value: 'DIR', help: 'run as if started in DIR' },
} as const satisfies OptionSpecs;

const JSON_OPTION = { json: { type: 'boolean', help: 'print JSON' } } as const satisfies OptionSpecs;

/** Every option that a command understands, its own first. */
export function optionsOf(command: Command): OptionSpecs {
  return { ...command.options, ...(command.json ? JSON_OPTION : {}), ...GLOBAL_OPTIONS };
}

/**
 * Reads the words after a command's name.
 * @throws {PipeError} PIPE_USAGE for unknown flags, missing values and a wrong number of positionals.
 */
export function parseInvocation(
  name: string,
  command: Command,
  words: readonly string[],
): Invocation & { help: boolean } {
  const options = optionsOf(command);
  const { words: plain, rest } = plainWords(command, options, words);
  const parsed = parse(name, options, plain);
  const positionals = [...parsed.positionals, ...rest];
  const values = parsed.values as Record<string, unknown>;
  const { min, max } = command.positionals;
  const help = values['help'] === true;
  if (!help && (positionals.length < min || positionals.length > max)) {
    throw usage(
      positionals.length < min ? `pipe ${name} needs more arguments` : `pipe ${name} takes fewer arguments`,
      `usage: pipe ${name} ${command.usage}`,
    );
  }
  const global: GlobalOptions = {
    json: values['json'] === true,
    quiet: values['quiet'] === true,
    verbose: values['verbose'] === true,
  };
  return { positionals, options: values as Invocation['options'], global, help };
}

/**
 * Checks the words of a call that names no command: global flags alone.
 * @throws {PipeError} PIPE_USAGE for other flags and missing values.
 */
export function checkGlobal(words: readonly string[]): void {
  parse(undefined, { ...GLOBAL_OPTIONS, ...JSON_OPTION }, words);
}

function parse(name: string | undefined, options: OptionSpecs, words: readonly string[]): ReturnType<typeof parseArgs> {
  const config = Object.fromEntries(
    Object.entries(options).map(([key, { type, short, multiple }]) => [
      key,
      { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
    ]),
  );
  const called = name === undefined ? 'pipe' : `pipe ${name}`;
  try {
    return parseArgs({ args: [...words], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error;
    const written = /'(-[^' ]*)/.exec(error.message)?.[1];
    const near = written?.startsWith('--') === true ? nearest(written.slice(2), Object.keys(options)) : undefined;
    throw usage(
      `${called}: ${(error.message.split('. ')[0] ?? error.message).replace(/\.$/, '')}`,
      near === undefined || written === `--${near}` ? `run \`${called} --help\`` : `did you mean --${near}?`,
    );
  }
}

function usage(message: string, hint: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, hint });
}
