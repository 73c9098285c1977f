import type { NotDownloaded } from '../data/inputs/not-downloaded.ts';
import type { PointerStatus } from '../data/pointer-status.ts';
import type { PlannedStage } from '../event/event.ts';
import type { Reason } from '../event/reason.ts';
import { describeReason } from '../event/reason.ts';
import { isIdle, STATE_WORDS } from '../report/plan-state.ts';
import { list } from '../report/summary.ts';
import { clean, plural, shellWord } from '../report/words.ts';
import type { LostThing } from '../run/lost.ts';
import { NO_STAGES } from './engine-options.ts';
import type { SourceUpdate } from './source/updates.ts';
import type { StrayNote } from './stray-links.ts';

/** What became of tracked data, and how much of it never came here. */
export interface DataStatus extends PointerStatus {
  readonly lacking?: NotDownloaded | undefined;
  /** With `--pull`: what neither the cache nor a remote has of it. */
  readonly lost?: LostThing | undefined;
}

export function movedLines(updates: readonly SourceUpdate[]): string[] {
  return updates.flatMap(({ path, moved }) => {
    if (moved === false) return [];
    const what = moved === true ? 'has moved on' : 'does not tell whether it has moved on';
    return [`${clean(path)}: the source ${what} (pipe update)`];
  });
}

const DATA_WORDS = {
  modified: 'modified',
  deleted: 'is not on disk',
  uncached: 'is not in the cache',
  lost: 'is neither on disk nor in the cache',
  pending: 'was never downloaded',
} as const satisfies Record<Exclude<PointerStatus['state'], 'unchanged'>, string>;

/** What to do about it; of what was modified that is for the user to say. */
const DATA_COMMANDS = { deleted: 'checkout', uncached: 'commit', lost: 'pull', pending: 'pull' } as const;

interface Described {
  readonly stages: readonly PlannedStage[];
  readonly changed: readonly PlannedStage[];
  readonly data: readonly DataStatus[];
  /** What of the data counts as changed. */
  readonly different: readonly DataStatus[];
}

interface DescribeOptions {
  /** Lines that follow. */
  readonly also: readonly string[];
  readonly isDoubtful: boolean;
  /** How a path of the project is written for a command that is run where this one was. */
  readonly shown: (path: string) => string;
}

/** Not everything is up to date where a source has moved on or does not answer, or a link leads nowhere. */
export function describeAll(described: Described, { also, isDoubtful, shown }: DescribeOptions): string {
  const text = describe(described, shown);
  const told =
    also.length === 0 && !isDoubtful ? text : text.replace(/^Everything is up to date/m, 'Nothing changed here');
  return [told, ...also].join('\n');
}

export function strayLines({ message, hint }: StrayNote): string[] {
  return [message, `  hint: ${hint}`];
}

function describe({ stages, changed, data, different }: Described, shown: DescribeOptions['shown']): string {
  const lines = different.flatMap((each) => [`${clean(each.pointer)}:`, dataLine(each, shown)]);
  if (lines.length > 0) return [...(stages.length === 0 ? [] : [describeStages(stages, changed)]), ...lines].join('\n');
  if (stages.length === 0)
    return data.length === 0 ? NO_STAGES : `Everything is up to date: ${plural(data.length, 'pointer')}.`;
  return describeStages(stages, changed);
}

/** What is different of tracked data, a line each. */
export function dataLines(different: readonly DataStatus[], shown: DescribeOptions['shown']): string[] {
  return different.map((each) => dataLine(each, shown).trim());
}

function dataLine(data: DataStatus, shown: DescribeOptions['shown']): string {
  const { path, state, lacking, lost } = data;
  if (lost !== undefined)
    return `  ${clean(path)}: ${plural(lost.objects, 'object')} of it in neither the cache nor ${clean(lost.remote ?? 'a remote')}`;
  const word = state === 'unchanged' ? '' : DATA_WORDS[state];
  const name = shellWord(shown(path));
  if (lacking === undefined) {
    if (state === 'unchanged' || state === 'modified') return `  ${clean(path)} ${word}`;
    if (state === 'lost' && data.isOnlyHere === true) return `  ${clean(path)} ${word}`;
    const command = state === 'uncached' && data.isFixed === true ? 'fetch' : DATA_COMMANDS[state];
    return `  ${clean(path)} ${word} (pipe ${command} ${name})`;
  }
  const lack = lackText(lacking, name);
  return lacking.isAll ? `  ${clean(path)}: ${lack}` : `  ${clean(path)} ${word}, ${lack}`;
}

/** What is not in place, and how it comes, as far as it can. */
function lackText({ count, isAtMost, isCached, gone }: NotDownloaded, name: string): string {
  const away = (files: number): string => `${plural(files, 'file')} not checked out (pipe checkout ${name})`;
  const upTo = isAtMost ? 'up to ' : '';
  if (isCached) return away(count);
  if (gone === undefined) return `${upTo}${plural(count, 'file')} not downloaded (pipe pull ${name})`;
  const lost = `${upTo}${plural(gone, 'file')} missing from the cache`;
  return gone === count ? lost : `${lost}, ${away(count - gone)}`;
}

export function dataJson({ lacking, lost, path, pointer, state }: DataStatus): unknown {
  return {
    path,
    pointer,
    state,
    ...(lacking === undefined ? {} : { notDownloaded: lacking.count, inCache: lacking.isCached }),
    ...(lost === undefined ? {} : { missing: lost.objects }),
  };
}

function describeStages(stages: readonly PlannedStage[], changed: readonly PlannedStage[]): string {
  const idle = { 'up to date': 0, frozen: 0, skipped: 0 };
  for (const { state } of stages) if (isIdle(state)) idle[STATE_WORDS[state]] += 1;
  if (changed.length === 0) {
    const apart = list(idle, ['frozen', 'skipped']);
    return `Everything is up to date: ${plural(stages.length, 'stage')}${apart === '' ? '' : ` (${apart})`}.`;
  }
  const lines = changed.flatMap(({ stage, state, reasons }) => [
    `${clean(stage)}: ${STATE_WORDS[state]}`,
    ...reasons.map((reason) => `  ${clean(describeReason(reason))}`),
  ]);
  const rest = list(idle, ['up to date', 'frozen', 'skipped']);
  return [...lines, ...(rest === '' ? [] : [`${rest}.`])].join('\n');
}

export function statusJson({ stage, state, reasons, from, expectedMs }: PlannedStage): unknown {
  return {
    stage,
    state,
    reasons: reasons.map(reasonJson),
    ...(from === undefined ? {} : { from }),
    ...(expectedMs === undefined ? {} : { expectedMs: Math.round(expectedMs) }),
  };
}

function reasonJson(reason: Reason): unknown {
  return { ...reason, text: describeReason(reason) };
}
