import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import { printable, truncate } from '../kit/width.ts';
import { redactUrls } from '../problem/redact.ts';

const MOST_REASONS = 3;
const LONGEST_REASON = 100;

/** A text with names of others in it, fit for one line of a terminal. */
export function clean(text: string): string {
  return redactUrls(printable(text));
}

/** Reasons as one line: the first three, each cut to what can be taken in at a glance; all of them if `verbose`. */
export function reasonsText(reasons: readonly Reason[], options: { verbose?: boolean | undefined } = {}): string {
  const shown = options.verbose ? reasons : reasons.slice(0, MOST_REASONS);
  const texts = shown.map((reason) => {
    const text = clean(describeReason(reason));
    return options.verbose ? text : truncate(text, LONGEST_REASON);
  });
  const more = reasons.length - shown.length;
  return [...texts, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** `1 stage`, `2 stages`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
