import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from '../../rig/process.ts';
import { TooLong } from '../../rig/process.ts';
import type { Rig, RunOptions } from '../../rig/rig.ts';
import { PIPE } from '../../rig/rig.ts';
import type { Random } from './random.ts';

/** System calls that change a disk. */
const CHANGES = [
  ...['open', 'openat', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'copy_file_range', 'sendfile'],
  ...['ftruncate', 'truncate', 'fallocate', 'fsync', 'fdatasync', 'ioctl', 'chmod', 'fchmod', 'fchmodat'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat', 'unlink', 'unlinkat'],
  ...['mkdir', 'mkdirat', 'rmdir'],
];

/** System calls that read from it. */
const READS = ['open', 'openat', 'read', 'pread64', 'readv', 'preadv', 'getdents64', 'copy_file_range', 'sendfile'];

/** A system call of a run: the `nth` of its name that one of its threads makes. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  /** What it does, as strace puts it. */
  readonly text: string;
  /** Whether the main thread makes it. */
  readonly isMain: boolean;
}

/** A run that was watched. */
export interface Watched {
  readonly run: Finished;
  /** In their order. */
  readonly calls: readonly Call[];
}

let traces = 0;

/** One thread does what Node.js leaves to threads: else the order of calls would be another one in each run. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' };

/**
 * Runs `pipe` to its end, and tells of each call that changed a disk below the rig's folders.
 * @throws {Error} where strace is missing
 */
export async function watchChanges(rig: Rig, args: readonly string[]): Promise<Watched> {
  const { run, calls } = await trace(rig, args, { names: CHANGES });
  return { run, calls: calls.filter((call) => isChange(call, rig)) };
}

/** The same for each call that read what lies in the cache. */
export async function watchReads(rig: Rig, args: readonly string[]): Promise<Watched> {
  const { run, calls } = await trace(rig, args, { names: READS });
  return { run, calls: calls.filter((call) => isRead(call, rig)) };
}

/** Kills `pipe` just before it makes a call. It ends well, `code` 0, when it makes no such call this time. */
export async function killAt(rig: Rig, args: readonly string[], call: Call): Promise<Finished> {
  return (await trace(rig, args, { names: [call.name], inject: `signal=KILL:when=${call.nth}` })).run;
}

/** Sends `pipe` a SIGINT, as Ctrl-C does, when it makes a call. */
export async function interruptAt(rig: Rig, args: readonly string[], call: Call): Promise<Finished> {
  return (await trace(rig, args, { names: [call.name], inject: `signal=INT:when=${call.nth}` })).run;
}

/** What came of a run of which a call failed. */
export interface Failing {
  readonly run: Finished;
  /** Which call that was, as strace puts it; undefined when there was none, or one that the system alone makes. */
  readonly failed: string | undefined;
}

/**
 * Lets a call fail with an error of the system.
 * @throws {TooLong} when the run does not end any more
 */
export async function failAt(
  rig: Rig,
  args: readonly string[],
  { call, error }: { readonly call: Call; readonly error: string },
): Promise<Failing> {
  const inject = `error=${error}:when=${call.nth}`;
  const { run, calls } = await trace(rig, args, { names: [call.name], inject, isMainOnly: call.isMain });
  return { run, failed: isOfSystem(calls, rig) ? undefined : injected(calls)[0]?.text };
}

/** So many things, chosen by the seed. */
export function choose<T>(random: Random, from: readonly T[], count: number): T[] {
  const rest = [...from];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(random.next(rest.length), 1));
  return chosen;
}

interface Tracing {
  readonly names: readonly string[];
  readonly inject?: string;
  /** Whether the calls of other threads neither count nor are disturbed. */
  readonly isMainOnly?: boolean;
}

async function trace(
  rig: Rig,
  args: readonly string[],
  { names, inject, isMainOnly = false }: Tracing,
): Promise<Watched> {
  traces += 1;
  const file = rig.path(`../tmp/${process.pid}-${traces}.trace`);
  // Some machines do not have all of them.
  const set = names.map((name) => `?${name}`).join(',');
  const traced = [...(isMainOnly ? [] : ['-f']), '-y', '-qq', '-o', file, '-e', `trace=${set}`];
  if (inject !== undefined) traced.push('-e', `inject=${set}:${inject}`);
  const options: RunOptions = { env: ONE_THREAD, limit: 45_000 };
  const ended = await rig.run('strace', [...traced, PIPE, ...args], options).catch((error: unknown) => {
    if (error instanceof TooLong) return error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('this test needs strace: apt-get install strace', { cause: error });
  });
  const [run, late] = ended instanceof TooLong ? [ended.finished, ended] : [ended];
  // Whoever may not trace processes would see runs that nothing disturbs.
  expect(run.stderr).not.toMatch(/^strace: /m);
  const text = await readFile(file, 'utf8');
  // Of one thread alone strace does not say which.
  const calls = parseTrace(isMainOnly ? text.replaceAll(/^(?=\w)/gm, '1 ') : text);
  await rig.remove(file);
  // Node.js waits for ever when the pipe that guards its signals takes no byte: no disk does that.
  if (late !== undefined && !isOfSystem(calls, rig)) throw late;
  return { run, calls };
}

function parseTrace(text: string): Call[] {
  const counts = new Map<string, number>();
  let main: string | undefined;
  return joinHalves(text.split('\n')).flatMap((line) => {
    const [, thread = '', name, rest = ''] = /^(\d+) +(\w+)(\(.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    // It is there before all others.
    main ??= thread;
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    return [{ name, nth, text: `${name}${rest}`, isMain: thread === main }];
  });
}

/** strace cuts the line of a call in two when another thread makes one meanwhile. */
function joinHalves(lines: readonly string[]): string[] {
  const whole = [...lines];
  const begun = new Map<string, number>();
  for (const [at, line] of lines.entries()) {
    const thread = line.slice(0, line.indexOf(' '));
    const start = begun.get(thread);
    const [, rest] = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    if (line.endsWith(' <unfinished ...>')) begun.set(thread, at);
    else if (rest !== undefined && start !== undefined)
      whole[start] = (lines[start] ?? '').replace(/ <unfinished \.\.\.>$/, rest);
  }
  return whole;
}

function injected(calls: readonly Call[]): Call[] {
  return calls.filter(({ text }) => text.includes('(INJECTED)'));
}

/** Whether a call failed that was not meant: each thread counts for itself, and another one may make its own just then. */
function isOfSystem(calls: readonly Call[], rig: Rig): boolean {
  return injected(calls).some((call) => !isChange(call, rig) && !isRead(call, rig));
}

function isBelow({ text }: Call, folder: string): boolean {
  return text.includes(`<${folder}/`) || text.includes(`"${folder}/`);
}

/** Whether a call changes something in the rig's folders: opening for reading changes nothing. */
function isChange(call: Call, rig: Rig): boolean {
  const { name, text } = call;
  if (!CHANGES.includes(name) || !isBelow(call, dirname(rig.project))) return false;
  if (name === 'ioctl') return text.includes('FICLONE');
  return !name.startsWith('open') || text.includes('O_CREAT');
}

function isRead(call: Call, rig: Rig): boolean {
  return READS.includes(call.name) && isBelow(call, rig.path('.pipe/cache')) && !call.text.includes('O_CREAT');
}
