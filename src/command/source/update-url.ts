import { checkImport, recordImport } from '../../data/import.ts';
import { unprotectPath } from '../../data/unprotect.ts';
import { absoluteOf, claimed } from '../../data/workspace.ts';
import type { UrlImport } from '../../lockfile/pointer-import.ts';
import type { PendingImport, TrackedPath } from '../../lockfile/pointer.ts';
import { parsePending, parsePointer } from '../../lockfile/pointer.ts';
import { makePending } from '../../project/write-pointer.ts';
import { isUnchanged } from '../../source/remote-data.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { dataOptions } from '../data-project.ts';
import { knownNow } from '../known-now.ts';
import { withUrl } from './acquire-url.ts';
import { sendFromUrl } from './send-url.ts';
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
  readonly state: 'changed' | 'unchanged' | 'pending';
  readonly written: readonly string[];
}

interface How {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly options: { readonly 'to-remote'?: boolean; readonly remote?: string; readonly jobs?: string };
}

/**
 * Asks a URL whether it holds something else by now. Where it does, the pointer says what it tells, and that it was not
 * downloaded; the files of the workspace stay, as plain ones.
 * @throws {PipeError} PIPE_FILE_CHANGED, what keeps the URL from being asked, and the pointer from being changed
 */
export async function updateLater(data: DataProject, target: UrlTarget, how: How): Promise<UpdatedAway> {
  const { imported, unchanged } = await ask(data, target, how);
  if (unchanged !== undefined) return unchanged;
  const { path, file } = target;
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
 * Sends what a URL holds by now to the remote of the import, where it is something else, and records it. None of it stays
 * here.
 * @throws {PipeError} what is wrong with the remote or the URL, and as `recordImport` does
 */
export async function updateToRemote(data: DataProject, target: UrlTarget, how: How): Promise<UpdatedAway> {
  const { unchanged } = await ask(data, target, how);
  const { path, own, pending, imported } = target;
  if (unchanged !== undefined && own !== undefined) return unchanged;
  const { engine } = data;
  const { context, global } = how;
  const kept = own?.pointer.out.remote ?? pending?.remote;
  const remote = how.options.remote ?? kept;
  if (pending !== undefined) checkImport(engine, path, { known: knownNow(context), force: true });
  const sent = await sendFromUrl(imported.url, data, {
    kept,
    allowed: engine.project.config.allowed(),
    context,
    global,
    options: { ...how.options, ...(remote === undefined ? {} : { remote }) },
    temporary: importFolder(engine.project.pipeDir),
  });
  const now: UrlImport = { kind: 'url', url: imported.url, ...sent.told };
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
    return { path, entry: sent.entry, imported: now, state: 'changed', written };
  } finally {
    progress.end();
  }
}

async function ask(
  { engine: { project, blake3 } }: DataProject,
  { path, imported: before, own }: UrlTarget,
  { context }: How,
): Promise<{ readonly imported: UrlImport; readonly unchanged: UpdatedAway | undefined }> {
  const how = { context, blake3, base: project.root, allowed: project.config.allowed() };
  const told = await withUrl(before.url, how, (data) => data.tell());
  const imported: UrlImport = { kind: 'url', url: before.url, ...told };
  if (!isUnchanged(before, told)) return { imported, unchanged: undefined };
  return { imported, unchanged: { path, entry: own?.entry, imported: before, state: 'unchanged', written: [] } };
}

/** Whether a pointer says what it said when the URL was asked. */
function isStill({ file, imported, own }: UrlTarget, text: string): boolean {
  const parsed = parsePointer(text, { file });
  const now = parsed.ok ? parsed.value.pointer.imported : parsePending(text, { file })?.imported;
  return JSON.stringify(now) === JSON.stringify(imported) && (parsed.ok ? parsed.value.entry.digest : undefined) === own?.entry.digest; // prettier-ignore
}
