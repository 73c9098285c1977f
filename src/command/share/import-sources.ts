import type { TrackedPath } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import type { Engine } from '../../run/engine.ts';
import type { Context } from '../command.ts';
import type { Came } from './from-source.ts';
import { bringFromSource, mayStillHold } from './from-source.ts';

/** The sources of what was imported, for a run that downloads. Each path is that of a whole import. */
export interface ImportSources {
  /** Whether it comes from a repository, which has it at the commit that is recorded. */
  readonly isRepository: (path: string) => boolean;
  /** Whether its URL may still hold what it held when it was imported. What keeps it from being asked is a no. */
  readonly has: (path: string) => Promise<boolean>;
  /**
   * Brings it, or a part of it; of a folder behind a URL whose lists are not here the whole.
   * @returns what came, from where; `undefined` for what was not imported, and where a URL does not give it
   * @throws {PipeError} what keeps a repository from giving it
   */
  readonly bring: (path: string, below: string) => Promise<(Came & { readonly remote: string }) | undefined>;
}

/** Sources are asked when they are needed. What they tell of how far they are would disturb the report of the run. */
export function importSources({
  engine,
  pointers,
  context,
}: {
  readonly engine: Engine;
  readonly pointers: readonly TrackedPath[];
  readonly context: Context;
}): ImportSources {
  const byPath = new Map(pointers.map((each) => [each.path, each]));
  const trees = {};
  const global = { quiet: true, json: false, verbose: false };
  const asked = new Map<string, Promise<boolean>>();
  const ask = async (path: string): Promise<boolean> => {
    const imported = byPath.get(path)?.pointer.imported;
    if (imported?.kind !== 'url') return false;
    return mayStillHold(engine, imported, context).catch(refusedToSay);
  };
  return {
    isRepository: (path) => byPath.get(path)?.pointer.imported?.kind === 'repo',
    has(path) {
      const asking = asked.get(path) ?? ask(path);
      asked.set(path, asking);
      return asking;
    },
    async bring(path, below) {
      const own = byPath.get(path);
      const imported = own?.pointer.imported;
      if (own === undefined || imported === undefined) return undefined;
      const { entry, file: from } = own;
      try {
        const came = await bringFromSource(engine, { path, entry, below, imported, from }, { context, global, trees });
        return { ...came, remote: redactUrls(imported.url) };
      } catch (error) {
        if (imported.kind === 'repo') throw error;
        refusedToSay(error);
        return undefined;
      }
    },
  };
}

function refusedToSay(error: unknown): boolean {
  if (error instanceof PipeError) return false;
  throw error;
}
