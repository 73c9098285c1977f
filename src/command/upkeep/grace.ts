import { PipeError } from '../../problem/problem.ts';

/** How long what was pushed stays in a remote, needed or not: others may not know yet what needs it. */
export const GRACE_OPTION = {
  type: 'string',
  value: 'TIME',
  help: 'what was pushed within this time stays in the remote (90m, 12h, 7d; 24h unless given)',
} as const;

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The grace period in milliseconds: one day unless it is given.
 * @throws {PipeError} PIPE_USAGE for what is no time.
 */
export function graceOf({ grace = '24h' }: { readonly grace?: string }): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(grace) ?? [];
  const ms = grace === '0' ? 0 : Number(number) * (UNITS[unit] ?? NaN);
  if (!Number.isNaN(ms)) return ms;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `--grace takes a time such as 90m, 12h or 7d, not ${JSON.stringify(grace)}`,
  });
}
