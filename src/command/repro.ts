import { createInterface } from 'node:readline';
import type { Event, PlanEvent } from '../event/event.ts';
import type { Graph } from '../graph/graph.ts';
import { createReport } from '../report/create.ts';
import { dataLines, renderPlan } from '../report/plan.ts';
import { clean } from '../report/words.ts';
import type { Report } from '../report/report.ts';
import { columnsOf, wantsColor } from '../report/style.ts';
import { PipeError } from '../problem/problem.ts';
import { openEngine } from '../run/engine.ts';
import type { ReproOptions } from '../run/repro.ts';
import { repro } from '../run/repro.ts';
import type { Confirm } from '../run/stage-options.ts';
import type { Context, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { NO_STAGES, SELECTION_OPTIONS, capacityOf, selectedStages } from './engine-options.ts';
import { inputsOf } from './inputs-of.ts';
import type { LoadedProject } from './load-project.ts';
import { graphOf, loadProject, tellUnreadable } from './load-project.ts';
import { pulling } from './run-sources.ts';

const REPRO_OPTIONS = {
  ...SELECTION_OPTIONS,
  force: { type: 'boolean', short: 'f', help: 'run the stages even if nothing changed' },
  interactive: { type: 'boolean', short: 'i', help: 'ask before each stage' },
  jobs: { type: 'string', short: 'j', value: 'N', help: 'run up to N stages at once (default: the cores)' },
  'keep-going': { type: 'boolean', short: 'k', help: 'after a failure, run what does not need the failed stage' },
  'ignore-errors': { type: 'boolean', help: 'after a failure, run everything else' },
  'force-downstream': { type: 'boolean', help: 'run what needs a stage that ran, even if it did not change' },
  dry: { type: 'boolean', help: 'only say what would happen' },
  'no-commit': { type: 'boolean', help: 'do not put outs into the cache' },
  'no-run-cache': { type: 'boolean', help: 'run stages although their outs could be restored' },
  'allow-missing': { type: 'boolean', help: 'take missing files for unchanged' },
  pull: { type: 'boolean', help: 'download what is missing and needed, run records included' },
  md: { type: 'boolean', help: 'print a summary in Markdown; what happens goes to standard error' },
  against: { type: 'string', value: 'REV', help: 'with --md: compare metrics with this revision (default: HEAD)' },
  remote: { type: 'string', short: 'r', value: 'NAME', help: 'with --pull: this remote instead of the default one' },
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Targets are stages, groups, pipeline files or outs; without any, the pipeline file of this folder.\n' +
    'With --json, events are printed as they happen, one JSON document a line (docs/events.md).',
  options: REPRO_OPTIONS,
  async run(context, { positionals, options, global }): Promise<Outcome> {
    checkTogether(options, global.json);
    const loaded = loadProject(context);
    tellUnreadable(loaded);
    const graph = graphOf(loaded);
    const { project } = loaded;
    if (graph.stages.size + positionals.length === 0 && !global.json) return { text: NO_STAGES };
    const selected = selectedStages({ project, graph, context }, positionals, options);
    const wanted = { ...reproOptions(options), selected, capacity: capacityOf(project, jobsOf(options)) };
    const { signal, forceSignal } = context;
    if (options.dry === true && !global.json)
      return dryRun(context, { loaded, graph, verbose: global.verbose, options }, wanted);
    const isMarkdown = options.md === true;
    // Before a pointer changes: a remote that is named and not there is nothing to run with.
    if (options.pull === true) (await import('../remote/open-remote.ts')).usualRemote(project.config, options.remote);
    const late =
      options.pull === true && options.dry !== true ? await pullLate({ loaded, graph, context, global }, selected) : [];
    const summary = isMarkdown ? await openSummary(context, options.against) : undefined;
    const report = await createReport({
      mode: global.json ? 'json' : options.interactive === true || isMarkdown ? 'plain' : 'auto',
      quiet: global.quiet,
      verbose: global.verbose,
      stdout: isMarkdown ? context.stderr : context.stdout,
      stderr: context.stderr,
      env: context.env,
    });
    const questions = options.interactive === true ? asker(context, report) : undefined;
    try {
      const emit = (event: Event): void => {
        report.emit(event);
        summary?.emit(event);
        if (event.type === 'plan') late.splice(0).forEach(emit);
      };
      const engine = await openEngine({ project, graph, env: context.env, emit });
      const inputs = inputsOf(engine, loaded, { selected, signal });
      const result = await pulling({ engine, loaded, context, options }, selected, (source) =>
        repro(engine, { ...wanted, ...questions, source, inputs, signal, forceSignal }),
      );
      return { exit: result.ok ? 0 : 1, ...(summary === undefined ? {} : { text: await summary.text() }) };
    } finally {
      questions?.close();
      await report.finish();
    }
  },
});

type Options = OptionValues<typeof REPRO_OPTIONS>;
type Wanted = Omit<ReproOptions, 'signal' | 'forceSignal'>;

function reproOptions(options: Options): Omit<Wanted, 'selected' | 'capacity'> {
  return {
    mode: options['ignore-errors'] === true ? 'ignore' : options['keep-going'] === true ? 'keep-going' : 'stop',
    force: options.force === true,
    dry: options.dry === true,
    allowMissing: options['allow-missing'] === true,
    noCommit: options['no-commit'] === true,
    noRestore: options['no-run-cache'] === true,
    forceDownstream: options['force-downstream'] === true,
  };
}

/** @throws {PipeError} PIPE_USAGE for flags that mean something with others only, or exclude each other */
function checkTogether(options: Options, isJson: boolean): void {
  const refuse = (message: string): never => {
    throw new PipeError({ code: 'PIPE_USAGE', message });
  };
  if (options.remote !== undefined && options.pull !== true) refuse('--remote goes with --pull');
  if (options.against !== undefined && options.md !== true) refuse('--against goes with --md');
  if (options.md === true && isJson) refuse('--md and --json exclude each other');
}

interface Summary {
  readonly emit: (event: Event) => void;
  readonly text: () => Promise<string>;
}

/** A summary of what is going to happen, and of what it does to metrics. */
async function openSummary(context: Context, against: string | undefined): Promise<Summary> {
  const { markdownSummary } = await import('../report/markdown.ts');
  const { metricsMarkdown } = await import('./metrics-markdown.ts');
  const metrics = await metricsMarkdown(context, against);
  const { emit, text } = markdownSummary();
  return { emit, text: async () => [text(), await metrics()].filter((part) => part !== '').join('\n\n') };
}

/** What is imported and was never downloaded comes first: what it is decides what runs. */
async function pullLate(...args: Parameters<typeof import('./source/pull-pending.ts').pullPending>): Promise<Event[]> {
  const { pullPending } = await import('./source/pull-pending.ts');
  return pullPending(...args);
}

/** Questions are asked one at a time. */
function jobsOf(options: Options): string | undefined {
  return options.interactive === true ? '1' : options.jobs;
}

async function dryRun(
  context: Context,
  { loaded, graph, verbose, options }: { loaded: LoadedProject; graph: Graph; verbose: boolean; options: Options },
  wanted: Wanted,
): Promise<Outcome> {
  const { env, stdout, signal, forceSignal } = context;
  let text = '';
  let plan: PlanEvent | undefined;
  const { planMarkdown } = options.md === true ? await import('../report/markdown.ts') : {};
  const columns = columnsOf(stdout);
  const notices: string[] = [];
  const emit = (event: Event): void => {
    if (event.type === 'notice') notices.push(...noticeLines(event));
    if (event.type !== 'plan') return;
    plan = event;
    text = renderPlan(event, { color: wantsColor(env, stdout), columns, verbose });
  };
  const engine = await openEngine({ project: loaded.project, graph, env, emit });
  const inputs = inputsOf(engine, loaded, { selected: wanted.selected, signal });
  const { ok } = await pulling({ engine, loaded, context, options }, wanted.selected, (source) =>
    repro(engine, { ...wanted, source, inputs, signal, forceSignal }),
  );
  if (planMarkdown !== undefined && plan !== undefined)
    text = planMarkdown(plan.stages, { changed: dataLines(plan), notes: notices }); // prettier-ignore
  else text = [text, ...notices].join('\n');
  return { exit: ok ? 0 : 1, text };
}

/** What keeps a run from ending well, or is worth knowing before it. */
function noticeLines({ message, hint }: Event & { readonly type: 'notice' }): string[] {
  return [clean(message), ...(hint === undefined ? [] : [`  hint: ${clean(hint)}`])];
}

/** Asks on standard error; anything but a yes, the end of the input included, is a no. */
function asker({ stdin, stderr, signal }: Context, report: Report): { confirm: Confirm; close(): void } {
  // One reader for all answers: what comes in at once may answer several questions. A terminal stays as it is, so that
  // Ctrl-C is a signal.
  const lines = createInterface({ input: stdin, terminal: false, signal });
  const answers = lines[Symbol.asyncIterator]();
  return {
    async confirm(address) {
      report.flush();
      stderr.write(`Run "${address}"? [y/N] `);
      const { value } = (await answers.next()) as { value?: string };
      return /^y(?:es)?$/i.test(value?.trim() ?? '');
    },
    close() {
      lines.close();
    },
  };
}
