import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from '../../rig/process.ts';
import type { Rig, RunOptions } from '../../rig/rig.ts';
import { PIPE } from '../../rig/rig.ts';
import type { Random } from './random.ts';

/** The system calls that change a disk. */
const CHANGES = [
  ...['open', 'openat', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'copy_file_range', 'sendfile'],
  ...['ftruncate', 'truncate', 'fallocate', 'fsync', 'fdatasync', 'ioctl', 'chmod', 'fchmod', 'fchmodat'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat', 'unlink', 'unlinkat'],
  ...['mkdir', 'mkdirat', 'rmdir'],
] as const;

/** A system call of a run: the `nth` of its name that one of its threads makes. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  /** What it does, as strace puts it. */
  readonly text: string;
}

/** A run that was watched, and what it did to disks. */
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
export async function watch(rig: Rig, args: readonly string[], options: RunOptions = {}): Promise<Watched> {
  return trace(rig, args, options);
}

/** Kills `pipe` just before it makes a call. It ends well, `code` 0, when it makes no such call this time. */
export async function killAt(
  rig: Rig,
  args: readonly string[],
  { call, ...options }: RunOptions & { readonly call: Call },
): Promise<Finished> {
  return (await trace(rig, args, { ...options, only: call.name, inject: `signal=KILL:when=${call.nth}` })).run;
}

/** What came of a run of which a call failed. */
export interface Failing {
  readonly run: Finished;
  /** Which call that was, as strace puts it; undefined when there was none on a disk of the rig. */
  readonly failed: string | undefined;
}

/** Lets one call fail with an error of the system; all further ones of its kind when `isLasting`. */
export async function failAt(
  rig: Rig,
  args: readonly string[],
  { call, error, isLasting = false, ...options }: RunOptions & { readonly call: Call; readonly error: string; readonly isLasting?: boolean }, // prettier-ignore
): Promise<Failing> {
  const inject = `error=${error}:when=${call.nth}${isLasting ? '+' : ''}`;
  const { run, calls } = await trace(rig, args, { ...options, only: call.name, inject });
  return { run, failed: calls.find(({ text }) => text.includes('(INJECTED)'))?.text };
}

/** So many of the calls, those at the ends among them, in an order that the seed gives. */
export function someCalls<T>(random: Random, calls: readonly T[], count: number): T[] {
  const rest = [...calls];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(random.next(rest.length), 1));
  return chosen;
}

async function trace(
  rig: Rig,
  args: readonly string[],
  { inject, only, ...options }: RunOptions & { readonly inject?: string; readonly only?: string },
): Promise<Watched> {
  traces += 1;
  const file = rig.path(`../tmp/${process.pid}-${traces}.trace`);
  const names = (only === undefined ? CHANGES : [only]).map((name) => `?${name}`).join(',');
  const traced = ['-f', '-y', '-qq', '-o', file, '-e', `trace=${names}`];
  if (inject !== undefined) traced.push('-e', `inject=${names}:${inject}`);
  const env = { ...options.env, ...ONE_THREAD };
  const run = await rig.run('strace', [...traced, PIPE, ...args], { ...options, env }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('this test needs strace: apt-get install strace', { cause: error });
  });
  // Whoever may not trace processes would see runs that nothing disturbs.
  expect(run.stderr).not.toMatch(/^strace: /m);
  const root = dirname(rig.project);
  const calls = parseTrace(await readFile(file, 'utf8')).filter(({ name, text }) => isChange(name, text, root));
  await rig.remove(file);
  return { run, calls };
}

function parseTrace(trace: string): Call[] {
  const counts = new Map<string, number>();
  return trace.split('\n').flatMap((line) => {
    const [, thread = '', name, text = ''] = /^(\d+) +(\w+)(\(.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    return [{ name, nth, text: `${name}${text}` }];
  });
}

/** Whether a call is one on the rig's folders that changes something: opening for reading changes nothing. */
function isChange(name: string, text: string, root: string): boolean {
  if (!text.includes(`<${root}/`) && !text.includes(`"${root}/`)) return false;
  if (name === 'ioctl') return text.includes('FICLONE');
  return !name.startsWith('open') || text.includes('O_CREAT');
}
