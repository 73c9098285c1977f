import { setTimeout } from 'node:timers/promises';
import { checkAborted } from '../../kit/abort.ts';

/** How often something is tried, and how long is waited in between. */
export interface RetryRule {
  /** Whether trying again makes sense, after so many tries that failed. */
  readonly again: (error: unknown, tries: number) => boolean;
  /** The longest first pause, in milliseconds. Each further one is twice as long, up to {@link LONGEST_MS}. */
  readonly pauseMs: number;
  readonly signal: AbortSignal | undefined;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const LONGEST_MS = 10_000;

/** How long is waited after so many tries that failed, but for the first one; in milliseconds. */
export function pauseOf(
  { pauseMs, random = Math.random }: Pick<RetryRule, 'pauseMs' | 'random'>,
  tries: number,
): number {
  return random() * Math.min(LONGEST_MS, pauseMs * 2 ** tries);
}

/** Does something until it succeeds or makes no sense any more. Pauses are random, so that many do not come at once. */
export async function retrying<T>(rule: RetryRule, work: (tries: number) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    checkAborted(rule.signal);
    try {
      return await work(tries);
    } catch (error) {
      checkAborted(rule.signal);
      if (!rule.again(error, tries + 1)) throw error;
      await pause(pauseOf(rule, tries), rule.signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    checkAborted(signal);
  }
}
