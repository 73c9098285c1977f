import { displayWidth, printable, truncate } from '../kit/width.ts';
import type { MarkedLine } from './position.ts';
import { redactUrls } from './redact.ts';

/** One line to print with a marked part, and the marks to print below it. */
export interface Excerpt {
  readonly text: string;
  /** Columns before the marks. */
  readonly indent: number;
  /** Columns marked; at least 1, so that a point shows. */
  readonly width: number;
}

/**
 * Cuts a line to `room` columns around its marked part. Tabs become spaces and control characters escapes, so that
 * the marks stand below what they mark and nothing steers the terminal.
 */
export function excerpt(line: MarkedLine, room: number): Excerpt {
  const { start, end } = line;
  const text = redactUrls(line.text, (secret) => '*'.repeat(secret.length));
  // No more than could be shown is looked at: a line may have megabytes.
  const reach = Math.max(room, 1) * 2;
  const marked = show(text.slice(start, Math.min(end, start + reach)));
  const before = show(text.slice(Math.max(0, start - reach), start));
  const after = show(text.slice(end, end + reach));
  const markedWidth = displayWidth(marked);
  const whole = displayWidth(before) + markedWidth + displayWidth(after);
  if (whole <= room && start <= reach && end - start <= reach)
    return { ...framed(before, marked), text: before + marked + after };

  const middle = truncate(marked, Math.max(1, Math.floor((room * 2) / 3)));
  const spare = room - displayWidth(middle);
  const lead = truncateStart(before, Math.max(Math.floor(spare / 2), spare - displayWidth(after)));
  const trail = truncate(after, Math.max(0, spare - displayWidth(lead)));
  return { ...framed(lead, middle), text: lead + middle + trail };
}

function framed(before: string, marked: string): { indent: number; width: number } {
  return { indent: displayWidth(before), width: Math.max(1, displayWidth(marked)) };
}

const TAB = '    ';

function show(text: string): string {
  return printable(text.replaceAll('\t', TAB));
}

function truncateStart(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const characters = Array.from(text);
  let used = 1;
  let from = characters.length;
  while (from > 0) {
    used += displayWidth(characters[from - 1] ?? '');
    if (used > width) break;
    from -= 1;
  }
  return width < 1 ? '' : `…${characters.slice(from).join('')}`;
}
