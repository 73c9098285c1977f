import type { Problem } from '../problem/problem.ts';

/** What a command may touch of the process around it; tests pass their own. */
export interface Context {
  /** Absolute path of the folder it runs in (after `--cd`). */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly stderr: NodeJS.WriteStream | NodeJS.WritableStream;
  /** Aborted on Ctrl-C or SIGTERM; the reason is the signal's name (`StopSignal`). */
  readonly signal: AbortSignal;
  /** Aborted when the user insists (a second Ctrl-C). */
  readonly forceSignal: AbortSignal;
}

/**
 * 0 done · 1 a stage failed, `status --quiet` found changes, or `check-ignore` found nothing · 2 the user must change
 * something · 70 a bug · 129, 130, 141, 143 stopped by a signal before it was done, which `cli.ts` alone says.
 */
export type ExitCode = 0 | 1 | 2 | 70 | 129 | 130 | 141 | 143;

/** What can ask a command to stop; SIGPIPE stands for outputs that nobody reads any more. */
export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGPIPE' | 'SIGTERM';

/** What a command found out. The CLI prints it: handlers return data and never print. */
export interface Outcome {
  readonly exit?: ExitCode;
  /** For people; ends without a newline. Printed unless `--json` or `--quiet` was given. */
  readonly text?: string;
  /** For programs: printed as one JSON document under `--json`; its shape is under `schema/`. */
  readonly json?: unknown;
  /** What kept a part of it from being done: told on standard error, also with `--quiet`; `json` has it in its own way. */
  readonly problems?: readonly Problem[];
  /** Calls of `pipe` to be made now, one after the other, each as if it had been typed: what a Git hook stands for. */
  readonly next?: readonly (readonly string[])[];
}

/** One flag. `help` is one line; `value` names its argument in help texts. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly value?: string;
  /** Several values may follow it (`--targets a b`), up to the next flag; with `multiple`. */
  readonly variadic?: boolean;
  /** What it means without a value (`--untracked-files`, `--untracked-files=no`, `--untracked-files no`); one of `value`. */
  readonly implied?: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The flags that were given, by long name. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean'
    ? boolean
    : O[K]['multiple'] extends true
      ? readonly string[]
      : string;
};

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

export interface Invocation<O extends OptionSpecs = OptionSpecs> {
  readonly positionals: readonly string[];
  readonly options: OptionValues<O>;
  readonly global: GlobalOptions;
}

/** One command of `pipe`. Its file is loaded only when it is asked for. */
export interface Command<O extends OptionSpecs = OptionSpecs> {
  /** After the command's name, such as `[targets...]`; shown in help texts. */
  readonly usage: string;
  /** How many positionals it takes; anything else is a user error. */
  readonly positionals: {
    readonly min: number;
    readonly max: number;
    /** The first positional and everything after it, flags included, are positionals: a command for the shell. */
    readonly rest?: boolean;
  };
  readonly options: O;
  /** Whether it has a JSON form (`--json`). */
  readonly json: boolean;
  /** Whether it has something to put in order, and so ends by `signal` instead of at once on Ctrl-C. */
  readonly stopsGently?: boolean;
  /** Paragraphs below the usage line of `--help`. */
  readonly details?: string;
  run(context: Context, invocation: Invocation<O>): Promise<Outcome>;
}

/** Declares a command, so that `run` sees the types of its own options. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command<O> {
  return command;
}
