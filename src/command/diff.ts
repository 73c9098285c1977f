import { withTrueSizes } from '../data/misstated.ts';
import type { Graph } from '../graph/graph.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { readNeeds, WORKSPACE } from '../lockfile/read-needs.ts';
import { isWithin } from '../kit/path.ts';
import { chooseRevisions } from '../project/revisions.ts';
import type { Engine } from '../run/engine.ts';
import { openEngine } from '../run/engine.ts';
import type { Context, GlobalOptions, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { compareSides } from './diff/compare.ts';
import { diffJson, diffMarkdown, diffText, missingJson, problemsJson, rowsOf } from './diff/present.ts';
import type { Side } from './diff/side.ts';
import { revisionSide, workspaceSide } from './diff/side.ts';
import { noticesTo } from './data-project.ts';
import { inProject, shownFrom } from './edit-target.ts';
import type { LoadedProject } from './load-project.ts';
import { readProject } from './load-project.ts';
import { tellStrays } from './stray-links.ts';
import { tellCorrected } from './tell-corrected.ts';
import { workProgress } from './work-progress.ts';

export default defineCommand({
  usage: '[a_rev] [b_rev]',
  positionals: { min: 0, max: 2 },
  json: true,
  details:
    'Compares what locks and pointers track at two Git revisions, by default HEAD and the workspace. In the workspace, what\nlies on the disk counts.',
  options: {
    targets: {
      type: 'string',
      multiple: true,
      variadic: true,
      value: 'PATHS',
      help: 'only these: outs, tracked data, files in them, or folders above',
    },
    'show-hash': { type: 'boolean', help: 'print digests' },
    md: { type: 'boolean', help: 'print a Markdown table' },
    'hide-missing': { type: 'boolean', help: 'do not say what the cache lacks' },
  },
  async run(context, { positionals: [from = 'HEAD', to = WORKSPACE], options, global }): Promise<Outcome> {
    const loaded = readProject(context);
    const here = { root: loaded.project.root, cwd: context.cwd };
    const targets = (options.targets ?? []).map((path) => inProject(here, path));
    const engine = await openEngine({ ...loaded, graph: NO_GRAPH, env: context.env, emit: () => undefined });
    const place = { context, global, loaded, engine, targets };
    const before = await sideOf(from, place);
    const after = await sideOf(to, place);
    engine.index.save();
    tellStrays({ strays: engine.strays, emit: noticesTo(context, global) });
    const hidesMissing = options['hide-missing'] === true || to !== WORKSPACE;
    const compared = compareSides(before, after, {
      targets,
      ...(hidesMissing ? {} : { has: (digest) => engine.store.has(digest) }),
    });
    const rows = rowsOf(compared, shownFrom(here));
    const showHash = options['show-hash'] === true;
    return {
      // What could not be read may have changed.
      exit: compared.problems.length > 0 ? 1 : 0,
      text: options.md === true ? diffMarkdown(rows, showHash) : diffText(rows, compared.problems, showHash),
      json: {
        schema: 'pipe.diff/1',
        from,
        to,
        ...diffJson(rows, showHash),
        ...(hidesMissing ? {} : { notInCache: missingJson(rows, showHash) }),
        problems: problemsJson(compared.problems),
      },
    };
  },
});

/** What is tracked does not depend on how stages hang together, and is wanted also when they do not. */
const NO_GRAPH: Graph = { stages: new Map(), needs: new Map(), neededBy: new Map(), order: [] };

interface SidePlace {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly loaded: LoadedProject;
  readonly engine: Engine;
  readonly targets: readonly string[];
}

async function sideOf(revision: string, { context, global, loaded, engine, targets }: SidePlace): Promise<Side> {
  const { project, stages } = loaded;
  const wanted = { project, env: context.env, readPointer: readPointerOuts };
  if (revision !== WORKSPACE) {
    const commits = await chooseRevisions({ cwd: project.root, env: context.env }, { revisions: [revision] });
    return revisionSide(engine, withTrueSizes(engine.store, await readNeeds({ ...wanted, commits })));
  }
  const inWorkspace = await readNeeds({ ...wanted, commits: [], workspace: engine.locks });
  const needs = withTrueSizes(engine.store, inWorkspace, tellCorrected);
  const outs = stages.flatMap((stage) => stage.outs.map(({ path }) => path));
  const isWanted = (path: string): boolean =>
    targets.length === 0 || targets.some((target) => isWithin(target, path) || isWithin(path, target));
  const { stderr, env, signal } = context;
  const progress = workProgress({ stderr, env, label: 'looking at', quiet: global.quiet || global.json });
  return workspaceSide(engine, needs, { outs, isWanted, signal, onProgress: progress.done }).finally(progress.end);
}
