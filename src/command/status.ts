import type { PlannedStage } from '../event/event.ts';
import { PipeError } from '../problem/problem.ts';
import { isIdle } from '../report/plan-state.ts';
import type { Engine } from '../run/engine.ts';
import { openEngine } from '../run/engine.ts';
import { openHistory } from '../run/history.ts';
import { planEvent, survey } from '../run/survey.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { isWithin } from '../kit/path.ts';
import { readPointers } from '../project/pointer-files.ts';
import { failedJson } from './source/failed.ts';
import type { SourceUpdates } from './source/updates.ts';
import type { Context, GlobalOptions, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { SELECTION_OPTIONS, capacityOf, selectedStages } from './engine-options.ts';
import { inProject, shownFrom } from './edit-target.ts';
import type { DataStatus } from './present-status.ts';
import { dataJson, dataLines, describeAll, movedLines, statusJson, strayLines } from './present-status.ts';
import { strayNotes } from './stray-links.ts';
import type { LoadedProject } from './load-project.ts';
import { graphOf, loadProject, tellUnreadable } from './load-project.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Targets are stages, groups, pipeline files, outs, pointers or what they track, or folders above.\n' +
    'Exits with 0; with --quiet, with 1 when anything changed. Exits with 1 when the source of an import cannot be asked.',
  options: {
    ...SELECTION_OPTIONS,
    'with-deps': { type: 'boolean', short: 'd', help: 'also what the targets need' },
    pull: { type: 'boolean', help: 'ask the remote as repro --pull does: what can be had from there is not missing' },
    'allow-missing': { type: 'boolean', help: 'take missing files for unchanged, as repro --allow-missing does' },
    updates: { type: 'boolean', help: 'also ask whether the sources of imports have moved on' },
    cloud: { type: 'boolean', short: 'c', help: 'compare the cache with a remote instead' },
    remote: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      help: 'with this remote instead of the default one; implies -c, unless --pull is given',
    },
    md: { type: 'boolean', help: 'print a Markdown table of the stages' },
    jobs: { type: 'string', short: 'j', value: 'N', help: 'with -c: so many requests at once' },
    'all-branches': { type: 'boolean', short: 'a', help: 'with -c: also what the tips of all branches need' },
    'all-tags': { type: 'boolean', short: 'T', help: 'with -c: also what all tags need' },
    'all-commits': { type: 'boolean', short: 'A', help: 'with -c: also what any commit needs' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    if (options.cloud === true || (options.remote !== undefined && options.pull !== true)) {
      refuseWithCloud(options);
      const { cloudStatus } = await import('./share/cloud-status.ts');
      return cloudStatus(context, { targets: positionals, options, global });
    }
    refuseWithoutCloud(options);
    const loaded = loadProject(context);
    tellUnreadable(loaded);
    const graph = graphOf(loaded);
    const { project } = loaded;
    // Like DVC's: targets alone unless what they need is asked for; without targets, the whole project.
    const all = positionals.length === 0;
    const choice = all
      ? { ...options, 'all-pipelines': true }
      : { ...options, 'single-item': options['with-deps'] !== true && options.downstream !== true };
    const split = await splitTargets(loaded, context, positionals);
    const isOnlyData = !all && split.stages.length === 0;
    const selected = isOnlyData ? new Set<string>() : selectedStages({ project, graph, context }, split.stages, choice);
    const engine = await openEngine({ project, graph, env: context.env, emit: () => undefined });
    const lookAtData = async (): Promise<DataStatus[]> =>
      all || split.data.length > 0 ? dataOf(engine, loaded, { context, global, targets: split.data }) : [];
    const { stages, data } = await plannedStages(engine, loaded, { context, selected, options, lookAtData });
    const { updates, failed } =
      options.updates === true
        ? await updatesOf(loaded, { context, global, targets: split.data, all })
        : { updates: [], failed: [] };
    engine.index.save();
    const different = data.filter((each) => isDifferent(each, options));
    const changed = stages.filter(({ state }) => !isIdle(state));
    const strays = strayNotes(engine);
    const shown = shownFrom({ root: project.root, cwd: context.cwd });
    const isUpToDate =
      strays.length === 0 &&
      changed.length === 0 &&
      different.length === 0 &&
      failed.length === 0 &&
      !updates.some(({ moved }) => moved === true);
    return {
      exit: failed.length > 0 || (global.quiet && !isUpToDate) ? 1 : 0,
      problems: failed.flatMap(({ problems }) => problems),
      text:
        options.md === true
          ? await markdown(stages, [
              ...dataLines(different, shown),
              ...movedLines(updates),
              ...strays.map(({ message }) => message),
            ])
          : describeAll(
              { stages, changed, data, different },
              {
                also: [...movedLines(updates), ...strays.flatMap(strayLines)],
                isDoubtful: failed.length > 0,
                shown,
              },
            ),
      json: {
        schema: 'pipe.status/1',
        upToDate: isUpToDate,
        stages: stages.map(statusJson),
        ...(data.length === 0 ? {} : { data: data.map(dataJson) }),
        ...(options.updates === true ? { updates, ...failedJson(failed) } : {}),
        ...(engine.strays.size === 0 ? {} : { links: [...engine.strays.values()].map(({ path, state }) => ({ path, state })) }), // prettier-ignore
      },
    };
  },
});

type Missing = { readonly pull?: boolean; readonly 'allow-missing'?: boolean };

/** Where what is missing does not count, the plan is that of a run with the same flags. */
async function plannedStages(
  engine: Engine,
  loaded: LoadedProject,
  {
    context,
    selected,
    options,
    lookAtData,
  }: {
    readonly context: Context;
    readonly selected: ReadonlySet<string>;
    readonly options: Missing & { readonly remote?: string };
    readonly lookAtData: () => Promise<DataStatus[]>;
  },
): Promise<{ readonly stages: readonly PlannedStage[]; readonly data: readonly DataStatus[] }> {
  if (isLenient(options)) {
    const { dryPlan } = await import('./dry-plan.ts');
    let data: readonly DataStatus[] = [];
    const { stages, lost } = await dryPlan(engine, loaded, {
      ...options,
      context,
      selected,
      allowMissing: options['allow-missing'] === true,
      async pointers() {
        data = await lookAtData();
        return new Set(data.filter(mayBeLost).map(({ path }) => path));
      },
    });
    if (options.pull !== true) return { stages, data: await lookAtData() };
    return { stages, data: data.map((each) => ({ ...each, lost: lost.find(({ path }) => path === each.path) })) };
  }
  const { project } = engine;
  const plan = await survey(engine, selected, {});
  const history = openHistory(`${project.pipeDir}/tmp/history.json`);
  const { jobs } = capacityOf(project, undefined);
  return { stages: planEvent(engine, plan, { jobs, history }).stages, data: await lookAtData() };
}

/** Whether what is missing can be had elsewhere, or is not to count. */
function isLenient(options: Missing): boolean {
  return options.pull === true || options['allow-missing'] === true;
}

/** Whether not all of tracked data is in the workspace: what cannot be had of it is missing. */
function mayBeLost({ state, lacking }: DataStatus): boolean {
  return state === 'deleted' || state === 'lost' || lacking !== undefined;
}

/** Whether tracked data counts as changed. */
function isDifferent({ state, lacking, lost }: DataStatus, options: Missing): boolean {
  if (lost !== undefined) return true;
  if (!isLenient(options)) return state !== 'unchanged';
  return state === 'uncached' || (state === 'modified' && lacking?.isAll !== true);
}

async function markdown(stages: readonly PlannedStage[], changed: readonly string[]): Promise<string> {
  const { planMarkdown } = await import('../report/markdown.ts');
  return planMarkdown(stages, { changed });
}

/** @throws {PipeError} PIPE_USAGE for flags that say what a run would do */
function refuseWithCloud(options: Missing): void {
  if (!isLenient(options)) return;
  const name = options.pull === true ? 'pull' : 'allow-missing';
  throw new PipeError({ code: 'PIPE_USAGE', message: `--${name} is about what a run would do, and -c is not` });
}

/** @throws {PipeError} PIPE_USAGE for flags that mean something with -c only */
function refuseWithoutCloud(options: Readonly<Record<string, unknown>>): void {
  const given = ['jobs', 'all-branches', 'all-tags', 'all-commits'].find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new PipeError({ code: 'PIPE_USAGE', message: `--${given} goes with -c`, hint: 'add -c to look at a remote' });
}

interface Targets {
  /** For stages, as they were given. */
  readonly stages: readonly string[];
  /** For pointers, relative to the project. */
  readonly data: readonly string[];
}

/** Where there is no pointer, nothing is loaded for pointers. */
async function splitTargets(loaded: LoadedProject, { cwd }: Context, targets: readonly string[]): Promise<Targets> {
  const { root } = loaded.project;
  if (targets.length === 0 || loaded.pointerFiles.length === 0) {
    const below = targets.map((target) => stagesBelow(loaded.stages, inProject({ root, cwd }, target)));
    return {
      stages: targets.flatMap((target, at) => (below[at]?.length === 0 ? [target] : (below[at] ?? []))),
      data: [],
    };
  }
  const { pointerTargets } = await import('../data/pointer-status.ts');
  const paths = targets.map((target) => inProject({ root, cwd }, target));
  const found = pointerTargets(root, loaded.pointerFiles, paths);
  return {
    stages: targets.flatMap((target, at) => {
      const below = stagesBelow(loaded.stages, paths[at] ?? '');
      return below.length > 0 ? below : found.has(paths[at] ?? '') ? [] : [target];
    }),
    data: paths.filter((path) => found.has(path)),
  };
}

/** The stages of the pipeline files below a folder, or that make something there; none where the path is an out itself. */
function stagesBelow(stages: LoadedProject['stages'], folder: string): string[] {
  if (stages.some(({ outs, name, address, group }) => outs.some(({ path }) => path === folder) || [name, address, group].includes(folder))) return []; // prettier-ignore
  const isBelow = (path: string): boolean => path !== folder && isWithin(folder, path);
  return stages.filter(({ file, outs }) => isBelow(file) || outs.some(({ path }) => isBelow(path))).map(({ address }) => address); // prettier-ignore
}

/** Which targets are asked for, and by whom. */
interface Asked {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly targets: readonly string[];
}

async function dataOf(
  engine: Engine,
  { project, pointerFiles }: LoadedProject,
  { context, global, targets }: Asked,
): Promise<DataStatus[]> {
  if (pointerFiles.length === 0) return [];
  const { pointerStatus } = await import('../data/pointer-status.ts');
  const { dataRemotes } = await import('../remote/open-remote.ts');
  const { workProgress } = await import('./work-progress.ts');
  const { stderr, env, signal } = context;
  const progress = workProgress({ stderr, env, label: 'looking at', quiet: global.quiet || global.json });
  const hasRemote = dataRemotes(project.config).length > 0;
  const asked = { targets, signal, progress, hasRemote };
  const data = await pointerStatus(engine, pointerFiles, asked).finally(progress.end);
  const modified = data.filter(({ state }) => state === 'modified').map(({ pointer }) => pointer);
  if (modified.length === 0) return data;
  const { filesNotDownloaded } = await import('../data/inputs/not-downloaded.ts');
  const lacking = await filesNotDownloaded(engine, modified, { signal, hasRemote });
  return data.map((each) => ({ ...each, lacking: lacking.get(each.pointer) }));
}

async function updatesOf(
  { project, pointerFiles }: LoadedProject,
  { targets, all, ...how }: Asked & { readonly all: boolean },
): Promise<SourceUpdates> {
  const { pointers, problems, pending } = readPointers(project.root, pointerFiles);
  if (problems.length > 0) throw new PipeError(problems);
  const { sourceUpdates } = await import('./source/updates.ts');
  const isAsked = ({ path, file }: Pick<TrackedPath, 'path' | 'file'>): boolean => all || targets.some((each) => each === file || isWithin(path, each)); // prettier-ignore
  const asking = { ...how, root: project.root, allowed: project.config.allowed() };
  return sourceUpdates(pointers.filter(isAsked), asking, pending.filter(isAsked));
}
