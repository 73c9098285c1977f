import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { sortedBy } from '../../kit/order.ts';
import { entryAt } from '../../store/entry-at.ts';
import { isComplete } from '../../store/completeness.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import type { TreeMemory } from '../source/acquire.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { ShareValues } from './options.ts';
import type { SharedThing } from './thing.ts';
import { pathOfThing } from './thing.ts';
import { importFolder } from '../source/temporary.ts';

/** What came from the repository that something was imported from. */
export interface FetchedImport {
  readonly path: string;
  readonly url: string;
  readonly objects: number;
  readonly bytes: number;
}

export interface FetchedImports {
  readonly imports: readonly FetchedImport[];
  /** What kept some from coming; the others are here. */
  readonly problems: readonly Problem[];
}

/** Brings what was imported from other repositories, and is not here yet, from there: at the commit that is recorded. */
export async function fetchImports(
  data: DataProject,
  things: readonly SharedThing[],
  how: {
    readonly context: Context;
    readonly global: GlobalOptions;
    readonly options: Pick<ShareValues, 'jobs'> & ChoiceValues;
  },
): Promise<FetchedImports> {
  const imports: FetchedImport[] = [];
  const problems: Problem[] = [];
  const trees: TreeMemory = {};
  const maxSize = maxSizeOf(how.options);
  const wanted = things.filter(
    (thing) => thing.imported !== undefined && isSmall(data, thing, maxSize) && !isHere(data, thing),
  );
  // What a repository holds is read once for all that comes from there.
  for (const thing of sortedBy(wanted, ({ imported }) => JSON.stringify([imported?.url, imported?.revLock]))) {
    try {
      imports.push(await fetchImport(data, thing, { ...how, trees }));
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, message: `${pathOfThing(thing)}: ${problem.message}` }))); // prettier-ignore
    }
  }
  return { imports, problems };
}

/** Of a part that no list here tells the size of, the whole says how large it is at most. */
function isSmall({ engine: { store } }: DataProject, { entry, below }: SharedThing, maxSize: number): boolean {
  return (entryAt(store, entry, below) ?? entry).size <= maxSize;
}

function isHere({ engine: { store } }: DataProject, { entry, below }: SharedThing): boolean {
  store.hold();
  const meant = entryAt(store, entry, below);
  return meant !== undefined && isComplete(store, meant);
}

async function fetchImport(
  { engine }: DataProject,
  thing: SharedThing,
  { context, global, options, trees }: Parameters<typeof fetchImports>[2] & { readonly trees: TreeMemory },
): Promise<FetchedImport> {
  const { imported, entry, below } = thing;
  if (imported === undefined) throw new Error('it is not imported');
  const { acquire } = await import('../source/acquire.ts');
  const { project, blake3, store } = engine;
  const { url, path, revLock, remote } = imported;
  const {
    objects,
    bytes,
    entry: found,
  } = await acquire(
    { url, allowed: project.config.allowed(), path, rev: revLock, base: project.root },
    {
      context,
      global,
      options: { ...options, ...(remote === undefined ? {} : { remote }) },
      blake3,
      store,
      temporary: importFolder(project.pipeDir),
      inside: below,
      trees,
    },
  );
  const shown = pathOfThing(thing);
  if (found.digest === entry.digest && found.kind === entry.kind) return { path: shown, url, objects, bytes };
  throw new PipeError({
    code: 'PIPE_SOURCE_MISSING',
    message: `${url} holds something else at ${path}, at the commit that ${thing.from} names`,
    hint: `the pointer was changed by hand, perhaps: \`pipe update ${thing.from}\` writes it anew`,
  });
}
