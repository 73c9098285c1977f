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

/** A file takes as long as so many bytes more. */
const FILE_COST = 65_536;

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
      const width = columnsOf(stderr) - 1;
      const line = progressLine({ label, noun, done, total, bytes, ms: time - started, width });
      stderr.write(`\r\u001b[K${line.slice(0, width)}`);
    },
    end() {
      if (shown > 0) stderr.write('\r\u001b[K');
      shown = -Infinity;
    },
  };
}

/** Lines of progress for work of several kinds, one after the other: each line begins when its kind of work does. */
export interface ProgressInTurns {
  /** The line of a kind of work; the line of another kind ends. */
  at(label: string, noun?: string): Progress;
  end(): void;
}

/** The lines of progress of a command that does one thing after the other. */
export function progressInTurns(options: Omit<ProgressOptions, 'label' | 'noun'>): ProgressInTurns {
  let now = { label: '', line: SILENT };
  return {
    at(label, noun) {
      if (label !== now.label) {
        now.line.end();
        now = { label, line: createProgress({ ...options, label, ...(noun === undefined ? {} : { noun }) }) };
      }
      return now.line;
    },
    end() {
      now.line.end();
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
  /** Columns. */
  readonly width: number;
}): string {
  const { label, noun = 'files', done, total, bytes, ms, width } = at;
  const seconds = Math.max(ms, 1) / 1000;
  const count = total === undefined ? formatCount(done) : `${formatCount(done)} of ${formatCount(total)}`;
  const rate = Math.round(done / seconds);
  const parts = [`${label} ${count} ${noun}`];
  const speeds: string[] = [];
  const known = typeof bytes === 'object' ? bytes : undefined;
  const doneBytes = typeof bytes === 'object' ? bytes.done : bytes;
  if (doneBytes !== undefined) {
    const of = known === undefined ? '' : ` of ${formatSize(known.total)}`;
    speeds.push(`${formatSize(Math.round(doneBytes / seconds))}/s`);
    parts.push(`${formatSize(doneBytes)}${of}`, ...speeds);
  }
  // Of large files it says nothing.
  if (rate > 0) {
    speeds.unshift(`${formatCount(rate)} ${noun}/s`);
    parts.push(...speeds.slice(0, 1));
  }
  // What takes time is bytes, where it is known how many there are; but thousands of small files take time, too.
  const weigh = (files: number, size: number): number => size + files * FILE_COST;
  const [part, whole] =
    known !== undefined && known.total > 0
      ? [weigh(done, known.done), weigh(total ?? done, known.total)]
      : [done, total];
  if (whole !== undefined && part > 0) parts.push(`${formatElapsed((Math.max(0, whole - part) / part) * ms)} left`);
  // A line that is cut off says something wrong: speeds are the first to go.
  for (const speed of speeds) if (parts.join(' · ').length > width) parts.splice(parts.indexOf(speed), 1);
  while (parts.length > 1 && parts.join(' · ').length > width) parts.pop();
  return parts.join(' · ');
}
