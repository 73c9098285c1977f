import { truncate } from '../kit/width.ts';
import { formatBytes } from './bytes.ts';
import { formatElapsed } from './duration.ts';
import type { Environment } from './style.ts';
import { columnsOf, isTerminal } from './style.ts';

/** One line on a terminal that says how far something is. */
export interface Progress {
  /** `done` of `total` in the unit that is counted; `bytes` as far as they went, when they are not what is counted. */
  update(done: number, total?: number, bytes?: number): void;
  /** Takes the line away. */
  end(): void;
}

export interface ProgressOptions {
  readonly stderr: NodeJS.WritableStream;
  readonly env: Environment;
  /** What is being done: `Checking`. */
  readonly label: string;
  /** Whether bytes are what is counted. */
  readonly inBytes?: boolean;
  /** Whether to say nothing, as with `--quiet` and `--json`. */
  readonly quiet?: boolean;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

/** What takes less is over before it could be read. */
const DELAY_MS = 300;
const EVERY_MS = 100;
/** A rate is worth telling after so long. */
const SETTLED_MS = 1_000;

const CLEAR = '\r\u001b[K';

/** Shows nothing where standard error is no terminal. */
export function createProgress(options: ProgressOptions): Progress {
  const { stderr, env, now = () => performance.now(), quiet = false } = options;
  if (quiet || !isTerminal(stderr) || env['TERM'] === 'dumb') return { update: () => undefined, end: () => undefined };
  const started = now();
  let shown = started + DELAY_MS - EVERY_MS;
  let isShown = false;
  return {
    update(done, total, bytes) {
      const at = now();
      if (at - shown < EVERY_MS) return;
      shown = at;
      isShown = true;
      const line = progressLine({ ...options, done, total, bytes, elapsedMs: at - started });
      stderr.write(`${CLEAR}${truncate(line, columnsOf(stderr) - 1)}`);
    },
    end() {
      if (isShown) stderr.write(CLEAR);
      isShown = false;
    },
  };
}

interface Line extends Pick<ProgressOptions, 'label' | 'inBytes'> {
  readonly done: number;
  readonly total: number | undefined;
  readonly bytes: number | undefined;
  readonly elapsedMs: number;
}

function progressLine({ label, inBytes = false, done, total, bytes, elapsedMs }: Line): string {
  const amount = (count: number): string => (inBytes ? formatBytes(count) : count.toLocaleString('en-US'));
  const parts = [total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`];
  if (total !== undefined && total > 0) parts.push(`${Math.floor((100 * done) / total)} %`);
  if (bytes !== undefined) parts.push(formatBytes(bytes));
  if (elapsedMs >= SETTLED_MS) {
    const counted = inBytes ? done : bytes;
    if (counted !== undefined) parts.push(`${formatBytes((1000 * counted) / elapsedMs)}/s`);
    if (total !== undefined && done > 0) parts.push(`${formatElapsed((elapsedMs * (total - done)) / done)} left`);
  }
  return `${label}: ${parts.join(', ')}`;
}
