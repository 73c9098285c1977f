import { stripVTControlCharacters } from 'node:util';
import type { RunEndEvent, StageOutcome } from '../event/event.ts';
import { displayWidth } from '../kit/width.ts';
import { formatDuration } from './duration.ts';
import type { Style } from './style.ts';
import type { Tally } from './tally.ts';
import { amountOf, clean, plural } from './words.ts';

export interface SummaryOptions {
  readonly end: RunEndEvent;
  readonly tally: Tally;
  readonly style: Style;
  readonly columns: number;
  /** Also name what was run and restored: where their lines are spread among output. */
  readonly recap: boolean;
}

/** Outcomes in the order of the sentence: what needs attention first. */
const ORDER: readonly StageOutcome[] = [
  'failed',
  'blocked',
  'cancelled',
  'ran',
  'restored',
  'fresh',
  'frozen',
  'skipped',
];
const NAMED: readonly StageOutcome[] = ['ran', 'restored', 'skipped', 'cancelled', 'blocked', 'failed'];
const LABEL_WIDTH = 11;
const MOST_LINES = 3;

/** What a run came to, in a few lines; the last one says all of it in a sentence. The same words in every report. */
export function summaryLines(options: SummaryOptions): string[] {
  const { tally, recap } = options;
  const groups = NAMED.filter((outcome) => recap || (outcome !== 'ran' && outcome !== 'restored'))
    .filter((outcome) => tally.names[outcome] !== undefined)
    .flatMap((outcome) => namesLines(outcome, options));
  const words = sentence(options).split(' ');
  return [...groups, ...wrapped(words, { room: options.columns, between: ' ' }).map((line) => line.join(' '))];
}

function sentence({ end, tally, style }: SummaryOptions): string {
  const { counts } = end;
  const all = ORDER.reduce((sum, outcome) => sum + counts[outcome], 0);
  const took = formatDuration(end.durationMs);
  const idle = counts.fresh + counts.frozen + counts.skipped;
  if (end.ok && idle === all) {
    return `${upToDate(all, list(counts, ['frozen', 'skipped']), style.green)}${downloadedSentence(end)}`;
  }
  const saved = tally.savedMs >= 50 ? ` Restoring saved ${formatDuration(tally.savedMs)}.` : '';
  const facts = `${list(counts, ORDER)}.${saved}${downloadedSentence(end)}`;
  if (end.ok && counts.failed === 0) return `${style.green('Done')} in ${took}: ${facts}`;
  if (counts.failed > 0) return `${style.red(end.ok ? 'Done with failures' : 'Failed')} after ${took}: ${facts}`;
  return `${style.yellow('Stopped')} after ${took}: ${facts}`;
}

function downloadedSentence({ downloaded }: RunEndEvent): string {
  if (downloaded === undefined || downloaded.objects === 0) return '';
  return ` Downloaded ${amountOf(downloaded)}.`;
}

/** The sentence for stages of which none needs to run; `apart` names those that are not simply fresh. */
export function upToDate(stages: number, apart: string, paint: (text: string) => string): string {
  if (stages === 0) return 'There are no stages to run.';
  const aside = apart === '' ? '' : ` (${apart})`;
  return `${paint('Everything is up to date')}: ${plural(stages, 'stage')}, nothing to run${aside}.`;
}

/** `2 ran, 1 restored`: what there is of each. */
export function list<K extends string>(counts: Readonly<Record<K, number>>, order: readonly K[]): string {
  return order
    .filter((each) => counts[each] > 0)
    .map((each) => `${counts[each]} ${each}`)
    .join(', ');
}

/** `  failed     train, publish`, broken between names; past three lines they are counted. */
function namesLines(outcome: StageOutcome, { tally, style, columns }: SummaryOptions): string[] {
  const names = (tally.names[outcome] ?? []).map(clean);
  const paint = outcome === 'failed' ? style.red : outcome === 'ran' ? style.green : style.dim;
  const lines = wrapped(names, { room: Math.max(20, columns - LABEL_WIDTH - 2), between: ', ' });
  const shown = lines.length > MOST_LINES ? lines.slice(0, MOST_LINES - 1) : lines;
  const more = names.length - shown.flat().length;
  const texts = shown.map((line, index) => {
    const isLast = more === 0 && index === shown.length - 1;
    return line.join(', ') + (isLast ? '' : ',');
  });
  if (more > 0) texts.push(`and ${more} more`);
  return texts.map(
    (text, index) => `  ${index === 0 ? paint(outcome.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)}${text}`,
  );
}

/** Words line by line, as many as fit into `room` columns with `between` between them. */
function wrapped(words: readonly string[], { room, between }: { room: number; between: string }): string[][] {
  const lines: string[][] = [];
  let width = Infinity;
  for (const word of words) {
    const more = displayWidth(stripVTControlCharacters(word));
    if (width + more > room) {
      lines.push([]);
      width = 0;
    }
    lines.at(-1)?.push(word);
    width += more + between.length;
  }
  return lines;
}
