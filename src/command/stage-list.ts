import type { Graph } from '../graph/graph.ts';
import type { Stage } from '../pipeline/model.ts';
import { problemJson } from '../problem/json.ts';
import { PipeError } from '../problem/problem.ts';
import { stageJson } from './stage-json.ts';
import { describeStage } from './stage-text.ts';
import { renderTable } from '../report/table.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { selectedStages } from './engine-options.ts';
import { readProject } from './load-project.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Targets are stages, groups or pipeline files; without any, the pipeline file of this folder or the nearest above is\nlisted. A pipeline file with problems is left out and named, unless --fail is given.',
  options: {
    all: { type: 'boolean', help: 'all stages of the project' },
    fail: { type: 'boolean', help: 'fail when a pipeline file has problems' },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders: all stages below them' },
    'name-only': { type: 'boolean', help: 'names alone' },
    'names-only': { type: 'boolean', help: 'the same as --name-only' },
  },
  run(context, { positionals, options }): Promise<Outcome> {
    const { project, stages, problems } = readProject(context);
    if (problems.length > 0 && (options.fail === true || stages.length === 0)) throw new PipeError(problems);
    const graph = unconnected(stages);
    const chosen = selectedStages({ project, graph, context }, positionals, {
      'single-item': true,
      'all-pipelines': options.all === true,
      recursive: options.recursive === true,
    });
    const listed = stages.filter((stage) => chosen.has(stage.address));
    const namesOnly = options['name-only'] === true || options['names-only'] === true;
    const rows = listed.map((stage) => (namesOnly ? [stage.address] : [stage.address, describeStage(stage)]));
    const broken = [...new Set(problems.map((problem) => problem.at?.source.file ?? problem.message))];
    return Promise.resolve({
      text: [
        ...(rows.length > 0 ? [renderTable({ header: [], rows })] : []),
        ...broken.map((file) => `left out: ${file} has problems (see \`pipe stage list --fail\`)`),
      ].join('\n'),
      json: { schema: 'pipe.stage-list/1', stages: listed.map(stageJson), problems: problems.map(problemJson) },
    });
  },
});

/** Enough of a graph to look stages up in: a list needs no edges, and is of most use when they are wrong. */
function unconnected(stages: readonly Stage[]): Graph {
  const byAddress = new Map(stages.map((stage) => [stage.address, stage]));
  return { stages: byAddress, needs: new Map(), neededBy: new Map(), order: [...byAddress.keys()] };
}
