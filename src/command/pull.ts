import { lstatSync } from 'node:fs';
import type { CheckedOut } from '../data/checkout.ts';
import { checkout } from '../data/checkout.ts';
import type { Selected } from '../data/select.ts';
import { absoluteOf } from '../data/workspace.ts';
import { problemJson } from '../problem/json.ts';
import { PipeError } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import { checkedOutText, totalOf } from './checked-out.ts';
import type { Context, GlobalOptions, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions } from './data-project.ts';
import { isAtHand } from './share/at-hand.ts';
import { dryFetch } from './share/dry-fetch.ts';
import type { FetchedImports } from './share/fetch-imports.ts';
import { fetchImports, withRecovered } from './share/fetch-imports.ts';
import { fetchShares, isAnyCut, refuseIfOnlyFailed } from './share/fetch-shares.ts';
import type { FetchedShare } from './share/fetch-to.ts';
import { fetchedJson, fetchedLines } from './share/fetched-words.ts';
import { broughtJson, broughtLines } from './source/brought-words.ts';
import { failedJson } from './source/failed.ts';
import { openShares } from './share/open-shares.ts';
import { FETCH_OPTIONS, SHARE_OPTIONS } from './share/options.ts';
import type { SharedThing } from './share/thing.ts';
import { pathOfThing } from './share/thing.ts';
import { unreadJson } from './share/words.ts';

const PULL_OPTIONS = {
  ...SHARE_OPTIONS,
  force: { type: 'boolean', short: 'f', help: 'overwrite files that are not in the cache' },
  ...FETCH_OPTIONS,
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Fetches, and puts in place what has come while the rest is on its way: `pipe fetch` and `pipe checkout` in one.\n' +
    'A remote is asked for what the cache lacks. Exits with 1 when it lacks something, or holds wrong bytes of it.',
  options: PULL_OPTIONS,
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const opened = await openShares(context, {
      positionals,
      options,
      global,
      bring: options.dry === true ? 'dry' : { force: options.force === true, isOnlyRecorded: false },
    });
    if (options.dry === true) return dryFetch(opened, { context, options, verbose: global.verbose });
    const { data, brought, shared, shares } = opened;
    const runCache = opened.runCache === 'all';
    const placing = new Placing(data, { context, global, options });
    let fetched: readonly FetchedShare[];
    let elsewhere: FetchedImports;
    const isNew = (thing: SharedThing): boolean => thing.selected !== undefined && !isInPlace(data, thing);
    try {
      const onComplete = (things: readonly SharedThing[]): Promise<void> => placing.place(things);
      fetched = await fetchShares(data, shares.shares, { context, global, options, runCache, onComplete, isNew });
      elsewhere = await fetchImports(data, shared.things, { context, global, options, sourced: opened.sourced });
      const more = [...shares.kept, ...shares.elsewhere, ...opened.sourced, ...opened.local].filter((thing) =>
        isAtHand(data, thing),
      );
      await placing.place([...new Set([...more, ...elsewhere.recovered])]);
    } finally {
      data.engine.index.save();
      data.engine.objects.save();
    }
    const { imports, notes, recovered } = elsewhere;
    const failed = [...brought.failed, ...elsewhere.failed];
    const problems = [...notes, ...failed.flatMap((each) => each.problems)];
    const done = withRecovered(data, fetched, recovered);
    const refused = placing.problems;
    const checkedOut = placing.done();
    const isPlaced = checkedOut.some(({ added, modified, deleted }) => added + modified + deleted > 0);
    const isFetched = done.some(({ objects, records }) => objects + records > 0) || imports.length > 0;
    // What came, and what was put in place, is told whatever becomes of the rest.
    if (refused.length > 0 && !isPlaced && !isFetched)
      throw new PipeError([...refused, ...done.flatMap((each) => each.problems), ...problems]);
    refuseIfOnlyFailed(done, failed, isPlaced || brought.brought.length + imports.length > 0);
    const isMissing =
      done.some(({ absent, wrong }) => absent.length + wrong.length > 0) ||
      checkedOut.some(({ missing }) => missing.length > 0);
    const lines = [...broughtLines(brought), ...fetchedLines(done, { ...opened, imports, verbose: global.verbose })];
    return {
      problems: [...refused, ...done.flatMap((each) => each.problems), ...problems],
      exit:
        refused.length > 0
          ? 2
          : failed.length > 0 || isAnyCut(done) || (isMissing && options['allow-missing'] !== true)
            ? 1
            : 0,
      text: [...lines, ...placedLines(checkedOut, done)].join('\n'),
      json: {
        schema: 'pipe.pull/1',
        dry: false,
        remotes: done.map(fetchedJson),
        ...broughtJson(brought),
        ...(imports.length > 0 ? { imports } : {}),
        ...(refused.length > 0 ? { refused: refused.map(problemJson) } : {}),
        ...failedJson(failed),
        ...unreadJson(opened.shared.problems),
        paths: checkedOut,
        ...totalOf(checkedOut),
      },
    };
  },
});

/** Whether something lies where a thing belongs. */
function isInPlace({ engine: { project } }: DataProject, thing: SharedThing): boolean {
  return lstatSync(absoluteOf(project, pathOfThing(thing)), { throwIfNoEntry: false }) !== undefined;
}

interface PlacingOptions {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: OptionValues<typeof PULL_OPTIONS>;
}

/** What concerns the paths that it names alone. */
const REFUSALS = new Set(['PIPE_UNSAVED', 'PIPE_FILE_READ']);

/** Puts things of the workspace in place, some after others. */
class Placing {
  /** What kept some from being put in place; the others are. */
  readonly problems: Problem[] = [];
  readonly #data: DataProject;
  readonly #options: PlacingOptions;
  readonly #checkedOut = new Map<string, CheckedOut>();

  constructor(data: DataProject, options: PlacingOptions) {
    this.#data = data;
    this.#options = options;
  }

  /** What was done, by path. */
  done(): CheckedOut[] {
    return [...this.#checkedOut.values()];
  }

  async place(things: readonly SharedThing[]): Promise<void> {
    const selected = things.flatMap((thing): Selected[] => (thing.selected === undefined ? [] : [thing.selected]));
    if (selected.length === 0) return;
    await this.#placeSome(selected);
  }

  /** One that would lose files keeps no other from being put in place: it is found by halves. */
  async #placeSome(selected: readonly Selected[]): Promise<void> {
    const problems = await this.#placeAll(selected);
    const isRefused = problems.length > 0 && problems.every(({ code }) => REFUSALS.has(code));
    if (selected.length === 1 || !isRefused) {
      this.problems.push(...problems);
      return;
    }
    const half = Math.ceil(selected.length / 2);
    await this.#placeSome(selected.slice(0, half));
    await this.#placeSome(selected.slice(half));
  }

  async #placeAll(selected: readonly Selected[]): Promise<readonly Problem[]> {
    const { context, global, options } = this.#options;
    const how = dataOptions(this.#data, { context, global, label: 'checking out' });
    try {
      const done = await checkout(this.#data.engine, selected, { ...how, force: options.force === true });
      for (const each of done) this.#checkedOut.set(each.path, placedTwice(this.#checkedOut.get(each.path), each));
      return [];
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
      return error.problems;
    } finally {
      how.progress.end();
    }
  }
}

/** What was put in place. What remotes lack of it was told with them. */
function placedLines(checkedOut: readonly CheckedOut[], done: readonly FetchedShare[]): string[] {
  const isLackTold = done.some(({ absent, wrong }) => absent.length + wrong.length > 0);
  const text = checkedOut.length > 0 ? checkedOutText(checkedOut, { summary: false, isLackTold }) : '';
  return text === '' ? [] : [text];
}

/** What was put in place of one path, the rest after a part of it. */
function placedTwice(before: CheckedOut | undefined, now: CheckedOut): CheckedOut {
  if (before === undefined) return now;
  const [added, modified, deleted] = [before.added + now.added, before.modified + now.modified, before.deleted + now.deleted]; // prettier-ignore
  return { ...now, added, modified, deleted };
}
