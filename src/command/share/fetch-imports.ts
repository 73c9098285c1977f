import type { Problem } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { isWithin } from '../../kit/path.ts';
import { sortedBy } from '../../kit/order.ts';
import type { NamedObject } from '../../remote/name-objects.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import type { TreeMemory } from '../source/acquire.ts';
import type { FailedImport } from '../source/failed.ts';
import { failedImport } from '../source/failed.ts';
import { isAtHand } from './at-hand.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { FetchedShare } from './fetch-to.ts';
import { bringFromSource } from './from-source.ts';
import type { ShareValues } from './options.ts';
import type { SharedThing } from './thing.ts';
import { pathOfThing } from './thing.ts';

/** What came from the repository or URL that something was imported from. */
export interface FetchedImport {
  readonly path: string;
  readonly url: string;
  readonly objects: number;
  readonly bytes: number;
}

export interface FetchedImports {
  readonly imports: readonly FetchedImport[];
  /** What kept some from coming that only their source has; the others are here. */
  readonly failed: readonly FailedImport[];
  /** Why URLs did not give what no remote has: that it is missing is told anyway. */
  readonly notes: readonly Problem[];
  /** What came from URLs, since no remote had it. */
  readonly recovered: readonly SharedThing[];
}

/**
 * Brings what was imported from elsewhere and is not here yet from there: of repositories at the commit that is recorded;
 * of URLs, which are shared by remotes, what no remote had.
 */
export async function fetchImports(
  data: DataProject,
  things: readonly SharedThing[],
  how: {
    readonly context: Context;
    readonly global: GlobalOptions;
    readonly options: Pick<ShareValues, 'jobs'> & ChoiceValues;
    /** What no remote was asked for, since there is none. */
    readonly sourced: readonly SharedThing[];
  },
): Promise<FetchedImports> {
  const imports: FetchedImport[] = [];
  const failed: FailedImport[] = [];
  const notes: Problem[] = [];
  const recovered: SharedThing[] = [];
  const trees: TreeMemory = {};
  const { context, global, options, sourced } = how;
  const source = { context, global, jobs: options.jobs, trees };
  // What a repository holds is read once for all that comes from there.
  const wanted = importsAway(data, things, maxSizeOf(options));
  for (const thing of sortedBy(wanted, ({ imported }) =>
    JSON.stringify([imported.url, imported.kind === 'repo' && imported.revLock]),
  )) {
    // prettier-ignore
    const shown = pathOfThing(thing);
    const isOnlyThere = thing.imported.kind === 'repo' || sourced.includes(thing);
    try {
      // One part may have come with the whole that another is of.
      if (thing.imported.kind === 'url' && isAtHand(data, thing)) {
        recovered.push(thing);
        continue;
      }
      const came = await bringFromSource(data.engine, thing, source);
      imports.push({ path: shown, url: redactUrls(thing.imported.url), ...came });
      if (thing.imported.kind === 'url') recovered.push(thing);
    } catch (error) {
      const each = failedImport({ path: shown, file: thing.from }, error);
      if (isOnlyThere) failed.push(each);
      else notes.push(...each.problems);
    }
  }
  return { imports, failed, notes, recovered };
}

export type ImportAway = SharedThing & { readonly imported: NonNullable<SharedThing['imported']> };

/** What was imported and is not here, as far as it is no larger than asked for. */
export function importsAway(data: DataProject, things: readonly SharedThing[], maxSize: number): ImportAway[] {
  data.engine.store.hold();
  return things.filter(
    (thing): thing is ImportAway =>
      thing.imported !== undefined && isSmall(data, thing, maxSize) && !isAtHand(data, thing),
  );
}

/** Of a part that no list here tells the size of, the whole says how large it is at most. */
function isSmall({ engine: { store } }: DataProject, { entry, below }: SharedThing, maxSize: number): boolean {
  return (entryAt(store, entry, below) ?? entry).size <= maxSize;
}

/**
 * What came from remotes, where what some lacked has come from its source since. Another version of the same path is
 * lacking still.
 */
export function withRecovered(
  { engine: { store } }: DataProject,
  done: readonly FetchedShare[],
  recovered: readonly SharedThing[],
): FetchedShare[] {
  if (recovered.length === 0) return [...done];
  store.hold();
  const isGone = ({ digest, path }: NamedObject): boolean =>
    digest === undefined ? !recovered.some((thing) => isWithin(thing.path, path)) : !store.has(digest);
  return done.map((each) => {
    const [absent, wrong] = [each.absent.filter(isGone), each.wrong.filter(isGone)];
    if (absent.length + wrong.length > 0) return { ...each, absent, wrong };
    const isCut = each.isCut && each.wantsRecords;
    return { ...each, absent, wrong, isCut, problems: isCut ? each.problems : [] };
  });
}
