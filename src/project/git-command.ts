import type { Readable, Writable } from 'node:stream';
import { checkAborted } from '../kit/abort.ts';
import { PipeError } from '../problem/problem.ts';
import { redactUrls } from '../problem/redact.ts';

export interface GitCommand {
  /** Absolute path of a folder in the work tree. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

export interface GitOutput {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** More than the largest tree listing of any known repository. */
const MAX_OUTPUT = 2 ** 31;

/**
 * Runs Git without taking optional locks and in the C locale. A failing command is no error here.
 * @throws {PipeError} PIPE_GIT_MISSING when there is no `git`.
 */
export async function runGit(command: GitCommand, args: readonly string[], input?: string): Promise<GitOutput> {
  const { execa } = await import('execa');
  const result = await execa('git', args, {
    ...surroundings(command),
    maxBuffer: MAX_OUTPUT,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  checkAborted(command.signal);
  if (result.exitCode === undefined) throw notEnded(args, result);
  const bytes = (part: unknown): Buffer => (part instanceof Uint8Array ? Buffer.from(part) : Buffer.alloc(0));
  return { exitCode: result.exitCode, stdout: bytes(result.stdout), stderr: bytes(result.stderr).toString().trim() };
}

/** A Git command that is spoken with while it runs. */
export interface GitStream {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when it has ended; rejects with a {@link PipeError} as {@link gitOutput} does. */
  readonly done: Promise<void>;
}

/** Starts Git as {@link runGit} does, for input and output that are too much to hold. */
export async function streamGit(command: GitCommand, args: readonly string[]): Promise<GitStream> {
  const { execa } = await import('execa');
  const running = execa('git', args, {
    ...surroundings(command),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: { stdout: false, stderr: true },
  });
  const done = running.then((result) => {
    if (result.exitCode === undefined) throw notEnded(args, result);
    if (result.exitCode !== 0) throw gitFailed(args, Buffer.from(result.stderr).toString().trim());
  });
  return { stdin: running.stdin, stdout: running.stdout, done };
}

function surroundings({ cwd, env, signal }: GitCommand) {
  return {
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    cwd,
    env: { ...withoutRepository(env), LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
    extendEnv: false,
    encoding: 'buffer',
    reject: false,
  } as const;
}

function notEnded(
  args: readonly string[],
  result: { readonly code?: string | undefined; readonly shortMessage?: string | undefined },
): PipeError {
  if (result.code !== 'ENOENT') return gitFailed(args, result.shortMessage ?? 'it was ended by a signal');
  const problem = {
    code: 'PIPE_GIT_MISSING',
    message: 'there is no `git` on this machine',
    hint: 'install Git',
  } as const;
  return new PipeError(problem, { cause: result });
}

/**
 * The output of a Git command that has no reason to fail.
 * @throws {PipeError} PIPE_GIT with what Git said.
 */
export async function gitOutput(command: GitCommand, args: readonly string[], input?: string): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await runGit(command, args, input);
  if (exitCode === 0) return stdout;
  throw gitFailed(args, stderr);
}

/** Inside a Git hook these name the repository of the commit at hand, relative to another folder. */
const OF_HOOKS = new Set(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX']);

/** An environment in which Git looks for the repository of the folder that it runs in. */
export function withoutRepository(env: GitCommand['env']): GitCommand['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_HOOKS.has(name)));
}

/** @returns the problem that a Git command failed, with what Git said */
export function gitFailed(args: readonly string[], why: string): PipeError {
  const name = args.find((arg) => !arg.startsWith('-')) ?? '';
  const isForeign = why.includes('dubious ownership');
  return new PipeError({
    code: 'PIPE_GIT',
    message: `git ${name} failed: ${redactUrls(firstLine(why))}`,
    ...(isForeign ? { hint: 'the work tree belongs to another user: see safe.directory in `git help config`' } : {}),
  });
}

/** What Git says first, but for what it says of its progress. */
function firstLine(why: string): string {
  const lines = why.split('\n');
  return (lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines[0] ?? '').replace(/^(?:fatal|error): /, '');
}

/** The version of Git; `undefined` where it is not installed. */
export async function gitVersion(command: GitCommand): Promise<string | undefined> {
  try {
    const output = await gitOutput(command, ['--version']);
    return /\d+(?:\.\d+)+/.exec(output.toString())?.[0];
  } catch (error) {
    if (error instanceof PipeError && error.problems[0]?.code === 'PIPE_GIT_MISSING') return undefined;
    throw error;
  }
}
