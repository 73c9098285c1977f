import { resolve } from 'node:path';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { ChosenCommit } from '../project/revisions.ts';
import { chooseRevisions, commitCount, startOfDay } from '../project/revisions.ts';
import { isTerminal } from '../report/style.ts';
import type { Engine } from '../run/engine.ts';
import type { Context, GlobalOptions, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { jobsOf } from './share/options.ts';
import { collectLocal, undoLocal, undoneText, wouldCollectLocal } from './upkeep/gc-local.ts';
import type { Scope } from './upkeep/gc-scope.ts';
import { GRACE_OPTION, graceOf } from './upkeep/grace.ts';
import type { Collected } from './upkeep/present-gc.ts';
import { collectedJson, collectedText } from './upkeep/present-gc.ts';
import type { CollectedShare } from './upkeep/present-gc-remote.ts';
import { openStoreOf, otherWorkTrees } from './upkeep/project-store.ts';

const GC_OPTIONS = {
  workspace: { type: 'boolean', short: 'w', help: 'keep what the workspace needs; the other scopes do so too' },
  'all-branches': {
    type: 'boolean',
    short: 'a',
    help: 'keep what the tips of all branches need, remote-tracking ones too',
  },
  'all-tags': { type: 'boolean', short: 'T', help: 'keep what all tags need' },
  'all-commits': { type: 'boolean', short: 'A', help: 'keep what any commit needs' },
  rev: { type: 'string', multiple: true, value: 'REV', help: 'keep what this revision needs; may be repeated' },
  num: { type: 'string', short: 'n', value: 'N', help: 'with --rev and -a: also the N - 1 commits before each' },
  date: { type: 'string', value: 'DAY', help: 'keep what commits of this day (2024-01-31) and later ones need' },
  projects: {
    type: 'string',
    short: 'p',
    multiple: true,
    variadic: true,
    value: 'PATHS',
    help: 'keep what these other projects need too, in the same scopes',
  },
  cloud: { type: 'boolean', short: 'c', help: 'remove from the remote, too' },
  remote: { type: 'string', short: 'r', value: 'NAME', help: 'this remote instead of the default one; implies -c' },
  'not-in-remote': { type: 'boolean', help: 'of what is kept, keep only what the remote lacks' },
  'allow-missing': { type: 'boolean', help: 'go on although lists of folders that are kept are nowhere to be had' },
  grace: GRACE_OPTION,
  jobs: { type: 'string', short: 'j', value: 'N', help: 'so many requests at once' },
  dry: { type: 'boolean', help: 'only say what would go' },
  force: { type: 'boolean', short: 'f', help: 'do not ask' },
  trash: { type: 'string', value: 'DAYS', help: 'move what goes to the trash, and keep it there for so many days' },
  undo: { type: 'boolean', help: 'bring back what was moved to the trash last' },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof GC_OPTIONS>;

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  stopsGently: true,
  details:
    'Removes from the cache, and with -c from the remote, what nothing that is kept needs. At least one scope says what\n' +
    'is kept: -w, -a, -T, -A, --rev or --date. Whatever the scope, the workspace is kept, those of linked Git worktrees\n' +
    'too, what is staged, and what running processes rely on; in a remote, also what was pushed within the last day.',
  options: GC_OPTIONS,
  async run(context, { options, global }): Promise<Outcome> {
    checkOptions(options);
    const engine = await openStoreOf(context);
    if (options.undo === true) return undo(context, engine, options);
    const choose = chooserOf(context, options);
    const others = await Promise.all((options.projects ?? []).map((path) => openOther(context, path)));
    if (engine.project.gitRoot === undefined) refuseRevisions(options, engine);
    const scope = { engine, others, workTrees: await otherWorkTrees(engine), choose };
    if (options.dry !== true && options.force !== true && !isTerminal(context.stdin)) {
      throw usage(
        'pipe gc asks before it removes anything, and here is nobody to ask',
        'add -f to remove without asking',
      );
    }
    return collect(context, scope, { options, global });
  },
});

function checkOptions(options: Options): void {
  const { undo: isUndo, num, rev } = options;
  jobsOf(options);
  graceOf(options);
  if (options.trash !== undefined) dayCount(options.trash);
  if (num !== undefined) commitCount(num);
  if (options.date !== undefined) startOfDay(options.date);
  if (isUndo === true) {
    const alone = ['undo', 'force', 'cloud', 'remote', 'jobs'];
    const others = Object.keys(GC_OPTIONS).filter((name) => name in options && !alone.includes(name));
    if (others.length > 0) throw usage(`--undo stands alone; --${others[0] ?? ''} does not go with it`);
    return;
  }
  const hasScope = (['workspace', 'all-branches', 'all-tags', 'all-commits', 'rev', 'date'] as const).some(
    (name) => options[name] !== undefined,
  );
  if (!hasScope) {
    throw usage('pipe gc must be told what to keep', 'one or more of -w, -a, -T, -A, --rev REV, --date DAY');
  }
  if (num !== undefined && rev === undefined && options['all-branches'] !== true) {
    throw usage('--num counts back from revisions and branches', 'add --rev REV or -a');
  }
  if (options['not-in-remote'] === true && options.cloud === true) {
    throw usage('--not-in-remote and --cloud exclude each other: what the cache gives up must stay in the remote');
  }
  if (options.grace !== undefined && !isCloud(options)) throw usage('--grace is about remotes', 'add -c or -r NAME');
}

function isCloud(options: Options): boolean {
  return options.cloud === true || (options.remote !== undefined && options['not-in-remote'] !== true);
}

function dayCount(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw usage(`--trash takes a number of days, not ${JSON.stringify(text)}`);
}

function usage(message: string, hint?: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, ...(hint === undefined ? {} : { hint }) });
}

/** Outside Git there is nothing but the workspace. */
function refuseRevisions(options: Options, { project }: Engine): void {
  const names = ['all-branches', 'all-tags', 'all-commits', 'rev', 'date'] as const;
  const asked = names.find((name) => options[name] !== undefined);
  if (asked === undefined) return;
  throw new PipeError({
    code: 'PIPE_GIT_MISSING',
    message: `${project.root} lies outside Git, so there is nothing that --${asked} could keep`,
    hint: '`pipe gc -w` keeps what the workspace needs',
  });
}

function chooserOf(context: Context, options: Options): Scope['choose'] {
  const number = options.num === undefined ? undefined : commitCount(options.num);
  const since = options.date === undefined ? undefined : startOfDay(options.date);
  return ({ root, gitRoot }): Promise<ChosenCommit[]> => {
    if (gitRoot === undefined) return Promise.resolve([]);
    return chooseRevisions(
      { cwd: root, env: context.env },
      {
        revisions: options.rev ?? [],
        branches: options['all-branches'] === true,
        remoteBranches: true,
        tags: options['all-tags'] === true,
        commits: options['all-commits'] === true,
        ...(number === undefined ? {} : { number }),
        ...(since === undefined ? {} : { since }),
        // Work that somebody has put aside is as good as in the workspace.
        stashes: true,
      },
    );
  };
}

/** Another project, which may share the cache. */
function openOther(context: Context, path: string): Promise<Engine> {
  return openStoreOf({ cwd: resolve(context.cwd, path), env: context.env });
}

async function collect(
  context: Context,
  scope: Scope,
  { options, global }: { readonly options: Options; readonly global: GlobalOptions },
): Promise<Outcome> {
  const dry = options.dry === true;
  const trashDays = options.trash === undefined ? undefined : dayCount(options.trash);
  const { jobs, remote: name } = options;
  const isOnly = options['not-in-remote'] === true;
  const remote = isCloud(options) || isOnly ? await import('./upkeep/gc-remote.ts') : undefined;
  const findReleased = isOnly ? remote && (() => remote.releasedBy(scope, { context, name, jobs })) : undefined;
  const ask = options.force !== true;
  const allowMissing = options['allow-missing'] === true;
  const collecting = { context, global, name, jobs, graceMs: graceOf(options), trashDays, ask, allowMissing };
  if (isCloud(options) && !dry) await remote?.checkCollectable(scope, collecting);
  const local: Collected = dry
    ? await wouldCollectLocal(scope, { context, findReleased })
    : await collectLocal(scope, { context, global, trashDays, ask, findReleased, allowMissing });
  const shares: CollectedShare[] = [];
  let problems: readonly Problem[] = [];
  try {
    if (isCloud(options) && remote !== undefined) {
      shares.push(await (dry ? remote.wouldCollectShare : remote.collectShare)(scope, collecting));
    }
  } catch (error) {
    // What went from the cache has gone: it is told whatever becomes of the remote.
    if (!(error instanceof PipeError)) throw error;
    ({ problems } = error);
  }
  const { collectedShareJson, collectedShareText } = await import('./upkeep/present-gc-remote.ts');
  return {
    exit: problems.length > 0 ? 2 : 0,
    problems,
    text: [collectedText(local), ...shares.map((each) => collectedShareText(each, dry))].join('\n'),
    json: {
      ...collectedJson(local),
      ...(isCloud(options) ? { remotes: shares.map(collectedShareJson) } : {}),
      ...(problems.length > 0 ? { problems } : {}),
    },
  };
}

async function undo(context: Context, engine: Engine, options: Options): Promise<Outcome> {
  const undone = await undoLocal(engine, context.signal);
  const { remote: name, jobs } = options;
  const remote = isCloud(options) ? await import('./upkeep/gc-remote.ts') : undefined;
  const shares = remote === undefined ? [] : [await remote.undoShare(engine, { context, name, jobs })];
  return {
    text: [undoneText(undone, ''), ...shares.map((each) => undoneText(each, ` of ${each.name}`))].join('\n'),
    json: { schema: 'pipe.gc/1', undone, ...(remote === undefined ? {} : { remotes: shares }) },
  };
}
