import type { StageEndEvent } from '../event/event.ts';
import { padEnd, truncate } from '../kit/width.ts';
import { renderProblem } from '../problem/render.ts';
import { formatDuration } from './duration.ts';
import { failureLines } from './failure.ts';
import type { Entry } from './state.ts';
import { styleFor } from './style.ts';
import { clean, downloadedText, reasonsText, recordedLines, restoredText } from './words.ts';

export interface EntryOptions {
  readonly color: boolean;
  readonly columns: number;
  readonly nameWidth: number;
}

const DURATION_WIDTH = 7;

/** What stays on a terminal of something that happened: one line, and for a failure what lies behind it. */
export function entryText(entry: Entry, options: EntryOptions): string {
  return entryLines(entry, options).join('\n');
}

function entryLines(entry: Entry, options: EntryOptions): string[] {
  const { color, columns } = options;
  const style = styleFor(color);
  switch (entry.type) {
    case 'stage-end':
      return stageLines(entry, options);
    case 'stage-retry': {
      const when = `attempt ${entry.attempt} failed, trying again in ${formatDuration(entry.delayMs)}`;
      const problem = renderProblem(entry.problem, { color, columns: columns - 2 }).split('\n');
      return [`${style.yellow('↻')} ${style.bold(clean(entry.stage))}  ${when}`, ...problem.map((line) => `  ${line}`)];
    }
    case 'downloaded': {
      const stage = entry.stage === undefined ? '' : `${style.bold(clean(entry.stage))}  `;
      return [`${style.cyan('↓')} ${stage}${downloadedText(entry)}`];
    }
    case 'recorded': {
      const [text = '', ...more] = recordedLines(entry);
      return [`${style.cyan('+')} ${text}`, ...more.map((line) => `  ${line}`)];
    }
    case 'notice': {
      const stage = entry.stage === undefined ? '' : `${style.bold(clean(entry.stage))}  `;
      const hint = entry.hint === undefined ? [] : [`  ${style.cyan('hint:')} ${clean(entry.hint)}`];
      return [`${style.yellow('!')} ${stage}${clean(entry.message)}`, ...hint];
    }
  }
}

function stageLines(event: StageEndEvent, { color, columns, nameWidth }: EntryOptions): string[] {
  const style = styleFor(color);
  const width = Math.min(nameWidth, widestName(columns));
  const name = padEnd(truncate(clean(event.stage), width), width);
  const took = formatDuration(event.durationMs).padStart(DURATION_WIDTH);
  const room = Math.max(10, columns - width - DURATION_WIDTH - 7);
  const line = (mark: string, text: string): string =>
    `${mark} ${style.bold(name)}  ${style.dim(took)}  ${truncate(text, room)}`.trimEnd();
  switch (event.outcome) {
    case 'restored': {
      return [line(style.cyan('↺'), `restored${restoredText(event)}`)];
    }
    case 'failed':
      return [line(style.red('✗'), 'failed'), ...failureLines(event, { color, style, columns, tail: true })];
    case 'cancelled':
      return [line(style.yellow('■'), 'cancelled')];
    default:
      return [line(style.green('✓'), reasonsText(event.reasons))];
  }
}

/** Columns that names may take beside what is said about them. */
export function widestName(columns: number): number {
  return Math.max(8, Math.min(32, Math.floor(columns / 3)));
}
