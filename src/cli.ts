import { chdirTarget, splitCommand } from './command/words.ts';
import type { Command, Context, ExitCode, Invocation, StopSignal } from './command/command.ts';
import type { CommandEntry } from './command/index.ts';
import { onNotice } from './kit/notice.ts';
import { VERSION } from './kit/version.ts';
import type { Problem } from './problem/problem.ts';
import { PipeError } from './problem/problem.ts';

/**
 * From argv to an exit code: finds the command, loads it, runs it, prints what it found out or what went wrong.
 * Loads nothing that the command does not need.
 */
async function main(argv: readonly string[]): Promise<ExitCode> {
  const { COMMANDS } = await import('./command/index.ts');
  const found = splitCommand(argv, COMMANDS);
  if (!found.ok) return printProblems(found.problems, { json: argv.includes('--json') });
  const { entry, words } = found.value;
  try {
    if (entry !== undefined) return await runCommand(entry, words);
    const { checkGlobal } = await import('./command/parse.ts');
    checkGlobal(words);
    const { overview } = await import('./command/help.ts');
    print(overview(COMMANDS, found.value.family));
    return 0;
  } catch (error) {
    const [{ systemProblem }, { isAbort }] = await Promise.all([
      import('./kit/system-fault.ts'),
      import('./kit/abort.ts'),
    ]);
    if (isAbort(error)) return await printStopped({ json: words.includes('--json') });
    const problems = error instanceof PipeError ? error.problems : systemProblem(error);
    if (problems === undefined) throw error;
    return printProblems(problems, { json: words.includes('--json') });
  }
}

async function runCommand(entry: CommandEntry, words: readonly string[]): Promise<ExitCode> {
  const command = (await entry.load()).default;
  const { parseInvocation } = await import('./command/parse.ts');
  const invocation = parseInvocation(entry.name, command, words);
  if (invocation.help) {
    const { commandHelp } = await import('./command/help.ts');
    print(commandHelp(entry, command));
    return 0;
  }
  return runInContext(command, invocation);
}

async function runInContext(command: Command, invocation: Invocation): Promise<ExitCode> {
  const [gentle, firm] = [new AbortController(), new AbortController()];
  const stop = (signal: StopSignal): void => {
    stoppedBy ??= signal;
    (gentle.signal.aborted ? firm : gentle).abort(signal);
  };
  // Any other command ends at once, as programs do: it has nothing to put in order.
  if (command.stopsGently === true) {
    process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
    whenUnread = () => {
      if (!gentle.signal.aborted) stop('SIGPIPE');
    };
    process.stderr.on('error', onOutputError);
  }
  const context: Context = {
    cwd: chdirTarget(process.cwd(), invocation.options['cd']),
    // A copy: every look at the real one asks the operating system.
    env: { ...process.env },
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: gentle.signal,
    forceSignal: firm.signal,
  };
  if (!invocation.global.quiet) {
    onNotice((text) => {
      // A line of progress may stand there.
      process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${text}\n`);
    });
  }
  const outcome = await command.run(context, invocation);
  if (invocation.global.json) {
    if (outcome.json !== undefined) print(JSON.stringify(outcome.json, null, 2));
  } else if (!invocation.global.quiet && outcome.text !== undefined && outcome.text !== '') print(outcome.text);
  const { problems = [] } = outcome;
  if (problems.length > 0 && !invocation.global.json) await printProblems(problems, { json: false });
  let exit = outcome.exit ?? 0;
  for (const words of outcome.next ?? []) {
    if (stoppedBy !== undefined) break;
    exit = worse(exit, await main(words));
  }
  return exit;
}

function worse(a: ExitCode, b: ExitCode): ExitCode {
  return a > b ? a : b;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function printProblems(problems: readonly Problem[], options: { json: boolean }): Promise<ExitCode> {
  if (options.json) {
    const { problemsDocument } = await import('./problem/json.ts');
    // On one line: it may come after events, of which each has a line of its own.
    print(JSON.stringify(problemsDocument(problems)));
  } else {
    const { renderProblems } = await import('./problem/render.ts');
    const { columnsOf, wantsColor } = await import('./report/style.ts');
    const color = wantsColor(process.env, process.stderr);
    process.stderr.write(`${renderProblems(problems, { color, columns: columnsOf(process.stderr) })}\n`);
  }
  return 2;
}

/** What asked a command to stop; set once. */
let stoppedBy: StopSignal | undefined;

const STOPPED_EXIT = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const satisfies Record<
  StopSignal,
  ExitCode
>;

/**
 * What a shell expects of a program that a signal stopped: 128 and the signal's number, so that a script tells it from a
 * failure. A command that was done all the same, or met a bug, says so.
 */
function afterStop(exit: ExitCode): ExitCode {
  return stoppedBy === undefined || exit === 0 || exit === 70 ? exit : STOPPED_EXIT[stoppedBy];
}

/** Tells that somebody asked to stop, and that what was done until then is done. */
async function printStopped(options: { json: boolean }): Promise<ExitCode> {
  const hint = 'what was finished stays; the same command goes on from there';
  await printProblems([{ code: 'PIPE_CANCELLED', message: 'stopped before it was done', hint }], options);
  return 1;
}

/** What to do when nobody reads on (`pipe dag | head`): there is nothing left to do, unless stages are running. */
let whenUnread = (): void => {
  process.exit(0);
};

/** A pipe that is closed (EPIPE) and a terminal that is gone (EIO) are no problem of ours. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  whenUnread();
}

process.stdout.on('error', onOutputError);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = afterStop(code);
  },
  (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`This is a bug in pipe ${VERSION} (node ${process.version}, ${process.platform}):\n${text}\n`);
    process.exitCode = 70;
  },
);
