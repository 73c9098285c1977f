import type { PlannedStage, PlanState } from '../event/event.ts';
import type { Reason } from '../event/reason.ts';
import { describeReason } from '../event/reason.ts';
import { list } from '../report/summary.ts';
import { clean, plural } from '../report/words.ts';
import { openEngine } from '../run/engine.ts';
import { openHistory } from '../run/history.ts';
import { planEvent, survey } from '../run/survey.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { NO_STAGES, SELECTION_OPTIONS, capacityOf, selectedStages } from './engine-options.ts';
import { graphOf, loadProject } from './load-project.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details: 'Exits with 0; with --quiet, with 1 when anything changed.',
  options: { ...SELECTION_OPTIONS, 'with-deps': { type: 'boolean', short: 'd', help: 'also what the targets need' } },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const loaded = loadProject(context);
    const graph = graphOf(loaded);
    const { project } = loaded;
    // Like DVC's: targets alone unless what they need is asked for; without targets, the whole project.
    const all = positionals.length === 0;
    const choice = all
      ? { ...options, 'all-pipelines': true }
      : { ...options, 'single-item': options['with-deps'] !== true && options.downstream !== true };
    const selected = selectedStages({ project, graph, context }, positionals, choice);
    const engine = await openEngine({ project, graph, env: context.env, emit: () => undefined });
    const plan = await survey(engine, selected, {});
    engine.index.save();
    const history = openHistory(`${project.pipeDir}/tmp/history.json`);
    const { stages } = planEvent(engine, plan, { jobs: capacityOf(project, undefined).jobs, history });
    const changed = stages.filter(({ state }) => !isIdle(state));
    return {
      exit: global.quiet && changed.length > 0 ? 1 : 0,
      text: describe(stages, changed),
      json: { schema: 'pipe.status/1', upToDate: changed.length === 0, stages: stages.map(statusJson) },
    };
  },
});

function describe(stages: readonly PlannedStage[], changed: readonly PlannedStage[]): string {
  if (stages.length === 0) return NO_STAGES;
  const idle = { 'up to date': 0, frozen: 0, skipped: 0 };
  for (const { state } of stages) if (isIdle(state)) idle[WORDS[state]] += 1;
  if (changed.length === 0) {
    const apart = list(idle, ['frozen', 'skipped']);
    return `Everything is up to date: ${plural(stages.length, 'stage')}${apart === '' ? '' : ` (${apart})`}.`;
  }
  const lines = changed.flatMap(({ stage, state, reasons }) => [
    `${clean(stage)}: ${WORDS[state]}`,
    ...reasons.map((reason) => `  ${clean(describeReason(reason))}`),
  ]);
  const rest = list(idle, ['up to date', 'frozen', 'skipped']);
  return [...lines, ...(rest === '' ? [] : [`${rest}.`])].join('\n');
}

const WORDS = {
  run: 'will run',
  'may-run': 'may run',
  restore: 'will be restored',
  fresh: 'up to date',
  frozen: 'frozen',
  skip: 'skipped',
} as const satisfies Record<PlanState, string>;

function isIdle(state: PlanState): state is 'fresh' | 'frozen' | 'skip' {
  return state === 'fresh' || state === 'frozen' || state === 'skip';
}

function statusJson({ stage, state, reasons }: PlannedStage): unknown {
  return { stage, state, reasons: reasons.map(reasonJson) };
}

function reasonJson(reason: Reason): unknown {
  return { ...reason, text: describeReason(reason) };
}
