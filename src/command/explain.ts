import { createHash } from 'node:crypto';
import type { PlannedStage, PlanState } from '../event/event.ts';
import { describeReason } from '../event/reason.ts';
import { problemJson } from '../problem/json.ts';
import type { Problem } from '../problem/problem.ts';
import { renderExplanation } from '../report/plan.ts';
import { wantsColor } from '../report/style.ts';
import { clean } from '../report/words.ts';
import type { Away } from '../run/away.ts';
import { openEngine } from '../run/engine.ts';
import { gatherFacts, keyOf, knownRuns } from '../run/facts.ts';
import { openHistory } from '../run/history.ts';
import type { Surveyed } from '../run/survey.ts';
import { asKnown } from '../run/plan.ts';
import { planEvent } from '../run/survey.ts';
import type { Engine } from '../run/engine.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { capacityOf, selectedStages } from './engine-options.ts';
import { lackingDeps, ownReasons, prospectOf, withPullText } from './explain/refusal.ts';
import { inputsOf } from './inputs-of.ts';
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
    const inputs = await inputsOf(engine, loaded, { selected: needed, signal: context.signal })?.(undefined);
    const { plan, problems, absent, withPull } = await prospectOf(engine, needed, inputs);
    engine.index.save();
    const history = openHistory(`${project.pipeDir}/tmp/history.json`);
    const planned = planEvent(engine, plan, { jobs: capacityOf(project, undefined).jobs, history });
    const stages = planned.stages.map((each) => {
      const expectedMs = each.expectedMs ?? history.durationOf(each.stage);
      const facts = plan.get(each.stage)?.facts;
      const own = facts === undefined ? each.reasons : ownReasons(each.reasons, facts);
      const reasons = history.durationOf(each.stage) === undefined ? own : own.map(asKnown);
      return { ...each, reasons, ...(expectedMs === undefined ? {} : { expectedMs }) };
    });
    const explained = await Promise.all(
      stages
        .filter(({ stage }) => wanted.has(stage))
        .map(async (planned): Promise<Explained> => {
          const { stage } = planned;
          const runs = await runsOf(engine, plan.get(stage), absent);
          return { planned, runs, problems: problems.get(stage) ?? [], withPull: withPull.get(stage) };
        }),
    );
    const failed = (stage: string): string[] => {
      const exitCode = history.get(stage)?.exitCode;
      return exitCode === undefined || exitCode === 0 ? [] : [`  its last run here failed: see \`pipe logs ${stage}\``];
    };
    const color = wantsColor(context.env, context.stdout);
    return {
      text: explained
        .map(({ planned, runs, problems, withPull }) =>
          [
            renderExplanation(planned, { color, problems }),
            ...(withPull === undefined ? [] : [`  ${withPullText(withPull)}`]),
            ...failed(planned.stage),
            ...runLines(runs),
          ].join('\n'),
        )
        .join('\n\n'),
      json: { schema: 'pipe.explain/1', stages: explained.map(explanationJson) },
    };
  },
});

interface Explained {
  readonly planned: PlannedStage;
  readonly runs: readonly KnownRun[];
  /** Why `pipe repro` refuses to run it. */
  readonly problems: readonly Problem[];
  /** What becomes of it with `--pull`; only where data that it reads is here in part. */
  readonly withPull: PlanState | undefined;
}

interface KnownRun {
  readonly startedAt: string;
  readonly durationMs: number;
  /** Tells runs with different outs apart. */
  readonly outs: string;
  /** The remote that the record came from; absent for a run of this machine. */
  readonly from?: string;
}

/** The finished runs with the key that the stage has now, the newest first. */
async function runsOf(engine: Engine, surveyed: Surveyed | undefined, absent: Away | undefined): Promise<KnownRun[]> {
  if (surveyed === undefined) return [];
  const { facts } = surveyed;
  // Deps that were not downloaded are what they were.
  const key =
    (lackingDeps(facts).length === 0 ? keyOf(engine, facts) : undefined) ??
    keyOf(engine, await gatherFacts(engine, facts.stage, { allowMissing: true, absent }));
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

function explanationJson({ planned, runs, problems, withPull }: Explained): unknown {
  const { stage, state, reasons, needs } = planned;
  return {
    stage,
    state,
    reasons: reasons.map((reason) => ({ ...reason, text: describeReason(reason) })),
    needs,
    runs,
    ...(problems.length === 0 ? {} : { problems: problems.map(problemJson) }),
    ...(withPull === undefined ? {} : { withPull }),
  };
}
