import { parseArgs } from 'node:util';
import type { Place } from './place.ts';

/** What `npm run bench -- --help` says. */
export const USAGE = `npm run bench -- [options]
  --only NAME…   measure the scenarios of that name, or whose names begin with it (repro, repro.100-stages)
  --where KIND   measure on tmpfs or on disk only (default: on both)
  --pairs N      how often each runs (default 5)
  --disk DIR     a folder on the disk to measure (default: the temporary folder, or the home folder)
  --long         also what takes more than a few minutes; and let DVC run 1,000 stages, more than 17 minutes each time
  --scale N      work on a share of the data (0.01) to see that it runs; times are then not judged
  --json         print the result as JSON (bench/bench.schema.json)
  --write FILE   put the table between the markers of these scenarios in a Markdown file as well`;

/** What to measure, and how. */
export interface BenchOptions {
  /** Names, or beginnings of names up to a dot; empty for all. */
  readonly only: readonly string[];
  readonly pairs: number;
  readonly disk: string | undefined;
  readonly where: Place['kind'] | undefined;
  readonly long: boolean;
  /** The share of the data to work on: 1 for all of it. */
  readonly scale: number;
  readonly json: boolean;
  readonly write: string | undefined;
  readonly help: boolean;
}

/**
 * Reads argv.
 * @throws {TypeError} for an option that there is not
 * @throws {RangeError} for a value that makes no sense, and for a table of a share of the data that is to be published
 */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      pairs: { type: 'string', default: '5' },
      disk: { type: 'string' },
      where: { type: 'string' },
      scale: { type: 'string', default: '1' },
      long: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (positionals.length > 0 && values.only.length === 0)
    throw new TypeError(`unexpected "${positionals.join(' ')}": name scenarios with --only`);
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1)
    throw new RangeError(`--pairs needs a number from 1, not "${values.pairs}"`);
  const scale = Number(values.scale);
  if (!(scale > 0 && scale <= 1))
    throw new RangeError(`--scale needs a share of 1, such as 0.01, not "${values.scale}"`);
  const { disk, where, write, long, json, help } = values;
  if (where !== undefined && where !== 'tmpfs' && where !== 'disk')
    throw new RangeError(`--where needs "tmpfs" or "disk", not "${where}"`);
  if (write !== undefined && scale !== 1)
    throw new RangeError('--write is for all of the data, not for a --scale of it');
  return { only: [...values.only, ...positionals], pairs, disk, where, write, long, scale, json, help };
}

/**
 * The items that are asked for: without a word all but those that take long, which `long` adds.
 * @throws {RangeError} that lists all names, when a word matches none
 */
export function selectNamed<T extends Named>(all: readonly T[], only: readonly string[], long = false): T[] {
  const matches = (name: string, word: string): boolean => `${name}.`.startsWith(`${word}.`);
  const unknown = only.find((word) => !all.some(({ name }) => matches(name, word)));
  if (unknown !== undefined)
    throw new RangeError(
      `no scenario is called "${unknown}"; there are\n  ${all.map(({ name }) => name).join('\n  ')}`,
    );
  if (only.length === 0) return all.filter((each) => long || each.long !== true);
  return all.filter(({ name }) => only.some((word) => matches(name, word)));
}

interface Named {
  readonly name: string;
  readonly long?: boolean;
}
