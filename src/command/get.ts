import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { loadBlake3 } from '../kit/blake3.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import { trackedByGit } from '../project/git-tracked.ts';
import { clean } from '../report/words.ts';
import { storeLayout } from '../store/layout.ts';
import { ObjectStore } from '../store/object-store.ts';
import type { RestorePlace } from '../store/restore.ts';
import { restoreEntry } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import { defineCommand } from './command.ts';
import type { Context, Outcome } from './command.ts';
import { amountOfEntry } from './data-words.ts';
import { jobsOf } from './share/options.ts';
import { acquire } from './source/acquire.ts';
import { JOBS_OPTION, SOURCE_OPTIONS } from './source/options.ts';
import { sourcePath } from './source/paths.ts';

export default defineCommand({
  usage: '<url> <path>',
  positionals: { min: 2, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Downloads a file or folder of another Git repository, tracked by pipe or by Git, and tracks it not. Of a path\n' +
    'inside a tracked folder only what it needs comes. PATH is relative to the root of the repository.',
  options: {
    out: { type: 'string', short: 'o', value: 'PATH', help: 'put it there; into it, if it is a folder' },
    ...SOURCE_OPTIONS,
    ...JOBS_OPTION,
    force: { type: 'boolean', short: 'f', help: 'overwrite what is there' },
    'show-url': { type: 'boolean', help: 'only say where in the remote it lies' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    jobsOf(options);
    const [url = '', path = ''] = positionals;
    const at = sourcePath(path);
    if (options['show-url'] === true) {
      const { showUrl } = await import('./source/show-url.ts');
      return showUrl({ url, allowed: 'all', rev: options.rev, path: at }, { context, global, options });
    }
    const target = targetOf(context.cwd, at, options);
    await refuseOverGit(context, target);
    const blake3 = await loadBlake3();
    mkdirSync(dirname(target), { recursive: true });
    const beside = temporaryBeside(target);
    try {
      const store = new ObjectStore(storeLayout(join(beside, 'store')), blake3, () => undefined);
      const request = { url, allowed: 'all', rev: options.rev, path: at } as const;
      const got = await acquire(request, { context, global, options, blake3, store, temporary: join(beside, 'tmp') });
      const beforeSwap = (): void => {
        if (options.force !== true) refuseExisting(target, context);
      };
      await place(store, got.entry, { target, signal: context.signal, beforeSwap });
      const out = relative(context.cwd, target) || '.';
      return {
        text: `${clean(out)}  ${amountOfEntry(got.entry)}`,
        json: {
          schema: 'pipe.get/1',
          out,
          commit: got.commit,
          digest: got.entry.digest,
          size: got.entry.size,
          ...(got.entry.kind === 'dir' ? { files: got.entry.files } : {}),
        },
      };
    } finally {
      removeTree(beside);
    }
  },
});

/**
 * Where something goes: the path that was asked for, below it when it is a folder, or the current folder.
 * @throws {PipeError} PIPE_USAGE when something lies there that must not be overwritten
 */
export function targetOf(
  cwd: string,
  path: string,
  { out, force, another = ANOTHER }: { readonly out?: string; readonly force?: boolean; readonly another?: string },
): string {
  const asked = resolve(cwd, out ?? '.');
  const target = isFolderAsked(asked, out) ? join(asked, basename(path)) : asked;
  if (force !== true) refuseExisting(target, { cwd, another });
  return target;
}

/**
 * Refuses to write over what is there: before anything is downloaded, and again when that took a while.
 * @param target absolute
 * @throws {PipeError} PIPE_USAGE
 */
export function refuseExisting(
  target: string,
  { cwd, another = ANOTHER }: { readonly cwd: string; readonly another?: string },
): void {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `${relative(cwd, target)} exists already`,
    hint: `overwrite it with --force, or ${another}`,
  });
}

const ANOTHER = 'name another place with --out';

/**
 * Refuses to write over what Git tracks, which would look like a change that somebody made.
 * @param target absolute
 * @throws {PipeError} PIPE_PATH_IN_GIT
 */
export async function refuseOverGit({ cwd, env }: Pick<Context, 'cwd' | 'env'>, target: string): Promise<void> {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) return;
  const name = basename(target);
  if ((await trackedByGit({ cwd: dirname(target), env }, [name])).length === 0) return;
  throw new PipeError({
    code: 'PIPE_PATH_IN_GIT',
    message: `${relative(cwd, target)} is not overwritten, since Git tracks it`,
    hint: `name another place, or remove it first: git rm -r ${relative(cwd, target)}`,
  });
}

/** Whether what was asked for is a folder: one that is there, or with a slash behind its name. */
export function isFolderAsked(path: string, written: string | undefined): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return true;
  return written?.endsWith('/') === true;
}

/** Puts something at a path outside any project. */
export async function place(
  store: ObjectStore,
  entry: Entry,
  { target, ...how }: Pick<RestorePlace, 'target' | 'beforeSwap'> & { readonly signal: AbortSignal },
): Promise<void> {
  if (await restoreEntry(store, entry, { target, root: dirname(target), ...how })) return;
  throw new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `${target} cannot be written: some of its data is damaged, or nests too deep for this disk`,
  });
}
