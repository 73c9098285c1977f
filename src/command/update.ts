import { relative } from 'node:path';
import { recordImport } from '../data/import.ts';
import { isWithin } from '../kit/path.ts';
import type { Import } from '../lockfile/pointer-import.ts';
import { isRevision } from '../lockfile/pointer-import.ts';
import type { PendingImport, TrackedPath } from '../lockfile/pointer.ts';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { clean } from '../report/words.ts';
import { compareTold, isTelling } from '../source/remote-data.ts';
import type { Entry } from '../store/tree.ts';
import { isSameObject } from '../store/diff-tree.ts';
import type { Context, GlobalOptions, OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData } from './data-project.ts';
import { forGit } from './data-words.ts';
import { inProject } from './edit-target.ts';
import { jobsOf } from './share/options.ts';
import { acquire } from './source/acquire.ts';
import { acquireUrl } from './source/acquire-url.ts';
import type { FailedImport } from './source/failed.ts';
import { failedImport, failedJson } from './source/failed.ts';
import { importedJson } from './source/imported-words.ts';
import { knownNow } from './known-now.ts';
import { JOBS_OPTION } from './source/options.ts';
import { refuseMixed } from './source/send-url.ts';
import type { UrlTarget } from './source/update-url.ts';
import { bringImport, pendingOf } from './source/pending.ts';
import { importFolder } from './source/temporary.ts';

const OPTIONS = {
  rev: { type: 'string', value: 'REV', help: 'follow this branch, tag or commit from now on' },
  recursive: { type: 'boolean', short: 'R', help: 'targets are folders: every import below them' },
  ...JOBS_OPTION,
  'to-remote': { type: 'boolean', help: 'of URLs: send the data to the remote, and keep none of them here' },
  remote: {
    type: 'string',
    short: 'r',
    value: 'NAME',
    help: 'with --to-remote: to this one (default: that of the import)',
  },
  'no-download': { type: 'boolean', help: 'only write the pointers; `pipe pull` brings the data' },
  force: { type: 'boolean', short: 'f', help: 'overwrite files that are not in the cache' },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof OPTIONS>;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Brings imports up to date with where they come from: targets are pointers, or what they track; without any, every\n' +
    'import of the project. What did not change there is not downloaded again.\n' +
    'Exits with 1 when some were updated and others could not be.',
  options: OPTIONS,
  async run(context, { positionals, options, global }): Promise<Outcome> {
    refuseMixed(options);
    if (options.rev !== undefined && !isRevision(options.rev)) {
      throw new PipeError({ code: 'PIPE_GIT_REVISION', message: `${JSON.stringify(options.rev)} is no revision` });
    }
    const data = await openData(context, global);
    const late = pendingOf(data, positionals, context);
    const targets = targetsOf(data, positionals, { context, options, late });
    for (const { path, imported } of late) refuseForKind(path, imported, options);
    for (const { path, pointer } of targets) refuseForKind(path, pointer.imported, options);
    const done: Updated[] = [];
    const failed: FailedImport[] = [];
    for (const target of targets) {
      try {
        done.push(await update(data, target, { context, global, options }));
      } catch (error) {
        failed.push(failedImport(target, error));
      }
    }
    for (const each of late) {
      try {
        done.push(await updatePending(data, each, { context, global, options }));
      } catch (error) {
        failed.push(failedImport(each, error));
      }
    }
    data.engine.index.save();
    data.engine.objects.save();
    await autostage(data.engine.project, context.env, done.flatMap(({ written }) => written)); // prettier-ignore
    const problems = failed.flatMap((each) => each.problems);
    if (done.length === 0 && problems.length > 0) throw new PipeError(problems);
    const written = done.flatMap((each) => each.written.map((file) => relative(context.cwd, file)));
    return {
      exit: failed.length > 0 ? 1 : 0,
      problems,
      text: describe(done, written),
      json: {
        schema: 'pipe.update/1',
        imports: done.map(({ state, ...each }) => ({ state, ...importedJson(each) })),
        written,
        ...failedJson(failed),
      },
    };
  },
});

interface Updated {
  readonly path: string;
  /** `undefined` where it was not downloaded. */
  readonly entry: Entry | undefined;
  readonly imported: Import;
  /**
   * `moved`: the source is at another commit, and holds the same there. `pending`: it holds what was not downloaded.
   * `unknown`: only a download could tell. `sent`: it holds the same, and the remote has it now.
   */
  readonly state: 'changed' | 'moved' | 'unchanged' | 'pending' | 'unknown' | 'sent';
  readonly written: readonly string[];
}

type Target = TrackedPath & { readonly pointer: { readonly imported: Import } };

/** @throws {PipeError} PIPE_TARGET_UNKNOWN; PIPE_FROZEN for what is named and frozen */
function targetsOf(
  { engine, pointers }: DataProject,
  asked: readonly string[],
  {
    context,
    options,
    late,
  }: { readonly context: Context; readonly options: Options; readonly late: readonly PendingImport[] },
): Target[] {
  const imports = pointers.filter((each): each is Target => each.pointer.imported !== undefined);
  if (asked.length === 0) return imports.filter(({ pointer }) => pointer.frozen !== true);
  const found = new Set<Target>();
  for (const target of asked) {
    const path = inProject({ root: engine.project.root, cwd: context.cwd }, target);
    const meant = imports.filter((each) => each.path === path || each.file === path || (options.recursive === true && isWithin(path, each.path))); // prettier-ignore
    if (
      meant.length === 0 &&
      !late.some((each) => each.path === path || each.file === path || isWithin(path, each.path))
    )
      throw noImport(target, imports);
    for (const each of meant) found.add(each);
  }
  for (const { path, file, pointer } of found) {
    if (pointer.frozen !== true) continue;
    const hint = `let it change again: pipe unfreeze ${file}`;
    throw new PipeError({ code: 'PIPE_FROZEN', message: `${path} is frozen: no command changes what ${file} records`, hint }); // prettier-ignore
  }
  return [...found];
}

function noImport(target: string, imports: readonly Target[]): PipeError {
  const known = imports.slice(0, 5).map(({ path }) => path);
  const hint = known.length === 0 ? 'nothing is imported here: see `pipe import`' : `imported are ${known.join(', ')}`;
  return new PipeError({ code: 'PIPE_TARGET_UNKNOWN', message: `"${target}" is no import`, hint });
}

interface How {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: Options;
}

/** Of what is imported from a URL, without its data coming here; `undefined` where they are to come. */
async function updateAway(data: DataProject, target: UrlTarget, how: How): Promise<Updated | undefined> {
  if (how.options['to-remote'] !== true && how.options['no-download'] !== true) return undefined;
  const { updateLater, updateToRemote } = await import('./source/update-url.ts');
  return how.options['to-remote'] === true ? updateToRemote(data, target, how) : updateLater(data, target, how);
}

async function updatePending(data: DataProject, pending: PendingImport, how: How): Promise<Updated> {
  const { context, global, options } = how;
  const away = await updateAway(data, { ...pending, pending }, how);
  if (away !== undefined) return away;
  const [force, jobs] = [options.force === true, jobsOf(options)];
  const bringing = { context, global, jobs, force, isOnlyRecorded: false, takesChanged: true };
  return { ...(await bringImport(data, pending, bringing)), state: 'changed' };
}

async function update(data: DataProject, own: Target, how: How): Promise<Updated> {
  const { context, global, options } = how;
  const { path, file, entry: before } = own;
  const { imported: recorded } = own.pointer;
  const away =
    recorded.kind === 'url' ? await updateAway(data, { path, file, imported: recorded, own }, how) : undefined;
  if (away !== undefined) return away;
  const { entry, imported: now } = await look(data, own, how);
  const isSame = isSameObject(entry, before);
  const imported = isSame ? toldOf(now, recorded) : now;
  const { progress, ...links } = dataOptions(data, { context, global, label: 'checking out' });
  try {
    const { written, changed } = await recordImport(
      data.engine,
      { path, entry, imported, own, known: () => knownNow(context) },
      {
        ...links,
        force: options.force === true,
        isOnlyRecorded: options['no-download'] === true,
      },
    );
    return { path, entry, imported, written, state: isSame ? (changed ? 'moved' : 'unchanged') : 'changed' };
  } catch (error) {
    throw withOwnHint(error);
  } finally {
    progress.end();
  }
}

/** Nothing but an update records an import: changes of one's own can be kept elsewhere alone. */
function withOwnHint(error: unknown): unknown {
  if (!(error instanceof PipeError)) return error;
  const hint = 'put them elsewhere, or overwrite them with --force';
  const problems = error.problems.map((each) => (each.code === 'PIPE_UNSAVED' ? { ...each, hint } : each));
  return new PipeError(problems, { cause: error });
}

/** What is recorded of a source that holds the same: what it tells now, where that is more, or something else. */
function toldOf(now: Import, recorded: Import): Import {
  if (now.kind !== 'url' || recorded.kind !== 'url') return now;
  return isTelling(now) && compareTold(recorded, now) !== 'same' ? now : recorded;
}

/** What the source holds now; its objects are in the store unless they are not wanted. */
async function look(
  { engine }: DataProject,
  { pointer: { imported }, entry }: Target,
  {
    context,
    global,
    options,
  }: { readonly context: Context; readonly global: GlobalOptions; readonly options: Options },
): Promise<{ readonly entry: Entry; readonly imported: Import }> {
  const { project, blake3, store } = engine;
  const temporary = importFolder(project.pipeDir);
  const allowed = project.config.allowed();
  if (imported.kind === 'url') {
    const { url } = imported;
    const known = { told: imported, entry };
    const base = project.root;
    const how = { context, global, blake3, store, temporary, base, allowed, known, jobs: jobsOf(options) };
    const got = await acquireUrl(url, how);
    return { entry: got.entry, imported: { kind: 'url', url, ...got.told } };
  }
  const rev = options.rev ?? imported.rev;
  const { remote } = imported;
  const got = await acquire(
    { url: imported.url, allowed, rev, path: imported.path, base: project.root },
    {
      context,
      global,
      options: {
        ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
        ...(remote === undefined ? {} : { remote }),
      },
      blake3,
      store,
      temporary,
      isOnlyNamed: options['no-download'] === true,
      known: { commit: imported.revLock, entry },
    },
  );
  return { entry: got.entry, imported: { ...imported, ...(rev === undefined ? {} : { rev }), revLock: got.commit } };
}

/** @throws {PipeError} PIPE_USAGE for what only an import of a repository knows, or only one of a URL */
function refuseForKind(path: string, { kind }: Import, options: Options): void {
  const name = kind === 'url' ? 'rev' : 'to-remote';
  if (options[name] === undefined) return;
  const from = kind === 'url' ? 'a URL' : 'a repository, where its data stay';
  const message = `${path} is imported from ${from}: there is no --${name} for it`;
  throw new PipeError({ code: 'PIPE_USAGE', message, hint: 'name other targets' });
}

const WORDS = {
  changed: 'updated',
  moved: 'the source has moved on, and holds the same there',
  unchanged: 'nothing changed',
  pending: 'the source holds something else now, which was not downloaded (pipe pull)',
  unknown: 'the source does not tell whether it changed: only a download can (pipe update)',
  sent: 'nothing changed, and the remote has it now',
} as const;

function describe(done: readonly Updated[], written: readonly string[]): string {
  if (done.length === 0) return 'Nothing is imported here.';
  const lines = done.map(({ path, state, imported }) => {
    const at = imported.kind === 'repo' ? ` (${imported.rev ?? 'the default branch'}: ${imported.revLock.slice(0, 12)})` : ''; // prettier-ignore
    return `${clean(path)}  ${WORDS[state]}${clean(at)}`;
  });
  return [...lines, ...forGit(written)].join('\n');
}
