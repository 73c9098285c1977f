import { createHash } from 'node:crypto';
import type { PlannedStage } from '../event/event.ts';
import { describeReason } from '../event/reason.ts';
import { renderExplanation } from '../report/plan.ts';
import { wantsColor } from '../report/style.ts';
import { clean } from '../report/words.ts';
import { openEngine } from '../run/engine.ts';
import { gatherFacts, keyOf, knownRuns } from '../run/facts.ts';
import { openHistory } from '../run/history.ts';
import type { Surveyed } from '../run/survey.ts';
import { planEvent, survey } from '../run/survey.ts';
import type { Engine } from '../run/engine.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { capacityOf, selectedStages } from './engine-options.ts';
import { graphOf, loadProject } from './load-project.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  options: {},
  async run(context, { positionals }): Promise<Outcome> {
    const loaded = loadProject(context);
    const graph = graphOf(loaded);
    const { project } = loaded;
    const wanted = selectedStages({ project, graph, context }, positionals, { 'single-item': true });
    const needed = selectedStages({ project, graph, context }, positionals, {});
    const engine = await openEngine({ project, graph, env: context.env, emit: () => undefined });
    const plan = await survey(engine, needed, {});
    engine.index.save();
    const history = openHistory(`${project.pipeDir}/tmp/history.json`);
    const planned = planEvent(engine, plan, { jobs: capacityOf(project, undefined).jobs, history });
    const stages = planned.stages.map((each) => {
      const expectedMs = each.expectedMs ?? history.durationOf(each.stage);
      return expectedMs === undefined ? each : { ...each, expectedMs };
    });
    const explained = await Promise.all(
      stages
        .filter(({ stage }) => wanted.has(stage))
        .map(async (planned) => ({ planned, runs: await runsOf(engine, plan.get(planned.stage)) })),
    );
    const failed = (stage: string): string[] => {
      const exitCode = history.get(stage)?.exitCode;
      return exitCode === undefined || exitCode === 0 ? [] : [`  its last run here failed: see \`pipe logs ${stage}\``];
    };
    const color = wantsColor(context.env, context.stdout);
    return {
      text: explained
        .map(({ planned, runs }) =>
          [renderExplanation(planned, { color }), ...failed(planned.stage), ...runLines(runs)].join('\n'),
        )
        .join('\n\n'),
      json: { schema: 'pipe.explain/1', stages: explained.map(explanationJson) },
    };
  },
});

interface KnownRun {
  readonly startedAt: string;
  readonly durationMs: number;
  /** Tells runs with different outs apart. */
  readonly outs: string;
  /** The remote that the record came from; absent for a run of this machine. */
  readonly from?: string;
}

/** The finished runs with the key that the stage has now, the newest first. */
async function runsOf(engine: Engine, surveyed: Surveyed | undefined): Promise<KnownRun[]> {
  if (surveyed === undefined) return [];
  const { facts } = surveyed;
  // Deps that were not downloaded are what they were.
  const key = keyOf(engine, facts) ?? keyOf(engine, await gatherFacts(engine, facts.stage, { allowMissing: true }));
  if (key === undefined) return [];
  return knownRuns(engine, key).map(({ startedAt, durationMs, outs, from }) => ({
    ...(from === undefined ? {} : { from }),
    startedAt,
    durationMs,
    outs: createHash('sha256')
      .update(outs.map((out) => `${out.path}\0${out.digest}\n`).join(''))
      .digest('hex')
      .slice(0, 12),
  }));
}

function runLines(runs: readonly KnownRun[]): string[] {
  const newest = runs[0];
  if (newest === undefined) return [];
  const when = newest.startedAt.replace('T', ' ').replace(/\..*$/, ' UTC');
  const where = newest.from === undefined ? '' : `, as recorded in ${clean(newest.from)}`;
  const lines = [`  its outs were made by the run of ${when}${where}`];
  const different = new Set(runs.map((run) => run.outs)).size;
  if (different > 1) {
    lines.push(
      `  it is not deterministic: ${String(different)} runs with the same inputs made different outs; the newest is used`,
    );
  }
  return lines;
}

function explanationJson({ planned, runs }: { planned: PlannedStage; runs: readonly KnownRun[] }): unknown {
  const { stage, state, reasons, needs } = planned;
  return { stage, state, reasons: reasons.map((reason) => ({ ...reason, text: describeReason(reason) })), needs, runs };
}
