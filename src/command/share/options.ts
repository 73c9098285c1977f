import { PipeError } from '../../problem/problem.ts';
import type { OptionSpec, OptionSpecs, OptionValues } from '../command.ts';

/** The flags by which push, pull, fetch and `status -c` choose what is shared and with whom, as in DVC. */
export const SHARE_OPTIONS = {
  remote: { type: 'string', short: 'r', value: 'NAME', help: 'this remote instead of the default one' },
  jobs: { type: 'string', short: 'j', value: 'N', help: 'so many transfers at once' },
  'all-branches': { type: 'boolean', short: 'a', help: 'also what the tips of all branches need' },
  'all-tags': { type: 'boolean', short: 'T', help: 'also what all tags need' },
  'all-commits': { type: 'boolean', short: 'A', help: 'also what any commit needs' },
  'with-deps': { type: 'boolean', short: 'd', help: 'also the outs of what the targets need' },
  recursive: { type: 'boolean', short: 'R', help: 'targets are folders: everything tracked below them' },
  glob: { type: 'boolean', help: 'targets are patterns over tracked paths' },
} as const satisfies OptionSpecs;

/** What fetch, and with it pull, takes besides. */
export const FETCH_OPTIONS = {
  'run-cache': { type: 'boolean', help: 'also all run records, with what the runs made' },
  'no-run-cache': { type: 'boolean', help: 'no run records, as without either flag' },
  'allow-missing': { type: 'boolean', help: 'exit with 0 although the remote lacks something' },
  dry: { type: 'boolean', help: 'only say what would be fetched' },
} as const satisfies OptionSpecs;

/** What push takes besides: Git's hook names the commits that go. */
export const REVISION_OPTION = {
  type: 'string',
  multiple: true,
  value: 'REV',
  help: 'also what this Git revision needs; may be repeated',
} as const satisfies OptionSpec;

export type ShareValues = OptionValues<typeof SHARE_OPTIONS> & { readonly rev?: readonly string[] };

/**
 * How many transfers go at once, as `--jobs` says.
 * @throws {PipeError} PIPE_USAGE for a number that is none.
 */
export function jobsOf({ jobs }: { readonly jobs?: string | undefined }): number | undefined {
  if (jobs === undefined) return undefined;
  if (/^(?:[1-9]\d{0,3}|10000)$/.test(jobs)) return Number(jobs);
  throw new PipeError({ code: 'PIPE_USAGE', message: `--jobs takes a whole number from 1 to 10000, not ${jobs}` });
}

export interface RunCacheValues {
  readonly 'run-cache'?: boolean;
  readonly 'no-run-cache'?: boolean;
}

/** Whether run records travel: `--run-cache`, `--no-run-cache`, or neither. */
export function runCacheOf(options: RunCacheValues): 'all' | 'none' | undefined {
  if (options['run-cache'] === true && options['no-run-cache'] === true) {
    throw new PipeError({ code: 'PIPE_USAGE', message: '--run-cache and --no-run-cache exclude each other' });
  }
  return options['run-cache'] === true ? 'all' : options['no-run-cache'] === true ? 'none' : undefined;
}
