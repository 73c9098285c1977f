import type { Digest } from '../../kit/digest.ts';
import { isWithin } from '../../kit/path.ts';
import { lockPathOf } from '../../lockfile/lock.ts';
import { readPointers } from '../../project/pointer-files.ts';
import type { BrokenNeed } from '../../store/check-needs.ts';
import type { Context } from '../command.ts';
import { readProject } from '../load-project.ts';

/**
 * Needs without those of what Git keeps (`cache: false`): a clone has these without the cache. What a pipeline file or a
 * pointer that cannot be read says of it is not known, and so hides nothing.
 */
export function withoutGitKept(
  context: Pick<Context, 'cwd' | 'env'>,
  broken: ReadonlyMap<Digest, BrokenNeed>,
): Map<Digest, BrokenNeed> {
  if (broken.size === 0) return new Map();
  const kept = gitKept(context);
  const isKept = ({ path, from }: BrokenNeed['places'][number]): boolean =>
    kept.some((each) => each.from === from && isWithin(each.path, path));
  return new Map([...broken].filter(([, { places }]) => !places.every(isKept)));
}

/** Where Git keeps something, and the lock and stage, or the pointer, that record it. */
function gitKept(context: Pick<Context, 'cwd' | 'env'>): { readonly path: string; readonly from: string }[] {
  const { project, stages, pointerFiles } = readProject(context);
  const { pointers } = readPointers(project.root, pointerFiles);
  return [
    ...stages.flatMap(({ file, name, outs }) =>
      outs.filter(({ cache }) => !cache).map(({ path }) => ({ path, from: `${lockPathOf(file)}:${name}` })),
    ),
    ...pointers.filter(({ pointer }) => pointer.out.cache === false).map(({ path, file }) => ({ path, from: file })),
  ];
}
