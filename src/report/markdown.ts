import { stripVTControlCharacters } from 'node:util';
import type { Event, PlannedStage, RunEndEvent, StageEndEvent, StageOutcome } from '../event/event.ts';
import { describeReason } from '../event/reason.ts';
import type { Reason } from '../event/reason.ts';
import { truncate } from '../kit/width.ts';
import { formatDuration } from './duration.ts';
import { isIdle, STATE_WORDS } from './plan-state.ts';
import { list } from './summary.ts';
import { amountOf, clean, recordedLines } from './words.ts';

/** What happened, in Markdown for a comment of a merge request. */
export interface MarkdownSummary {
  readonly emit: (event: Event) => void;
  /** The summary of the run, or, without one, of the plan; no line end at its end. */
  readonly text: () => string;
}

/** Outcomes that get a row, what needs attention first. */
const ROWS: readonly StageOutcome[] = ['failed', 'cancelled', 'ran', 'restored', 'blocked'];
const ALL: readonly StageOutcome[] = [...ROWS, 'fresh', 'frozen', 'skipped'];

/** A comment has an end, on GitHub after 65,536 characters. */
const MOST_ROWS = 100;
const MOST_REASONS = 3;
const LONGEST_REASON = 100;
const LONGEST_PROBLEM = 500;

/** Gathers the events of a run for a summary. */
export function markdownSummary(): MarkdownSummary {
  let plan: readonly PlannedStage[] = [];
  const ends: StageEndEvent[] = [];
  const notices: string[] = [];
  let end: RunEndEvent | undefined;
  return {
    emit(event) {
      if (event.type === 'plan') plan = event.stages;
      else if (event.type === 'stage-end') ends.push(event);
      else if (event.type === 'notice') notices.push(event.message);
      else if (event.type === 'recorded') notices.push(recordedLines({ ...event, isStaged: true })[0] ?? '');
      else if (event.type === 'run-end') end = event;
    },
    text: () => (end === undefined ? planMarkdown(plan) : runMarkdown({ ends, end, notices })),
  };
}

/** What a plan does not say of stages. */
interface BesidePlan {
  /** What has changed beside them. */
  readonly changed?: readonly string[];
  /** What is worth knowing. */
  readonly notes?: readonly string[];
}

/** What a run would do. */
export function planMarkdown(stages: readonly PlannedStage[], { changed = [], notes = [] }: BesidePlan = {}): string {
  const counts: Record<string, number> = {};
  for (const { state } of stages) counts[STATE_WORDS[state]] = (counts[STATE_WORDS[state]] ?? 0) + 1;
  const rows = stages
    .filter(({ state }) => !isIdle(state))
    .map(({ stage, state, reasons }) => [code(stage), STATE_WORDS[state], reasonsCell(reasons)]);
  const head = `**${rows.length + changed.length === 0 ? 'Everything is up to date' : 'Changed'}**: ${list<string>(counts, Object.values(STATE_WORDS)) || 'no stages'}.`; // prettier-ignore
  return paragraphs([head, table(['Stage', 'State', 'Why'], rows), quoted([...changed, ...notes])]);
}

interface Run {
  readonly ends: readonly StageEndEvent[];
  readonly end: RunEndEvent;
  readonly notices: readonly string[];
}

function runMarkdown({ ends, end, notices }: Run): string {
  const rows = ROWS.flatMap((outcome) => ends.filter((each) => each.outcome === outcome)).map((each) => [
    code(each.stage),
    outcomeCell(each),
    each.outcome === 'blocked' ? '' : formatDuration(each.durationMs),
    reasonsCell(each.reasons),
  ]);
  return paragraphs([
    headline(end),
    table(['Stage', 'Outcome', 'Time', 'Why'], rows),
    ...ends.flatMap(failure),
    quoted(notices),
  ]);
}

/** Comments on merge requests take some 60 KB. */
const MOST_NOTES = 50;

function quoted(all: readonly string[]): string {
  const more = all.length - MOST_NOTES;
  const notes = more > 0 ? [...all.slice(0, MOST_NOTES), `and ${String(more)} more`] : all;
  return notes.map((note) => `> ${code(truncate(clean(note), LONGEST_PROBLEM))}`).join('\n>\n');
}

function headline({ ok, counts, durationMs, downloaded }: RunEndEvent): string {
  const isIdle = counts.fresh + counts.frozen + counts.skipped === ALL.reduce((sum, each) => sum + counts[each], 0);
  const word = !ok ? 'Failed' : isIdle ? 'Everything is up to date' : 'Done';
  const came = downloaded === undefined || downloaded.objects === 0 ? '' : ` Downloaded ${amountOf(downloaded)}.`;
  return `**${word}** in ${formatDuration(durationMs)}: ${list(counts, ALL) || 'no stages'}.${came}`;
}

function outcomeCell({ outcome, savedMs, from }: StageEndEvent): string {
  if (outcome === 'failed') return '**failed**';
  if (outcome !== 'restored') return outcome;
  const where = from === undefined ? '' : ` from ${code(from)}`;
  return `restored${where}${savedMs === undefined ? '' : `, saved ${formatDuration(savedMs)}`}`;
}

/** Why a stage failed, with the last lines that it printed folded away. */
function failure({ stage, problem, tail = [] }: StageEndEvent): string[] {
  if (problem === undefined) return [];
  const message = `${code(stage)}: ${code(truncate(clean(problem.message), LONGEST_PROBLEM))}`;
  if (tail.length === 0) return [message];
  const lines = tail.map((line) => truncate(clean(stripVTControlCharacters(line)), LONGEST_PROBLEM));
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([ticks]) => ticks.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${message}\n\n<details><summary>Output</summary>\n\n${fence}text\n${lines.join('\n')}\n${fence}\n\n</details>`]; // prettier-ignore
}

function reasonsCell(reasons: readonly Reason[]): string {
  const shown = reasons.slice(0, MOST_REASONS).map((each) => code(truncate(clean(describeReason(each)), LONGEST_REASON))); // prettier-ignore
  const more = reasons.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${String(more)} more`] : [])].join('<br>');
}

/** Names of others as code: nothing in them formats, links or mentions anybody. */
function code(text: string): string {
  return `\`${clean(text).replaceAll('`', '’')}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  const lines = [header, header.map(() => '---'), ...rows.slice(0, MOST_ROWS)].map(line);
  const more = rows.length - MOST_ROWS;
  return [...lines, ...(more > 0 ? ['', `and ${String(more)} more`] : [])].join('\n');
}

function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}
