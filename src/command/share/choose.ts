import type { PendingImport } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import type { OptionSpecs, OptionValues } from '../command.ts';
import type { ShareValues } from './options.ts';
import type { SharedThing } from './thing.ts';

/** What chooses among that which is fetched, beside targets. */
export const CHOICE_OPTIONS = {
  type: { type: 'string', value: 'KIND', help: 'only outs that are metrics, or plots' },
  'max-size': { type: 'string', value: 'BYTES', help: 'only files and folders of up to so many bytes' },
} as const satisfies OptionSpecs;

export type ChoiceValues = OptionValues<typeof CHOICE_OPTIONS>;

const KINDS = new Map([
  ['metrics', 'metric'],
  ['plots', 'plot'],
]);

/**
 * Whether a thing is chosen by `--type` and `--max-size`; `undefined` where neither is given. How large a part of a folder is
 * its lists tell: see {@link maxSizeOf}.
 * @throws {PipeError} PIPE_USAGE
 */
export function choiceOf(options: ChoiceValues & ShareValues): ((thing: SharedThing) => boolean) | undefined {
  const { type, 'max-size': size } = options;
  if (type === undefined && size === undefined) return undefined;
  const kind = type === undefined ? undefined : kindOf(type, options);
  const most = maxSizeOf(options);
  return ({ selected, path, entry, below }) => {
    const owner = selected?.tracked.owner;
    const out = owner?.kind === 'stage' ? owner.stage.outs.find((each) => each.path === path) : undefined;
    return (below !== '' || entry.size <= most) && (kind === undefined || out?.kind === kind);
  };
}

/**
 * Which imports that were not downloaded yet are chosen, and which are not because nobody knows how large they are. None
 * of them is a metric or a plot.
 */
export function choosePending(
  options: ChoiceValues,
  pending: readonly PendingImport[],
): { readonly chosen: readonly PendingImport[]; readonly unsized: readonly PendingImport[] } {
  if (options.type !== undefined) return { chosen: [], unsized: [] };
  const most = maxSizeOf(options);
  if (most === Infinity) return { chosen: pending, unsized: [] };
  const sizeOf = ({ imported }: PendingImport): number | undefined => imported.size;
  return {
    chosen: pending.filter((each) => (sizeOf(each) ?? Infinity) <= most),
    unsized: pending.filter((each) => sizeOf(each) === undefined),
  };
}

/**
 * The bytes that a file or folder that is fetched has at most; `Infinity` without `--max-size`.
 * @throws {PipeError} PIPE_USAGE
 */
export function maxSizeOf({ 'max-size': size }: ChoiceValues): number {
  return size === undefined ? Infinity : bytesOf(size);
}

function kindOf(type: string, options: ShareValues): string {
  const kind = KINDS.get(type);
  if (kind === undefined) throw usage(`--type takes metrics or plots, not ${type}`);
  // Locks do not tell what an out is for.
  const isPast = options['all-branches'] ?? options['all-tags'] ?? options['all-commits'];
  if (isPast === true) throw usage('--type chooses among the outs of the workspace: it does not go with -a, -T and -A');
  return kind;
}

function bytesOf(size: string): number {
  if (/^\d{1,15}$/.test(size)) return Number(size);
  throw usage(`--max-size takes a number of bytes, not ${size}`);
}

function usage(message: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message });
}
