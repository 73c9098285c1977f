import { formatElapsed } from './duration.ts';
import { formatCount, formatSize } from './size.ts';
import { columnsOf, isTerminal } from './style.ts';
import type { Environment } from './style.ts';

/** Tells how far long work is, on one line of a terminal that is written over; nothing anywhere else. */
export interface Progress {
  /** How many are done, of how many if that is known, and their bytes, of how many. */
  update(done: number, total?: number, bytes?: number | Portion): void;
  /** Takes the line away. */
  end(): void;
}

/** How much of something is done. */
export interface Portion {
  readonly done: number;
  readonly total: number;
}

const SILENT: Progress = { update: () => undefined, end: () => undefined };

/** Nothing is shown of work that takes less. */
const AFTER_MS = 300;
const EVERY_MS = 100;

export interface ProgressOptions {
  readonly stderr: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly env: Environment;
  /** What is being done: `adding`. */
  readonly label: string;
  /** What is counted, `files` unless given. */
  readonly noun?: string;
  readonly quiet?: boolean;
  readonly now?: () => number;
}

/** The progress for a command; silent where standard error is no terminal that can be written over. */
export function createProgress({
  stderr,
  env,
  label,
  noun,
  quiet,
  now = performance.now.bind(performance),
}: ProgressOptions): Progress {
  if (quiet === true || !isTerminal(stderr) || env['TERM'] === 'dumb' || (env['CI'] ?? '') !== '') return SILENT;
  const started = now();
  let shown = -Infinity;
  return {
    update(done, total, bytes) {
      const time = now();
      if (time - started < AFTER_MS || time - shown < EVERY_MS) return;
      shown = time;
      const line = progressLine({ label, noun, done, total, bytes, ms: time - started });
      stderr.write(`\r\u001b[K${line.slice(0, columnsOf(stderr) - 1)}`);
    },
    end() {
      if (shown > 0) stderr.write('\r\u001b[K');
      shown = -Infinity;
    },
  };
}

/** What a line of progress says: how many, how much, how fast, how long it will take. */
function progressLine(at: {
  readonly label: string;
  readonly noun?: string | undefined;
  readonly done: number;
  readonly total?: number | undefined;
  readonly bytes?: number | Portion | undefined;
  /** Since the beginning. */
  readonly ms: number;
}): string {
  const { label, noun = 'files', done, total, bytes, ms } = at;
  const seconds = Math.max(ms, 1) / 1000;
  const count = total === undefined ? formatCount(done) : `${formatCount(done)} of ${formatCount(total)}`;
  const rate = Math.round(done / seconds);
  const parts = [`${label} ${count} ${noun}`];
  const known = typeof bytes === 'object' ? bytes : undefined;
  const doneBytes = typeof bytes === 'object' ? bytes.done : bytes;
  if (doneBytes !== undefined) {
    const of = known === undefined ? '' : ` of ${formatSize(known.total)}`;
    parts.push(`${formatSize(doneBytes)}${of}`, `${formatSize(Math.round(doneBytes / seconds))}/s`);
  }
  // Of large files it says nothing.
  if (rate > 0) parts.push(`${formatCount(rate)} ${noun}/s`);
  // What takes time is bytes, where it is known how many there are.
  const [part, whole] = known !== undefined && known.total > 0 ? [known.done, known.total] : [done, total];
  if (whole !== undefined && part > 0) parts.push(`${formatElapsed((Math.max(0, whole - part) / part) * ms)} left`);
  return parts.join(' · ');
}
