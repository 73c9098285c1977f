import { pointersOf, refuseMisstated } from '../../data/misstated.ts';
import { globMatcher } from '../../graph/glob.ts';
import type { PendingImport } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { openData, selectData } from '../data-project.ts';
import { inProject } from '../edit-target.ts';
import type { BroughtAll, Bringing } from '../source/pending.ts';
import type { Shares } from './open-remotes.ts';
import { hasKnownRemote, isSourced, needsNoRemote, sharesOf } from './open-remotes.ts';
import type { ChoiceValues } from './choose.ts';
import { choiceOf, choosePending } from './choose.ts';
import type { RunCacheValues, ShareValues } from './options.ts';
import { jobsOf, runCacheOf } from './options.ts';
import type { SharedThings } from './shared.ts';
import { withRecords } from './run-records.ts';
import { namesOf, sharedThings } from './shared.ts';
import type { SharedThing } from './thing.ts';

type Bring = Pick<Bringing, 'force' | 'isOnlyRecorded'>;

/** What push, pull and fetch begin with. */
export interface OpenShares {
  readonly data: DataProject;
  /** Imports that were not downloaded yet, and came first. */
  readonly brought: BroughtAll;
  /** Those that would come first, with `--dry`. */
  readonly waiting: readonly PendingImport[];
  /** Those that were left out, since nobody knows whether they are as small as was asked for. */
  readonly unsized: readonly PendingImport[];
  readonly shared: SharedThings;
  /** The same, by remote. */
  readonly shares: Shares;
  /** What was imported from URLs, and no remote is asked for, since the project has none. */
  readonly sourced: readonly SharedThing[];
  /** What the cache has, where the project has no remote that could be asked. */
  readonly local: readonly SharedThing[];
  /** See {@link runCacheOf}. */
  readonly runCache: ReturnType<typeof runCacheOf>;
}

interface OpenSharesOptions {
  readonly positionals: readonly string[];
  readonly options: ShareValues & RunCacheValues & ChoiceValues;
  readonly global: GlobalOptions;
  /** Brings imports that were not downloaded yet, where there are any; `dry` only finds them. */
  readonly bring?: Bring | 'dry' | undefined;
}

/**
 * Opens the project, and finds what the flags choose of it.
 * @throws {PipeError} PIPE_USAGE, before anything is looked at; what is wrong with the project, its targets and remotes
 */
export async function openShares(context: Context, asked: OpenSharesOptions): Promise<OpenShares> {
  const { positionals, options, bring } = asked;
  jobsOf(options);
  const runCache = runCacheOf(options);
  const isChosen = choiceOf(options);
  const { data, brought, waiting, unsized } = await openBrought(context, asked);
  const targets = bring === undefined ? positionals : await targetsLeft(data, { context, options, positionals });
  const found =
    targets.length === 0 && positionals.length > 0
      ? { things: [], blocks: [], problems: [] }
      : await sharedThings(data, { context, targets, options });
  refuseMisstated(data.engine.store, pointersOf(found.things.flatMap(({ selected }) => selected ?? [])));
  // What has just come from its source is nothing to ask a remote for.
  const came = new Set(brought.brought.map(({ path }) => path));
  const things = found.things.filter(
    (thing) => isChosen?.(thing) !== false && !(thing.selected && came.has(thing.path)),
  );
  // What comes, from where nobody says.
  const usual = bring !== undefined && options.remote === undefined ? things : [];
  const sourced = usual.filter((thing) => isSourced(data.engine, thing));
  const local = usual.filter((thing) => !sourced.includes(thing) && needsNoRemote(data, thing));
  const alone = new Set([...sourced, ...local]);
  const others = things.filter((thing) => !alone.has(thing));
  const besides = data.pending.length + came.size + alone.size;
  const isNoRemote = others.length === 0 && options.remote === undefined && besides > 0 && runCache !== 'all';
  // What other revisions want elsewhere than where this one knows keeps nobody from what is known.
  const isLeft = (thing: SharedThing): boolean => options.rev !== undefined && !hasKnownRemote(data.engine, thing, options.remote); // prettier-ignore
  const known = others.filter((thing) => !isLeft(thing));
  const placed = isNoRemote ? NO_SHARES : sharesOf(data.engine, known, options.remote);
  const chosen = { ...placed, elsewhere: [...placed.elsewhere, ...others.filter(isLeft)] };
  // What push sends there by itself comes by itself, too: run records, where nothing else is shared.
  const isRecords = bring !== undefined && runCache === 'all' && positionals.length === 0;
  const shares = isRecords
    ? { ...chosen, shares: withRecords(data, chosen, { ...found, runCache, asked: options.remote }) }
    : chosen;
  return {
    data,
    brought,
    waiting,
    unsized,
    shared: { ...found, things },
    shares,
    sourced,
    local,
    runCache,
  };
}

/** What was brought is tracked from then on: the project is opened once more. */
async function openBrought(
  context: Context,
  { positionals, options, global, bring }: OpenSharesOptions,
): Promise<Pick<OpenShares, 'data' | 'brought' | 'waiting' | 'unsized'>> {
  const data = await openData(context, global);
  const none = { data, brought: NOTHING_BROUGHT, waiting: [], unsized: [] };
  if (bring === undefined || data.pending.length === 0) return none;
  const { bringPending, pendingOf } = await import('../source/pending.ts');
  const meant = pendingOf(data, positionals, { cwd: context.cwd, glob: options.glob });
  const { chosen, unsized } = choosePending(options, meant);
  if (bring === 'dry') return { ...none, waiting: chosen, unsized };
  if (chosen.length === 0) return { ...none, unsized };
  const brought = await bringPending(data, chosen, { context, global, jobs: jobsOf(options), ...bring });
  return { data: await openData(context, global), brought, waiting: [], unsized };
}

const NOTHING_BROUGHT: BroughtAll = { brought: [], written: [], failed: [] };
const NO_SHARES: Shares = { shares: [], kept: [], elsewhere: [] };

/** Targets that mean more than imports that did not come: what there was to do for these is done. */
async function targetsLeft(
  data: DataProject,
  {
    context: { cwd },
    options: { glob, recursive },
    positionals,
  }: { readonly context: Context; readonly options: ShareValues; readonly positionals: readonly string[] },
): Promise<readonly string[]> {
  if (data.pending.length === 0) return positionals;
  const { pendingOf } = await import('../source/pending.ts');
  const { root } = data.engine.project;
  return positionals.filter((target) => {
    if (pendingOf(data, [target], { cwd, glob }).length === 0) return true;
    if (glob === true) {
      const matches = globMatcher(inProject({ root, cwd }, target));
      return data.tracked.some((tracked) => namesOf(tracked).some((name) => matches(name)));
    }
    try {
      return selectData(data, [target], { cwd, recursive }).length > 0;
    } catch (error) {
      if (error instanceof PipeError) return false;
      throw error;
    }
  });
}
