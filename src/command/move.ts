import { posix, relative } from 'node:path';
import { move } from '../data/move.ts';
import { pointerAround } from '../data/tracked-folder.ts';
import { entryAt } from '../store/entry-at.ts';
import { statNow } from '../store/untouched.ts';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { whatGitTakes } from '../project/for-git.ts';
import { isOutside } from '../kit/path.ts';
import { clean } from '../report/words.ts';
import type { Context, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData } from './data-project.ts';
import type { PointerTarget } from './data-target.ts';
import { findPointer, noPointer } from './data-target.ts';
import { forGit } from './data-words.ts';
import { inProject } from './edit-target.ts';
import { bringListsFor } from './inside-lists.ts';
import { knownOf } from './known-now.ts';

export default defineCommand({
  usage: '<src> <dst>',
  positionals: { min: 2, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Moves a tracked file or folder with its pointer and its line in .gitignore, or a path inside a tracked folder, also\n' +
    'where it is not checked out. Into dst, where that is a folder.',
  options: {},
  async run(context, { positionals: [src = '', dst = ''], global }): Promise<Outcome> {
    const data = await openData(context, global);
    const source = findPointer(data, context.cwd, src);
    if (source === undefined) throw new PipeError(noPointer(data, context.cwd, src));
    const from = source.below === '' ? source.pointer.path : `${source.pointer.path}/${source.below}`;
    await bringListsFor(data, context, [from, inProject({ root: data.engine.project.root, cwd: context.cwd }, dst)]);
    const to = targetOf(data, context, { source, from, dst });
    const known = knownOf(data, context);
    const { progress, signal } = dataOptions(data, { context, global, label: 'moving' });
    const done = await move(data.engine, { source, to }, { known, signal, progress }).finally(() => {
      progress.end();
      data.engine.index.save();
    });
    const written = await whatGitTakes(data.engine.project, context.env, done.written);
    await autostage(data.engine.project, context.env, written);
    const toTrack = written.map((file) => relative(context.cwd, file));
    return {
      text: [`${clean(from)} -> ${clean(to)}`, ...forGit(toTrack, data.engine.project)].join('\n'),
      json: { schema: 'pipe.move/1', from, to, written: toTrack },
    };
  },
});

interface Asked {
  readonly source: PointerTarget;
  readonly from: string;
  readonly dst: string;
}

/** Where it goes: `dst` itself, or into it where that is a folder, in the workspace or as a pointer records it. */
function targetOf({ engine, pointers }: DataProject, { cwd }: Context, { source, from, dst }: Asked): string {
  const { root } = engine.project;
  const to = inProject({ root, cwd }, dst.replace(/(?<=.)\/+$/, ''));
  if (isOutside(to)) {
    throw new PipeError({ code: 'PIPE_PATH_OUTSIDE', message: `${dst} lies outside the project` });
  }
  const inside = to === '' || to === '.' ? posix.basename(from) : `${to}/${posix.basename(from)}`;
  if (to === '' || to === '.' || dst.endsWith('/')) return inside;
  const around = pointerAround(pointers, to);
  const recorded =
    around === undefined
      ? pointers.find(({ path }) => path === to)?.entry
      : entryAt(engine.store, around.entry, posix.relative(around.path, to));
  const moved = source.below === '' ? source.pointer.entry : entryAt(engine.store, source.pointer.entry, source.below);
  // What an earlier move left behind: its record is there, and its data in one of the two places, or on both of two
  // disks.
  const isSame = recorded !== undefined && recorded.digest === moved?.digest;
  const isGoneOn = isSame && !areOnOneDisk(`${root}/${from}`, `${root}/${to}`);
  if (isGoneOn || to === from) return to;
  const isFolder = recorded?.kind === 'dir' || statNow(`${root}/${to}`)?.isDirectory() === true; // prettier-ignore
  return isFolder ? inside : to;
}

/** Whether both are there, on the same disk. */
function areOnOneDisk(a: string, b: string): boolean {
  const [one, two] = [a, b].map(statNow);
  return one !== undefined && one.dev === two?.dev;
}
