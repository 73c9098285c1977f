import type { Import, RepoImport, UrlImport } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { compareTold } from '../../source/remote-data.ts';
import { entryAt } from '../../store/entry-at.ts';
import type { Entry } from '../../store/tree.ts';
import type { Engine } from '../../run/engine.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { TreeMemory } from '../source/acquire.ts';
import { importFolder } from '../source/temporary.ts';
import { jobsOf } from './options.ts';

/** Something that was imported, as it is recorded. */
export interface ImportedThing {
  /** Of the whole, relative to the project. */
  readonly path: string;
  readonly entry: Entry;
  /** Path of the part that is meant inside it; empty for the whole. */
  readonly below: string;
  readonly imported: Import;
  /** Who says so, for people: `data.pipe`. */
  readonly from: string;
}

export interface SourceOptions {
  readonly context: Context;
  readonly global: GlobalOptions;
  readonly jobs?: string | undefined;
  /** What repositories hold is read once for several things of one, in a row. */
  readonly trees?: TreeMemory | undefined;
}

/** Objects that came, and their bytes. */
export interface Came {
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Brings what was imported from where it comes from: of a repository at the commit that is recorded, of a URL where that
 * does not tell that it holds something else. Nothing but the very bytes that are recorded counts.
 * @throws {PipeError} PIPE_FILE_CHANGED or PIPE_SOURCE_MISSING where the source has them no more; what keeps it from being
 * asked
 */
export async function bringFromSource(
  engine: Pick<Engine, 'project' | 'blake3' | 'store'>,
  thing: ImportedThing,
  options: SourceOptions,
): Promise<Came> {
  const { imported } = thing;
  return imported.kind === 'repo'
    ? bringFromRepository(engine, { ...thing, imported }, options)
    : bringFromUrl(engine, { ...thing, imported }, options);
}

/**
 * Whether a URL may still hold what it held when it was imported: it tells the same, or too little to know. Asks it, and
 * downloads nothing.
 * @throws {PipeError} what keeps it from being asked
 */
export async function mayStillHold(
  { project, blake3 }: Pick<Engine, 'project' | 'blake3'>,
  imported: UrlImport,
  context: Context,
): Promise<boolean> {
  const { withUrl } = await import('../source/acquire-url.ts');
  const how = { context, blake3, base: project.root, allowed: project.config.allowed() };
  return compareTold(imported, await withUrl(imported.url, how, (data) => data.tell())) !== 'changed';
}

async function bringFromRepository(
  { project, blake3, store }: Pick<Engine, 'project' | 'blake3' | 'store'>,
  { entry, below, imported, from }: ImportedThing & { readonly imported: RepoImport },
  { context, global, jobs, trees }: SourceOptions,
): Promise<Came> {
  const { acquire } = await import('../source/acquire.ts');
  const { url, path, revLock, remote } = imported;
  const found = await acquire(
    { url, allowed: project.config.allowed(), path, rev: revLock, base: project.root },
    {
      context,
      global,
      options: { ...(jobs === undefined ? {} : { jobs }), ...(remote === undefined ? {} : { remote }) },
      blake3,
      store,
      temporary: importFolder(project.pipeDir),
      inside: below,
      trees,
    },
  );
  const { objects, bytes } = found;
  if (found.entry.digest === entry.digest && found.entry.kind === entry.kind) return { objects, bytes };
  throw new PipeError({
    code: 'PIPE_SOURCE_MISSING',
    message: `${url} holds something else at ${path}, at the commit that ${from} names`,
    hint: `the pointer was changed by hand, perhaps: \`pipe update ${from}\` writes it anew`,
  });
}

async function bringFromUrl(
  engine: Pick<Engine, 'project' | 'blake3' | 'store'>,
  { path, entry, below, imported, from }: ImportedThing & { readonly imported: UrlImport },
  { context, global, jobs }: SourceOptions,
): Promise<Came> {
  const { project, blake3, store } = engine;
  const changed = new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${redactUrls(imported.url)}, where ${path} comes from, holds something else than when it was imported`,
    hint: `\`pipe push\` where ${path} is at hand; or take what is there now: \`pipe update ${from}\``,
  });
  const part = partOf(store, entry, below);
  if (part === undefined && !(await mayStillHold(engine, imported, context))) throw changed;
  const { acquireUrl } = await import('../source/acquire-url.ts');
  const temporary = importFolder(project.pipeDir);
  const allowed = project.config.allowed();
  const how = { context, global, blake3, store, temporary, base: project.root, allowed, jobs: jobsOf({ jobs }) };
  const { entry: found } = await acquireUrl(imported.url, { ...how, below: part === undefined ? '' : below });
  const wanted = part ?? entry;
  if (found.digest !== wanted.digest || found.kind !== wanted.kind) throw changed;
  return { objects: found.kind === 'dir' ? found.files : 1, bytes: found.size };
}

/**
 * The part of a folder that is meant, where it can come by itself: the lists that say what it must be are here. Without them
 * only the whole folder can be told from another one. A link would be followed there.
 */
function partOf(store: Pick<Engine['store'], 'read'>, entry: Entry, below: string): Entry | undefined {
  const part = below === '' ? undefined : entryAt(store, entry, below);
  return part?.kind === 'link' ? undefined : part;
}
