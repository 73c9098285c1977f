import { relative, resolve } from 'node:path';
import type { Added } from '../data/add.ts';
import { add } from '../data/add.ts';
import { globPaths } from '../data/glob-paths.ts';
import { startThreadsFor } from '../fingerprint/early-threads.ts';
import { isOutside } from '../kit/path.ts';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { formatCount, formatSize } from '../report/size.ts';
import { clean, plural } from '../report/words.ts';
import { filesOf } from '../store/tree.ts';
import type { Context, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData } from './data-project.ts';
import type { KeptIn } from './data-words.ts';
import { amountOfEntry, changesText, forGit, staysLines } from './data-words.ts';
import type { Here } from './edit-target.ts';
import { inProject } from './edit-target.ts';
import { bringListsFor, bringListsOf } from './inside-lists.ts';
import { keptIn } from './kept-in.ts';
import { knownOf } from './known-now.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  stopsGently: true,
  details: 'Puts each target into the cache, and a small pointer beside it (NAME.pipe), which is for Git.',
  options: {
    glob: { type: 'boolean', help: 'targets are patterns' },
    'no-commit': { type: 'boolean', help: 'write the pointer, but put nothing into the cache yet' },
    out: { type: 'string', short: 'o', value: 'PATH', help: 'copy the target to PATH and track it there' },
    force: { type: 'boolean', short: 'f', help: 'overwrite PATH; record only what lies there, also what is older' },
    'no-relink': { type: 'boolean', help: 'leave the files as they are, whatever cache.type says' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    for (const target of positionals) startThreadsFor(resolve(context.cwd, target));
    const data = await openData(context, global);
    const { root } = data.engine.project;
    const copy = options.out === undefined ? undefined : copyOf(context, positionals, options.out);
    const targets = copy === undefined ? positionals : [copy.to];
    const named = targets.map((target) => pathToTrack({ root, cwd: context.cwd }, target));
    const paths =
      options.glob === true && copy === undefined ? named.flatMap((pattern) => globbed(data, pattern)) : named;
    const known = knownOf(data, context);
    await bringListsFor(data, context, paths);
    if (options.force !== true) await bringListsOf(data, context, paths);
    const how = dataOptions(data, { context, global, label: 'adding' });
    try {
      const force = options.force === true;
      const { added, written } = await add(data.engine, [...new Set(paths)], {
        ...how,
        known,
        copy: copy && { from: copy.from, force },
        force,
        noCommit: options['no-commit'] === true,
        noRelink: options['no-relink'] === true,
      });
      await autostage(data.engine.project, context.env, written);
      const toTrack = written.map((file) => relative(context.cwd, file));
      return {
        text: describe(added, {
          isShort: !global.verbose,
          keptIn: (path) => keptIn(data, path),
          end: forGit(toTrack, data.engine.project),
        }),
        json: { schema: 'pipe.add/1', added: added.map(addedJson), written: toTrack },
      };
    } finally {
      how.progress.end();
      data.engine.objects.save();
    }
  },
});

/** A path on the command line as the project knows it, if it may be tracked. */
function pathToTrack(here: Here, target: string): string {
  const path = inProject(here, target);
  if (path !== '.' && !isOutside(path)) return path;
  throw new PipeError({
    code: 'PIPE_PATH_OUTSIDE',
    message: path === '.' ? 'the whole project cannot be tracked' : `${target} lies outside the project`,
    hint: path === '.' ? 'name the files and folders to track' : 'copy it into the project: pipe add TARGET --out PATH',
  });
}

function globbed({ engine }: DataProject, pattern: string): string[] {
  const found = globPaths(engine.fingerprint, pattern);
  if (found.length > 0) return found;
  throw new PipeError({ code: 'PIPE_DEP_MISSING', message: `nothing matches ${pattern}`, hint: 'quote the pattern, so that the shell leaves it alone' }); // prettier-ignore
}

/** The path to copy to, and from where, as `--out` asks for it. */
function copyOf(
  { cwd }: Context,
  targets: readonly string[],
  to: string,
): { readonly from: string; readonly to: string } {
  const [from, ...more] = targets;
  if (from === undefined || more.length > 0) {
    throw new PipeError({ code: 'PIPE_USAGE', message: '--out takes one target' });
  }
  return { from: resolve(cwd, from), to };
}

function addedJson({ path, entry, pointer, changes, kept, behind }: Added): unknown {
  const files = entry.kind === 'dir' ? { files: entry.files } : {};
  return {
    path,
    digest: entry.digest,
    size: entry.size,
    ...files,
    pointer: pointer.file,
    state: pointer.done,
    changes: changes ?? null,
    kept,
    behind,
  };
}

/** More paths than these are counted. */
const MOST_SHOWN = 50;
const FIRST_SHOWN = 10;

interface DescribeOptions {
  readonly isShort: boolean;
  readonly keptIn: (path: string) => KeptIn;
  /** Lines that follow. */
  readonly end: readonly string[];
}

function describe(added: readonly Added[], { isShort, keptIn, end }: DescribeOptions): string {
  const shown = isShort && added.length > MOST_SHOWN ? firstOf(added) : added;
  const rest = added.length - shown.length;
  const lines = shown.flatMap(({ path, entry, pointer, changes, ...stays }) => {
    const told = changesText(changes);
    const state = pointer.done === 'unchanged' ? 'nothing changed' : pointer.done === 'created' ? '' : told;
    return [
      `${clean(path)}  ${amountOfEntry(entry)}${state === '' ? '' : ` (${state})`}`,
      ...staysLines(path, stays, keptIn),
    ];
  });
  const more = rest === 0 ? [] : [`and ${formatCount(rest)} more: ${totalOf(added)}`];
  return [...lines, ...more, ...end].join('\n');
}

/** Those of which there is most to tell: what stays recorded although it does not lie there is always told. */
function firstOf(added: readonly Added[]): readonly Added[] {
  return added.filter(({ kept, behind }, at) => at < FIRST_SHOWN || kept > 0 || behind.length > 0);
}

function totalOf(added: readonly Added[]): string {
  const files = added.reduce((sum, { entry }) => sum + filesOf(entry), 0);
  const size = added.reduce((sum, { entry }) => sum + entry.size, 0);
  return `${plural(files, 'file')}, ${formatSize(size)} in all`;
}
