import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeProblem } from '../kit/atomic-file.ts';
import { isWithin } from '../kit/path.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { checkInside } from '../store/restore.ts';
import type { Known } from './add.ts';
import { untrackable } from './refuse.ts';
import { absoluteOf, claimed } from './workspace.ts';

/**
 * Copies a file or folder of this machine into the project, as it is: links stay links. It appears as a whole or not at
 * all.
 * @param copy where from, absolute, and where to, posix and relative to the project root
 * @throws {PipeError} PIPE_DEP_MISSING, PIPE_USAGE where something lies there and `force` is not set, PIPE_PATH_RESERVED
 * and PIPE_STAGE_OUT; nothing is copied then
 */
export async function copyIn(
  engine: Engine,
  { from, to }: { readonly from: string; readonly to: string },
  { force, signal, known }: { readonly force: boolean; readonly signal: AbortSignal; readonly known: Known },
): Promise<void> {
  const problems = untrackable([to], known.stages);
  if (problems.length > 0) throw new PipeError(problems);
  const target = absoluteOf(engine.project, to);
  checkInside(target, engine.project.root);
  if (!existsSync(from)) throw new PipeError({ code: 'PIPE_DEP_MISSING', message: `${from} does not exist` });
  if (isWithin(from, target) || isWithin(target, from)) {
    throw new PipeError({
      code: 'PIPE_USAGE',
      message: `${from} cannot be copied to ${to}: one lies inside the other`,
    });
  }
  if (existsSync(target) && !force) {
    throw new PipeError({ code: 'PIPE_USAGE', message: `${to} exists already`, hint: 'overwrite it with --force' });
  }
  await claimed(engine, { writes: [to], signal, name: 'add' }, () => {
    const [temporary, old] = [temporaryBeside(target), temporaryBeside(target)];
    try {
      mkdirSync(dirname(target), { recursive: true });
      cpSync(from, temporary, { recursive: true, verbatimSymlinks: true });
      if (existsSync(target)) renameSync(target, old);
      renameSync(temporary, target);
      removeTree(old);
    } catch (error) {
      if (existsSync(old) && !existsSync(target)) renameSync(old, target);
      throw writeProblem(target, error);
    } finally {
      removeTree(temporary);
    }
    return Promise.resolve();
  });
}
