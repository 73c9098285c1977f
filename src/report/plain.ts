import type { Event, PlanEvent, StageEndEvent, StageProgressEvent } from '../event/event.ts';
import { renderProblem } from '../problem/render.ts';
import { formatDuration } from './duration.ts';
import { failureLines } from './failure.ts';
import { outputLine } from './output.ts';
import type { Report } from './report.ts';
import { isTerminal, styleFor } from './style.ts';
import type { Style } from './style.ts';
import { list, summaryLines } from './summary.ts';
import { EMPTY_TALLY, tallied } from './tally.ts';
import type { Tally } from './tally.ts';
import { clean, downloadedText, plural, reasonsText, recordedLines, restoredText } from './words.ts';
import { createWriter } from './writer.ts';
import type { Writer } from './writer.ts';

export interface PlainOptions {
  readonly stdout: NodeJS.WritableStream;
  /** Problems of stages go here. */
  readonly stderr: NodeJS.WritableStream;
  readonly color: boolean;
  readonly columns?: number | undefined;
  /** Print problems only. */
  readonly quiet?: boolean | undefined;
  /** Also name each stage that needs nothing, and give every reason. */
  readonly verbose?: boolean | undefined;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Progress of one stage is printed no more often than this, and not in its first moments. */
const PROGRESS_EVERY_MS = 10_000;

/** A run as lines, for pipes, files and CI: each one names its stage, so that parallel stages can be told apart. */
export function plainReport(options: PlainOptions): Report {
  const printer = new PlainPrinter(options);
  return {
    emit: (event) => {
      printer.print(event);
    },
    flush: () => {
      printer.flush();
    },
    finish: () => printer.end(),
  };
}

class PlainPrinter {
  private readonly options: PlainOptions;
  private readonly style: Style;
  private readonly columns: number;
  private readonly out: Writer;
  private tally: Tally = EMPTY_TALLY;
  private plan: ReadonlyMap<string, PlanEvent['stages'][number]> = new Map();
  private readonly progressAt = new Map<string, number>();
  /** What was noted, while nothing but problems is printed. */
  private readonly notices: Extract<Event, { type: 'notice' }>[] = [];
  /** Stages whose reason was given when they started. */
  private readonly explained = new Set<string>();
  /** The stage whose output stands last, and how many lines of it. */
  private last = { stage: '', lines: 0 };

  constructor(options: PlainOptions) {
    this.options = options;
    this.style = styleFor(options.color);
    this.columns = options.columns ?? 100;
    this.out = createWriter(options.stdout);
  }

  print(event: Event): void {
    if (this.options.quiet) {
      this.printQuietly(event);
      return;
    }
    switch (event.type) {
      case 'plan':
        this.planned(event);
        return;
      case 'stage-start':
        this.progressAt.set(event.stage, this.options.now());
        this.stageLine(event.stage, this.startText(event));
        return;
      case 'stage-output':
        this.output(event.stage, event.line);
        return;
      case 'stage-progress':
        this.progress(event);
        return;
      case 'stage-retry':
        this.stageLine(
          event.stage,
          `${this.style.yellow(`attempt ${event.attempt} failed`)}, trying again in ${formatDuration(event.delayMs)}`,
        );
        this.lines(renderProblem(event.problem, { ...this.options, columns: this.columns - 2 }).split('\n'), '  ');
        return;
      case 'stage-end':
        this.stageEnd(event);
        return;
      case 'download':
        return;
      case 'downloaded':
        if (event.stage === undefined) this.lines([downloadedText(event)]);
        else this.stageLine(event.stage, downloadedText(event));
        return;
      case 'recorded':
        this.lines(recordedLines(event));
        return;
      case 'notice':
        this.notice(event);
        return;
      case 'run-end': {
        const { style, columns, tally } = this;
        const lines = summaryLines({ end: event, tally, style, columns, recap: true });
        const alone = event.counts.fresh + event.counts.frozen + event.counts.skipped === this.plan.size;
        this.lines(alone ? lines : ['', ...lines]);
      }
    }
  }

  /** What goes wrong, and where no stage does, what was noted: the run failed by that. */
  private printQuietly(event: Event): void {
    if (event.type === 'notice') this.notices.push(event);
    if (event.type === 'stage-end' && event.outcome === 'failed') this.failed(event);
    if (event.type !== 'run-end' || event.ok) return;
    const { failed, blocked, cancelled } = event.counts;
    if (failed + blocked + cancelled > 0) return;
    for (const { message, hint, stage } of this.notices) {
      const who = stage === undefined ? '' : `${this.style.bold(clean(stage))}: `;
      this.options.stderr.write(`${who}${clean(message)}\n`);
      if (hint !== undefined) this.options.stderr.write(`  ${this.style.cyan('hint:')} ${clean(hint)}\n`);
    }
  }

  flush(): void {
    this.out.flush();
  }

  end(): Promise<void> {
    return this.out.end();
  }

  private planned({ stages, jobs }: PlanEvent): void {
    this.plan = new Map(stages.map((each) => [each.stage, each]));
    const counts = { 'to run': 0, 'may run': 0, 'to restore': 0, fresh: 0, frozen: 0, skipped: 0 };
    const names = { run: 'to run', 'may-run': 'may run', restore: 'to restore', skip: 'skipped' } as const;
    for (const { state } of stages) counts[state === 'fresh' || state === 'frozen' ? state : names[state]] += 1;
    if (counts['to run'] + counts['may run'] + counts['to restore'] === 0) return;
    const order = Object.keys(counts) as (keyof typeof counts)[];
    this.lines([`${plural(stages.length, 'stage')}: ${list(counts, order)}; ${plural(jobs, 'job')}`]);
  }

  private startText({ stage, attempt, reasons }: Extract<Event, { type: 'stage-start' }>): string {
    if (attempt > 1) return `running again, attempt ${attempt}`;
    // That another stage runs first was a reason for the plan; what it means for this one shows at its end.
    const known = reasons ?? this.plan.get(stage)?.reasons.filter(({ kind }) => kind !== 'upstream') ?? [];
    if (known.length === 0) return 'running';
    this.explained.add(stage);
    return `running, ${reasonsText(known, this.options)}`;
  }

  private output(stage: string, line: string): void {
    if (this.last.stage !== stage) this.last = { stage, lines: 0 };
    this.last.lines += 1;
    const prefix = `${this.style.cyan(clean(stage))} ${this.style.dim('│')}`;
    this.out.write(`${prefix} ${outputLine(line, this.options)}`.trimEnd() + '\n');
  }

  private progress({ stage, fraction, message }: StageProgressEvent): void {
    const now = this.options.now();
    if (now - (this.progressAt.get(stage) ?? now) < PROGRESS_EVERY_MS) return;
    this.progressAt.set(stage, now);
    const percent = fraction === undefined ? [] : [`${Math.floor(fraction * 100)}%`];
    const text = [...percent, ...(message === undefined ? [] : [clean(message)])].join(', ');
    if (text !== '') this.stageLine(stage, text);
  }

  private stageEnd(event: StageEndEvent): void {
    this.tally = tallied(this.tally, event);
    this.progressAt.delete(event.stage);
    const { style } = this;
    const took = formatDuration(event.durationMs);
    switch (event.outcome) {
      case 'ran':
        this.stageLine(event.stage, `${style.green('done')} in ${took}${this.lateReason(event)}`);
        return;
      case 'restored': {
        this.stageLine(event.stage, `${style.cyan('restored')} in ${took}${restoredText(event)}`);
        return;
      }
      case 'failed':
        this.failed(event);
        return;
      case 'cancelled':
        if (event.durationMs > 0) this.stageLine(event.stage, `${style.yellow('cancelled')} after ${took}`);
        return;
      case 'fresh':
      case 'frozen':
      case 'skipped':
      case 'blocked':
        if (this.options.verbose) this.stageLine(event.stage, style.dim(event.outcome));
    }
  }

  private lateReason({ stage, reasons }: StageEndEvent): string {
    return reasons.length === 0 || this.explained.has(stage) ? '' : `, ${reasonsText(reasons, this.options)}`;
  }

  /** To standard error, after all that happened before it has been written. */
  private failed(event: StageEndEvent): void {
    const { color, stdout, stderr } = this.options;
    const { style, columns } = this;
    const tail = event.tail ?? [];
    // One of the two may go to a file: then the lines above are not above.
    const together = isTerminal(stdout) === isTerminal(stderr);
    const standsAbove = together && this.last.stage === event.stage && this.last.lines >= tail.length;
    const head = `${style.bold(clean(event.stage))}: ${style.red('failed')} after ${formatDuration(event.durationMs)}`;
    const lines = [head, ...failureLines(event, { color, style, columns, tail: !standsAbove })];
    this.last = { stage: '', lines: 0 };
    this.out.flush();
    stderr.write(`${lines.join('\n')}\n`);
  }

  private notice({ message, hint, stage }: Extract<Event, { type: 'notice' }>): void {
    const text = `${this.style.yellow('note:')} ${clean(message)}`;
    if (stage === undefined) this.lines([text]);
    else this.stageLine(stage, text);
    if (hint !== undefined) this.lines([`${this.style.cyan('hint:')} ${clean(hint)}`], '  ');
  }

  private stageLine(stage: string, text: string): void {
    this.lines([`${this.style.bold(clean(stage))}: ${text}`]);
  }

  private lines(lines: readonly string[], indent = ''): void {
    this.last = { stage: '', lines: 0 };
    for (const line of lines) this.out.write(`${indent}${line}\n`);
  }
}
