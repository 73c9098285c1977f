import { checkImport, recordImport } from '../../data/import.ts';
import { unprotectPath } from '../../data/unprotect.ts';
import { absoluteOf, claimed } from '../../data/workspace.ts';
import type { UrlImport } from '../../lockfile/pointer-import.ts';
import type { PendingImport, TrackedPath } from '../../lockfile/pointer.ts';
import { parsePending, parsePointer } from '../../lockfile/pointer.ts';
import { makePending } from '../../project/write-pointer.ts';
import { remoteNamed } from '../../remote/open-remote.ts';
import { push } from '../../remote/push.ts';
import type { Change } from '../../source/remote-data.ts';
import { compareTold, isTelling } from '../../source/remote-data.ts';
import { PipeError } from '../../problem/problem.ts';
import { isSameObject } from '../../store/diff-tree.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { dataOptions } from '../data-project.ts';
import { knownNow } from '../known-now.ts';
import { withRemote } from '../share/open-remotes.ts';
import { transferProgress } from '../share/progress.ts';
import { withUrl } from './acquire-url.ts';
import type { Sent } from './send-url.ts';
import { remoteToName, sendFromUrl } from './send-url.ts';
import { importFolder } from './temporary.ts';

/** An import from a URL, downloaded or not. */
export type UrlTarget = Pick<TrackedPath, 'path' | 'file'> & {
  readonly imported: UrlImport;
  /** What its pointer says, where it was downloaded. */
  readonly own?: TrackedPath | undefined;
  /** The same, where it was not. */
  readonly pending?: PendingImport | undefined;
};

/** An import of which no data came here. */
export interface UpdatedAway {
  readonly path: string;
  /** `undefined` where nobody knows yet what it is. */
  readonly entry: Entry | undefined;
  readonly imported: UrlImport;
  /** As of any update. */
  readonly state: 'changed' | 'moved' | 'unchanged' | 'pending' | 'unknown' | 'sent';
  readonly written: readonly string[];
}

interface How {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: { readonly 'to-remote'?: boolean; readonly remote?: string; readonly jobs?: string };
}

/**
 * Asks a URL whether it holds something else by now. Where it does, the pointer says what it tells, and that it was not
 * downloaded; the files of the workspace stay, as plain ones. Where it does not tell, nothing is done.
 * @throws {PipeError} PIPE_FILE_CHANGED, what keeps the URL from being asked, and the pointer from being changed
 */
export async function updateLater(data: DataProject, target: UrlTarget, how: How): Promise<UpdatedAway> {
  const { imported, change } = await ask(data, target, how);
  const { path, file, own, imported: before } = target;
  if (change !== 'changed') {
    const state = change === 'same' ? 'unchanged' : change;
    return { path, entry: own?.entry, imported: before, state, written: [] };
  }
  const { project } = data.engine;
  const { signal } = how.context;
  await claimed(data.engine, { writes: [path], signal, name: 'import' }, async () => {
    // From now on nothing keeps what lies there in the cache: links to it would lead nowhere one day.
    await unprotectPath(data.engine, path, signal);
    makePending(project, { path, file }, { imported, isAsExpected: (text) => isStill(target, text) });
  });
  return { path, entry: undefined, imported, state: 'pending', written: [absoluteOf(project, file)] };
}

/**
 * Sends what a URL holds by now to the remote of the import, as far as that lacks it, and records it. None of it stays here.
 * @throws {PipeError} what is wrong with the remote or the URL, and as `recordImport` does
 */
export async function updateToRemote(data: DataProject, target: UrlTarget, how: How): Promise<UpdatedAway> {
  if (target.own?.pointer.out.push === false) throw neverPushed(target);
  const { change } = await ask(data, target, how);
  const { path, own, pending, imported: before } = target;
  const { engine } = data;
  const { context, global } = how;
  const kept = own?.pointer.out.remote ?? pending?.remote;
  const remote = how.options.remote ?? kept;
  const options = { ...how.options, ...(remote === undefined ? {} : { remote }) };
  if (pending !== undefined) checkImport(engine, path, { known: knownNow(context), force: true });
  const known = own !== undefined && change === 'same' ? await sendKnown(data, own, { ...how, options }) : undefined;
  const sent =
    known ??
    (await sendFromUrl(before.url, data, {
      kept,
      allowed: engine.project.config.allowed(),
      context,
      global,
      options,
      temporary: importFolder(engine.project.pipeDir),
    }));
  const isSame = own !== undefined && isSameObject(sent.entry, own.entry);
  const now: UrlImport = isSame && !isTelling(sent.told) ? before : { kind: 'url', url: before.url, ...sent.told };
  const { progress, ...links } = dataOptions(data, { context, global, label: 'recording' });
  try {
    const { written } = await recordImport(
      engine,
      {
        path,
        entry: sent.entry,
        imported: now,
        own,
        pending,
        // A pointer that names that remote already is changed in place.
        remote: remote === kept ? undefined : sent.remote,
        known: () => knownNow(context),
      },
      { ...links, force: false, isOnlyRecorded: true },
    );
    const isMoved = isSame && compareTold(before, now) === 'changed';
    const isNews = written.length > 0 || (known?.objects ?? 0) > 0;
    const state = !isSame ? 'changed' : isMoved ? 'moved' : isNews ? 'sent' : 'unchanged';
    return { path, entry: sent.entry, imported: now, state, written };
  } finally {
    progress.end();
  }
}

function neverPushed({ path }: UrlTarget): PipeError {
  return new PipeError({
    code: 'PIPE_USAGE',
    message: `${path} is never pushed (push: false)`,
    hint: 'update it without --to-remote',
  });
}

/**
 * Sees to it that the remote has what has not changed: what it lacks is sent from the cache.
 * @returns `undefined` where neither has all of it
 */
async function sendKnown(
  { engine }: DataProject,
  { path, entry, pointer }: TrackedPath,
  { context, global, options }: How,
): Promise<(Sent & { readonly objects: number }) | undefined> {
  const name = remoteNamed(engine.project.config, options.remote);
  const progress = transferProgress(context, global, `sending to ${name}`);
  const how = { roots: [{ entry, path }], records: [], logs: [], dry: false, verify: false };
  try {
    const { missing, objects } = await withRemote(engine, { name, context, options }, (remote) =>
      push(remote, engine.store, { ...how, onProgress: progress.onProgress }),
    );
    if (missing.length > 0) return undefined;
    const told = pointer.imported?.kind === 'url' ? pointer.imported : {};
    return { entry, told, remote: remoteToName(engine, name, pointer.out.remote), objects };
  } finally {
    progress.end();
  }
}

async function ask(
  { engine: { project, blake3 } }: DataProject,
  { imported: before }: UrlTarget,
  { context }: How,
): Promise<{ readonly imported: UrlImport; readonly change: Change }> {
  const how = { context, blake3, base: project.root, allowed: project.config.allowed() };
  const told = await withUrl(before.url, how, (data) => data.tell());
  return { imported: { kind: 'url', url: before.url, ...told }, change: compareTold(before, told) };
}

/** Whether a pointer says what it said when the URL was asked. */
function isStill({ file, imported, own }: UrlTarget, text: string): boolean {
  const parsed = parsePointer(text, { file });
  const now = parsed.ok ? parsed.value.pointer.imported : parsePending(text, { file })?.imported;
  return JSON.stringify(now) === JSON.stringify(imported) && (parsed.ok ? parsed.value.entry.digest : undefined) === own?.entry.digest; // prettier-ignore
}
