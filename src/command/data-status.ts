import { pointersOf, refuseMisstated, withTrueOuts, withTrueSizes } from '../data/misstated.ts';
import { dataStatus } from '../data/status.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { readNeeds } from '../lockfile/read-needs.ts';
import { PipeError } from '../problem/problem.ts';
import { problemLine } from '../problem/render.ts';
import { heldByCommit } from '../project/git-tracked.ts';
import { isFirstCommitMissing, untrackedFiles } from '../project/git-untracked.ts';
import { chooseRevisions } from '../project/revisions.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { tellStrays } from './stray-links.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData, selectData } from './data-project.ts';
import { dataStatusJson, dataStatusText } from './data-status/present.ts';
import { inProject, shownFrom } from './edit-target.ts';
import { isWithin } from '../kit/path.ts';
import type { Context } from './command.ts';
import type { Root } from '../lockfile/needed.ts';
import { tellCorrected } from './tell-corrected.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Compares what HEAD tracks with locks and pointers as they stand (committed changes: to be committed to Git), and these\n' +
    'with the files of the workspace (uncommitted changes: for `pipe add`, `pipe commit` or `pipe checkout`).',
  options: {
    granular: { type: 'boolean', help: 'also the files in tracked folders' },
    unchanged: { type: 'boolean', help: 'also what is the same everywhere' },
    'untracked-files': {
      type: 'string',
      value: 'no|all',
      implied: 'all',
      help: 'files that neither Git nor pipe tracks; without a value: all',
    },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const untracked = options['untracked-files'] ?? 'no';
    if (untracked !== 'no' && untracked !== 'all') {
      throw new PipeError({ code: 'PIPE_USAGE', message: `--untracked-files takes no or all, not ${untracked}` });
    }
    const data = await openData(context, global, { walks: true });
    const here = { root: data.engine.project.root, cwd: context.cwd };
    const selected = selectData(data, positionals, { cwd: context.cwd, recursive: true });
    refuseMisstated(data.engine.store, pointersOf(selected));
    const { roots, problems } = await headOf(context, data);
    const { signal, progress } = dataOptions(data, { context, global, label: 'looking at' });
    const status = await dataStatus(data.engine, {
      head: roots,
      tracked: withTrueOuts(data.engine.store, data.tracked, tellCorrected),
      selected: positionals.length === 0 ? undefined : selected,
      granular: options.granular === true,
      unchanged: options.unchanged === true,
      signal,
      onProgress: progress.done,
    }).finally(progress.end);
    data.engine.index.save();
    data.engine.objects.save();
    tellStrays(data.engine);
    const command = { cwd: here.root, env: context.env };
    const targets = positionals.map((target) => inProject(here, target));
    const files =
      untracked === 'no' || data.engine.project.gitRoot === undefined ? undefined : await untrackedFiles(command);
    const isWanted = (path: string): boolean => targets.length === 0 || targets.some((each) => isWithin(each, path));
    const shown = {
      shown: shownFrom(here),
      untracked: files?.filter(isWanted),
      unchanged: options.unchanged === true,
      problems: [...status.unread, ...problems].map(problemLine),
    };
    return {
      text: dataStatusText(status, shown),
      json: dataStatusJson(status, shown),
      exit: status.unread.length === 0 ? 0 : 1,
    };
  },
});

/** What the locks and pointers of HEAD say; nothing before the first commit and outside Git. */
async function headOf(
  { env }: Context,
  { engine, tracked }: DataProject,
): Promise<{
  readonly roots: readonly Root[] | undefined;
  readonly problems: readonly PipeError['problems'][number][];
}> {
  const { project } = engine;
  if (project.gitRoot === undefined) return { roots: undefined, problems: [] };
  const command = { cwd: project.root, env };
  if (await isFirstCommitMissing(command)) return { roots: [], problems: [] };
  const commits = await chooseRevisions(command, { revisions: ['HEAD'] });
  const needs = withTrueSizes(engine.store, await readNeeds({ project, env, readPointer: readPointerOuts, commits }));
  // A lock also names outs that Git keeps (`cache: false`). HEAD's own pipeline need not be read to know them: it has them.
  const known = new Set(tracked.map(({ path }) => path));
  const gone = needs.roots.filter(({ path }) => !known.has(path)).map(({ path }) => path);
  const inGit = new Set(await heldByCommit(command, 'HEAD', gone));
  return {
    roots: needs.roots.filter(({ path }) => !inGit.has(path)),
    problems: needs.problems.map(({ problem }) => problem),
  };
}
