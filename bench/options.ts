import { parseArgs } from 'node:util';

/** What `npm run bench -- --help` says. */
export const USAGE = `npm run bench -- [options]
  --only NAME…   measure the scenarios of that name, or whose names begin with it (repro, repro.100-stages)
  --pairs N      how often each runs (default 5)
  --disk DIR     a folder on the disk to measure (default: the temporary folder, or the home folder)
  --long         let DVC run 1,000 stages, more than 17 minutes each time
  --json         print the result as JSON (bench/bench.schema.json)
  --write FILE   put the table between the markers of a Markdown file as well`;

/** What to measure, and how. */
export interface BenchOptions {
  /** Names, or beginnings of names up to a dot; empty for all. */
  readonly only: readonly string[];
  readonly pairs: number;
  readonly disk: string | undefined;
  readonly long: boolean;
  readonly json: boolean;
  readonly write: string | undefined;
  readonly help: boolean;
}

/**
 * Reads argv.
 * @throws {TypeError} for an option that there is not
 * @throws {RangeError} for a number of pairs that is none
 */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      pairs: { type: 'string', default: '5' },
      disk: { type: 'string' },
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
  const { disk, write, long, json, help } = values;
  return { only: [...values.only, ...positionals], pairs, disk, write, long, json, help };
}

/**
 * The items that are asked for.
 * @throws {RangeError} that lists all names, when a word matches none
 */
export function selectNamed<T extends { readonly name: string }>(all: readonly T[], only: readonly string[]): T[] {
  const matches = (name: string, word: string): boolean => `${name}.`.startsWith(`${word}.`);
  const unknown = only.find((word) => !all.some(({ name }) => matches(name, word)));
  if (unknown !== undefined)
    throw new RangeError(
      `no scenario is called "${unknown}"; there are\n  ${all.map(({ name }) => name).join('\n  ')}`,
    );
  return all.filter(({ name }) => only.length === 0 || only.some((word) => matches(name, word)));
}
