import { pointersOf, refuseMisstated } from '../../data/misstated.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { openData } from '../data-project.ts';
import type { BroughtAll, Bringing } from '../source/pending.ts';
import type { Shares } from './open-remotes.ts';
import { sharesOf } from './open-remotes.ts';
import type { ChoiceValues } from './choose.ts';
import { choiceOf } from './choose.ts';
import type { RunCacheValues, ShareValues } from './options.ts';
import { jobsOf, runCacheOf } from './options.ts';
import type { SharedThings } from './shared.ts';
import { sharedThings } from './shared.ts';

type Bring = Pick<Bringing, 'force' | 'isOnlyRecorded'>;

/** What push, pull and fetch begin with. */
export interface OpenShares {
  readonly data: DataProject;
  /** Imports that were not downloaded yet, and came first. */
  readonly brought: BroughtAll;
  readonly shared: SharedThings;
  /** The same, by remote. */
  readonly shares: Shares;
  /** See {@link runCacheOf}. */
  readonly runCache: ReturnType<typeof runCacheOf>;
}

/**
 * Opens the project, and finds what the flags choose of it.
 * @throws {PipeError} PIPE_USAGE, before anything is looked at; what is wrong with the project, its targets and remotes
 */
export async function openShares(
  context: Context,
  {
    positionals,
    options,
    global,
    bring,
  }: {
    readonly positionals: readonly string[];
    readonly options: ShareValues & RunCacheValues & ChoiceValues;
    readonly global: GlobalOptions;
    /** Brings imports that were not downloaded yet, where there are any. */
    readonly bring?: Bring | undefined;
  },
): Promise<OpenShares> {
  jobsOf(options);
  const runCache = runCacheOf(options);
  const isChosen = choiceOf(options);
  const { data, brought } = await openBrought(context, { targets: positionals, global, bring });
  const found = await sharedThings(data, { context, targets: positionals, options });
  refuseMisstated(data.engine.store, pointersOf(found.things.flatMap(({ selected }) => selected ?? [])));
  const shared = isChosen === undefined ? found : { ...found, things: found.things.filter(isChosen) };
  return { data, brought, shared, shares: sharesOf(data.engine, shared.things, options.remote), runCache };
}

/**
 * What was brought is tracked from then on: the project is opened once more.
 * @throws {PipeError} what keeps an import from coming, where targets were named: of what was named nothing else is left
 * to do
 */
async function openBrought(
  context: Context,
  {
    targets,
    global,
    bring,
  }: { readonly targets: readonly string[]; readonly global: GlobalOptions; readonly bring: Bring | undefined },
): Promise<{ readonly data: DataProject; readonly brought: BroughtAll }> {
  const data = await openData(context, global);
  if (bring === undefined || data.pending.length === 0) return { data, brought: NOTHING_BROUGHT };
  const { bringPending } = await import('../source/pending.ts');
  const brought = await bringPending(data, targets, { context, global, ...bring });
  if (targets.length > 0 && brought.problems.length > 0) throw new PipeError(brought.problems);
  return { data: await openData(context, global), brought };
}

const NOTHING_BROUGHT: BroughtAll = { brought: [], written: [], problems: [] };
