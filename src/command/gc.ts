import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Needs } from '../lockfile/needed.ts';
import { PipeError } from '../problem/problem.ts';
import type { ChosenCommit } from '../project/revisions.ts';
import { chooseRevisions, commitCount, startOfDay } from '../project/revisions.ts';
import { createProgress } from '../report/progress.ts';
import { isTerminal } from '../report/style.ts';
import { clean, plural } from '../report/words.ts';
import type { Engine } from '../run/engine.ts';
import type { CollectOptions, Garbage } from '../store/collect.ts';
import { findGarbage, removeGarbage } from '../store/collect.ts';
import { Marks } from '../store/mark.ts';
import type { StoredObjects } from '../store/stored-objects.ts';
import { findObjects } from '../store/stored-objects.ts';
import { trashFolders, undoTrash } from '../store/trash.ts';
import { beginUpkeep, heldNow } from '../store/upkeep.ts';
import type { NeededObject } from '../store/walk-objects.ts';
import type { Context, GlobalOptions, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { nameGarbage } from './upkeep/name-garbage.ts';
import type { Collected } from './upkeep/present-gc.ts';
import { collectedJson, collectedText, question } from './upkeep/present-gc.ts';
import { needsOf, openStoreOf, otherWorkTrees } from './upkeep/project-store.ts';

const GC_OPTIONS = {
  workspace: { type: 'boolean', short: 'w', help: 'keep what the workspace needs; the other scopes do so too' },
  'all-branches': { type: 'boolean', short: 'a', help: 'keep what the tips of all branches need' },
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
  details:
    'Removes from the cache what nothing that is kept needs. At least one scope says what is kept: -w, -a, -T, -A, --rev\n' +
    'or --date. Whatever the scope, the workspace is kept, those of linked Git worktrees too, and what running\n' +
    'processes rely on.',
  options: GC_OPTIONS,
  async run(context, { options, global }): Promise<Outcome> {
    const trashDays = options.trash === undefined ? undefined : dayCount(options.trash);
    const number = options.num === undefined ? undefined : commitCount(options.num);
    const since = options.date === undefined ? undefined : startOfDay(options.date);
    checkOptions(options);
    const engine = await openStoreOf(context);
    if (options.undo === true) return undo(engine);
    const choose = (cwd: string): Promise<ChosenCommit[]> =>
      chooseRevisions(
        { cwd, env: context.env },
        {
          revisions: options.rev ?? [],
          branches: options['all-branches'] === true,
          tags: options['all-tags'] === true,
          commits: options['all-commits'] === true,
          ...(number === undefined ? {} : { number }),
          ...(since === undefined ? {} : { since }),
        },
      );
    const others = await Promise.all((options.projects ?? []).map((path) => openOther(context, path)));
    const scope = { engine, others, workTrees: await otherWorkTrees(engine), choose };
    if (options.dry === true) return dryRun(context, scope);
    if (options.force !== true && !isTerminal(context.stdin)) {
      throw usage(
        'pipe gc asks before it removes anything, and here is nobody to ask',
        'add -f to remove without asking',
      );
    }
    return collect(context, scope, { trashDays, ask: options.force !== true, global });
  },
});

function checkOptions(options: Options): void {
  const { undo, num, rev } = options;
  if (undo === true) {
    const others = Object.keys(options).filter((name) => name !== 'undo' && name !== 'force');
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
}

function dayCount(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw usage(`--trash takes a number of days, not ${JSON.stringify(text)}`);
}

function usage(message: string, hint?: string): PipeError {
  return new PipeError({ code: 'PIPE_USAGE', message, ...(hint === undefined ? {} : { hint }) });
}

/** Another project, which may share the cache. */
function openOther(context: Context, path: string): Promise<Engine> {
  return openStoreOf({ cwd: resolve(context.cwd, path), env: context.env });
}

interface Scope {
  readonly engine: Engine;
  readonly others: readonly Engine[];
  /** The other work trees that share the cache: their commits are those of this one. */
  readonly workTrees: readonly Engine[];
  readonly choose: (root: string) => Promise<ChosenCommit[]>;
}

interface Marked {
  readonly options: Omit<CollectOptions, 'isHeld'>;
  readonly objects: StoredObjects;
}

/**
 * Reads what is kept and marks it.
 * @throws {PipeError} when anything of it cannot be understood: nothing may be removed then.
 */
async function mark({ engine, others, workTrees, choose }: Scope): Promise<Marked> {
  const { store, blake3 } = engine;
  const { layout } = store;
  const needs: Needs[] = [];
  for (const each of [engine, ...others]) needs.push(await needsOf(each, await choose(each.project.root)));
  for (const each of workTrees) needs.push(await needsOf(each, []));
  const problems = needs.flatMap((each) => each.problems);
  if (problems.length > 0) {
    throw new PipeError(
      problems.map(({ problem, revisions }) => ({
        ...problem,
        message: `${problem.message} (${revisions.slice(0, 3).join(', ')}), so it is not known what is needed`,
      })),
    );
  }
  const objects = findObjects(layout, blake3);
  const marks = new Marks(objects, layout);
  for (const { entry, path } of needs.flatMap((each) => each.roots)) marks.addEntry(entry, path);
  if (marks.damaged.length > 0) {
    throw new PipeError(
      marks.damaged.map(({ path }) => ({
        code: 'PIPE_STORE_DAMAGED',
        message: `the list of the folder ${clean(path)} is damaged in the cache, so it is not known what is needed`,
        hint: 'run `pipe fsck --repair`, or get it again from a remote',
      })),
    );
  }
  const [unreadable] = objects.unreadable;
  if (unreadable !== undefined && marks.absent.length > 0) throw perhapsInside(unreadable, marks.absent);
  return { options: { layout, blake3, marks }, objects };
}

/** A list that is in no pack that can be read is absent, or in one that cannot. */
function perhapsInside(pack: string, absent: readonly NeededObject[]): PipeError {
  return new PipeError(
    absent.map(({ path }) => ({
      code: 'PIPE_STORE_DAMAGED',
      message: `the list of the folder ${clean(path)} may lie in ${pack}, which cannot be read, so it is not known what is needed`,
      hint: 'run `pipe fsck --repair`, which brings back what is right of the pack',
    })),
  );
}

async function dryRun(context: Context, scope: Scope): Promise<Outcome> {
  const { engine } = scope;
  const { options, objects } = await mark(scope);
  const named = nameGarbage(objects, options.marks);
  const garbage = findGarbage({ ...options, isHeld: heldNow(options.layout) }, named.visitor);
  await named.lookIn(async () => needsOf(engine, await everyCommit(context, engine)));
  const collected: Collected = { garbage, absent: options.marks.absent, names: named.names(), dry: true };
  return { text: collectedText(collected), json: collectedJson(collected) };
}

async function everyCommit(context: Context, { project }: Engine): Promise<ChosenCommit[]> {
  try {
    return await chooseRevisions({ cwd: project.root, env: context.env }, { commits: true });
  } catch (error) {
    // Names are a help and no more: without Git there are none.
    if (error instanceof PipeError) return [];
    throw error;
  }
}

async function collect(
  context: Context,
  scope: Scope,
  { trashDays, ask, global }: { trashDays: number | undefined; ask: boolean; global: GlobalOptions },
): Promise<Outcome> {
  const { layout } = scope.engine.store;
  const upkeep = await beginUpkeep(layout, scope.engine.blake3);
  try {
    // After the upkeep has begun: what a process has written down by now is found, the rest stands in its lease.
    const { options } = await mark(scope);
    const collectOptions = { ...options, isHeld: (path: string) => upkeep.isHeld(path) };
    const garbage = findGarbage(collectOptions);
    const now = scope.engine.now();
    const expired = trashFolders(layout).some(({ until }) => until <= now);
    const hasWork = garbage.objects + garbage.runs + garbage.merged > 0 || expired;
    if (hasWork && ask && !(await confirmed(context, garbage, trashDays))) {
      return {
        text: 'Nothing was removed.',
        json: collectedJson({ garbage: NOTHING, absent: [], names: undefined, dry: false }),
      };
    }
    const { stderr, env } = context;
    const progress = createProgress({
      stderr,
      env,
      label: 'removing',
      noun: 'objects',
      quiet: global.json || global.quiet,
    });
    const onProgress = (objects: number): void => {
      progress.update(objects, garbage.objects);
    };
    if (hasWork) await removeGarbage({ ...collectOptions, upkeep, trashDays, now, onProgress });
    progress.end();
    const collected: Collected = { garbage, absent: options.marks.absent, names: undefined, dry: false, trashDays };
    return { text: collectedText(collected), json: collectedJson(collected) };
  } finally {
    upkeep.end();
  }
}

const NOTHING: Garbage = { objects: 0, bytes: 0, runs: 0, leftObjects: 0, leftBytes: 0, merged: 0, unreadable: 0 };

/** Asks on standard error; anything but a yes, the end of the input included, is a no. */
async function confirmed(
  { stdin, stderr, signal }: Context,
  garbage: Garbage,
  trashDays: number | undefined,
): Promise<boolean> {
  const lines = createInterface({ input: stdin, terminal: false, signal });
  try {
    stderr.write(`${question(garbage, trashDays)} [y/N] `);
    const { value } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
    return /^y(?:es)?$/i.test(value?.trim() ?? '');
  } finally {
    lines.close();
  }
}

async function undo({ store, blake3 }: Engine): Promise<Outcome> {
  const { layout } = store;
  const upkeep = await beginUpkeep(layout, blake3);
  try {
    const [newest] = trashFolders(layout);
    const files = newest === undefined ? 0 : undoTrash(layout, newest.path);
    const since = newest === undefined ? null : new Date(newest.time).toISOString();
    return {
      text:
        since === null
          ? 'The trash is empty.'
          : `Brought back ${plural(files, 'file')} that had been moved to the trash at ${since}.`,
      json: { schema: 'pipe.gc/1', undone: { files, since } },
    };
  } finally {
    upkeep.end();
  }
}
