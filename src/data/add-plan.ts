import { posix } from 'node:path';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import { appendTo } from '../kit/append-to.ts';
import { ancestors, nearestAbove } from '../kit/path.ts';
import type { PointerPlace } from '../lockfile/pointer.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Known } from './known.ts';
import { untrackable } from './refuse.ts';

/** A path to be added, with the pointer of the folder around it, or its own. */
export interface Planned {
  readonly path: string;
  readonly around?: PointerPlace | undefined;
  readonly own?: PointerPlace | undefined;
}

/**
 * What is to be added, and what is known of each path.
 * @throws {PipeError} PIPE_POINTER_CONFLICT, PIPE_STAGE_OUT, PIPE_PATH_RESERVED, PIPE_NAME_UNSAFE
 */
export function planOf(paths: readonly string[], { stages, pointers }: Known): Planned[] {
  const wanted = new Set(paths);
  const byPath = new Map(pointers.map((each) => [each.path, each]));
  const inner = pointersBelow(wanted, pointers);
  const planned = [...wanted].map((path): Planned => {
    return { path, around: nearestAbove(path, byPath), own: byPath.get(path) };
  });
  const problems = untrackable(paths, stages);
  problems.push(...planned.flatMap((each) => [...holdsPointers(each, inner.get(each.path)), ...tooLong(each)]));
  const own = planned.filter(({ around }) => around === undefined);
  const others = pointers.filter(({ path }) => !wanted.has(path));
  problems.push(...(problems.length > 0 ? [] : pointerConflicts([...others, ...own.map(tracking)], stages)));
  if (problems.length > 0) throw new PipeError(problems);
  // What lies inside another path that is added comes with it.
  return planned.filter(
    ({ path, around }) => around === undefined || ![...ancestors(path)].some((each) => wanted.has(each)),
  );
}

/** Bytes that no system takes more of in one name. */
const LONGEST_NAME = 255;

/** A name that a disk takes may leave no room for the name of its pointer. */
function tooLong({ path, around, own }: Planned): Problem[] {
  const room = LONGEST_NAME - Buffer.byteLength(posix.basename(pointerFileOf(path)));
  if (around !== undefined || own !== undefined || room >= 0) return [];
  return [
    {
      code: 'PIPE_NAME_UNSAFE',
      message: `the name of ${path} is too long: that of its pointer would have ${String(-room)} bytes too many`,
      hint: 'give it a shorter name, or track the folder that it lies in',
    },
  ];
}

/** The pointers that track something below some paths, by these. */
function pointersBelow(
  paths: ReadonlySet<string>,
  pointers: readonly PointerPlace[],
): ReadonlyMap<string, readonly PointerPlace[]> {
  const below = new Map<string, PointerPlace[]>();
  for (const pointer of pointers) {
    for (const path of ancestors(pointer.path)) if (paths.has(path)) appendTo(below, path, pointer);
  }
  return below;
}

/** A folder of which parts are tracked already cannot be tracked as a whole. */
function holdsPointers({ path, own, around }: Planned, [inner, ...more]: readonly PointerPlace[] = []): Problem[] {
  if (own !== undefined || around !== undefined || inner === undefined) return [];
  const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`;
  return [
    {
      code: 'PIPE_POINTER_CONFLICT',
      message: `${path} cannot be tracked as a whole: ${inner.file} tracks ${inner.path} inside it${others}`,
      hint: `let go of it first with \`pipe remove ${inner.file}\`, which keeps the data, or go on to track the contents of ${path} one by one`,
      at: inner.at,
    },
  ];
}

function tracking({ path, own }: Planned): PointerPlace {
  const file = pointerFileOf(path);
  return own ?? { file, path, at: { source: { file }, offset: 0, length: 0 } };
}

/** The paths that are claimed for it. */
export function writesOf(plan: readonly Planned[]): string[] {
  return [...new Set(plan.map(({ path, around }) => around?.path ?? path))];
}
