import type { DownloadedEvent, RecordedEvent, StageEndEvent } from '../event/event.ts';
import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import { printable, truncate } from '../kit/width.ts';
import { redactUrls } from '../problem/redact.ts';
import { formatDuration } from './duration.ts';
import { formatCount, formatSize } from './size.ts';

const MOST_PATHS = 3;
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

/** What a download brought: `data and model, 3 objects, 1.2 MB, from storage`. */
export function downloadedText({ paths, remote, ...amount }: DownloadedEvent): string {
  const shown = paths.slice(0, MOST_PATHS).map(clean).join(', ');
  const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : '';
  return `downloaded ${shown}${more} from ${clean(remote)}: ${amountOf(amount)}`;
}

/** Changed data that was recorded, and what is left to do for Git. */
export function recordedLines({ path, pointer, isStaged }: RecordedEvent): string[] {
  const text = `${clean(path)} changed: recorded in ${clean(pointer)}`;
  return isStaged ? [text] : [text, gitAdd([pointer])];
}

/** What to hand to Git, ready for a shell. */
export function gitAdd(paths: readonly string[]): string {
  const named = paths.length > MOST_NAMED ? byFolder(paths) : paths.map(literal);
  return `For Git: git add ${named.map(shellWord).join(' ')}`;
}

/** More paths than these are named by their folders, as far as they are pointers. */
const MOST_NAMED = 20;

/** A path as Git takes it for nothing but that. */
function literal(path: string): string {
  return isPattern(path) ? `:(literal)${path}` : path;
}

function isPattern(path: string): boolean {
  return path.startsWith(':') || /[*?[\]\\]/.test(path);
}

/** The pointers of a folder as one pattern that Git knows, and all other paths. */
function byFolder(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths.map((path) => {
        const folder = path.slice(0, path.lastIndexOf('/') + 1);
        // Where a folder's own name looks like a pattern, it would stand for others.
        return path.endsWith('.pipe') && !isPattern(folder) ? `:(glob)${folder}*.pipe` : literal(path);
      }),
    ),
  ];
}

/** A path as a word for a shell. */
export function shellWord(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path;
  // What a terminal must not see is written so that the shell reads it all the same.
  if (printable(safe) !== safe) return `$'${printable(safe.replace(/[\\']/g, String.raw`\$&`))}'`;
  const text = clean(safe);
  if (/^[\p{L}\p{N}_@%+:,./][\p{L}\p{N}_@%+=:,./-]*$/u.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What was restored, as far as it tells of more than the store at hand. */
export function restoredText({ savedMs, from }: Pick<StageEndEvent, 'savedMs' | 'from'>): string {
  const saved = savedMs === undefined ? '' : `, its run took ${formatDuration(savedMs)}`;
  return from === undefined ? saved : `${saved}, as recorded in ${clean(from)}`;
}

/** `1 stage`, `2 stages`, `70,012 stages`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `70,012 objects, 27.1 MB`. */
export function amountOf({ objects, bytes }: { readonly objects: number; readonly bytes: number }): string {
  return `${plural(objects, 'object')}, ${formatSize(bytes)}`;
}
