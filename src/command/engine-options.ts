import { availableParallelism } from 'node:os';
import { posix, relative, resolve, sep } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import type { Selection, Target } from '../graph/select.ts';
import { selectStages } from '../graph/select.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import type { Capacity } from '../run/schedule.ts';
import type { Context, OptionSpecs } from './command.ts';
import { gpuCount, memoryBytes } from './machine.ts';

/** What there is to say of a project that nobody has described yet. */
export const NO_STAGES = 'There are no stages yet. Add one with `pipe stage add`.';

/** The flags by which commands choose stages, with DVC's names and meanings. */
export const SELECTION_OPTIONS = {
  'single-item': { type: 'boolean', short: 's', help: 'only the targets, not what they need' },
  pipeline: { type: 'boolean', short: 'p', help: 'the whole pipelines that the targets belong to' },
  'all-pipelines': { type: 'boolean', short: 'P', help: 'all pipelines of the project' },
  recursive: { type: 'boolean', short: 'R', help: 'targets are folders: all pipelines below them' },
  downstream: { type: 'boolean', help: 'the targets and what needs them' },
  glob: { type: 'boolean', help: 'targets are patterns over stage names' },
} as const satisfies OptionSpecs;

type SelectionValues = { readonly [K in keyof typeof SELECTION_OPTIONS]?: boolean };

/**
 * The stages that a command line means. Without targets: those of the pipeline file of the current folder, or of the
 * nearest one above it.
 * @throws {PipeError} PIPE_TARGET_UNKNOWN for targets that name nothing.
 */
export function selectedStages(
  { project, graph, context }: { project: Project; graph: Graph; context: Pick<Context, 'cwd'> },
  words: readonly string[],
  options: SelectionValues,
): ReadonlySet<string> {
  const here = toPosix(relative(project.root, context.cwd)) || '.';
  const files = new Set([...graph.stages.values()].map((stage) => stage.file));
  const file = options['all-pipelines'] === true ? undefined : nearestFile(here, files);
  const targets = words.map((text): Target => ({
    text,
    path: toPosix(relative(project.root, resolve(context.cwd, text))) || '.',
    ...(file === undefined ? {} : { file }),
  }));
  const selection: Selection = {
    targets: targets.length > 0 || file === undefined ? targets : [{ text: file, path: file }],
    single: options['single-item'] === true,
    pipeline: options.pipeline === true,
    recursive: options.recursive === true,
    downstream: options.downstream === true,
    glob: options.glob === true && words.length > 0,
  };
  return unwrap(selectStages(graph, selection));
}

function toPosix(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

function nearestFile(folder: string, files: ReadonlySet<string>): string | undefined {
  for (let at = folder; ; at = posix.dirname(at)) {
    const found = [...files].find((file) => posix.dirname(file) === at);
    if (found !== undefined || at === '.') return found;
  }
}

/**
 * What stages may use together: `--jobs`, else `core.jobs`, else the cores.
 * @throws {PipeError} PIPE_USAGE for a number of jobs that is none.
 */
export function capacityOf(project: Project, jobs: string | undefined): Capacity {
  const cores = availableParallelism();
  const wanted = jobs === undefined ? (project.config.get('core.jobs') ?? cores) : Number(jobs);
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new PipeError({ code: 'PIPE_USAGE', message: `--jobs takes a whole number from 1, not ${String(jobs)}` });
  }
  return { jobs: wanted, cpus: Math.max(cores, wanted), memoryBytes: memoryBytes(), gpus: gpuCount() };
}
