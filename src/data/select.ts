import { posix, relative, resolve, sep } from 'node:path';
import { nearest } from '../kit/nearest.ts';
import { isOutside, isWithin } from '../kit/path.ts';
import type { Problem, Result } from '../problem/problem.ts';
import { fail, ok } from '../problem/problem.ts';
import type { Tracked, TrackedPlace } from './tracked.ts';

/** A tracked thing, or a part of one. */
export interface Selected<T extends TrackedPlace = Tracked> {
  readonly tracked: T;
  /** Path of the part inside the tracked folder; empty for the whole. */
  readonly below: string;
}

/** Where targets are looked for. */
export interface SelectScope {
  readonly tracked: readonly Tracked[];
  /** Absolute paths. */
  readonly root: string;
  readonly cwd: string;
  /** Whether a tracked folder also stands for outs of stages inside it. */
  readonly recursive?: boolean;
  /** Outs that Git keeps (`cache: false`), relative to the root. */
  readonly inGit?: readonly string[];
}

/**
 * What targets name: a tracked path, its pointer, a path inside a tracked folder, a folder (all that is
 * tracked inside it), or a stage (all its outs). Without targets, everything. Each thing once, by path.
 */
export function selectTracked(targets: readonly string[], scope: SelectScope): Result<Selected[]> {
  if (targets.length === 0) return ok(whole(scope.tracked));
  const problems: Problem[] = [];
  const selected = new Map<string, Selected>();
  for (const target of targets) {
    const found = findTarget(target, scope);
    if (found.length === 0) problems.push(unknown(target, scope));
    for (const each of found) selected.set(`${each.tracked.path}\0${each.below}`, each);
  }
  if (problems.length > 0) return fail(...problems);
  const all = [...selected.values()].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  // A part of what is asked for as a whole needs no second look.
  return ok(all.filter((each) => !all.some((other) => other !== each && isPartOf(each, other))));
}

function isPartOf(part: Selected, other: Selected): boolean {
  return part.tracked === other.tracked && isWithin(pathOf(other), pathOf(part));
}

/** The path of what is selected, relative to the project root. */
export function pathOf({ tracked, below }: Selected<TrackedPlace>): string {
  return below === '' ? tracked.path : `${tracked.path}/${below}`;
}

function findTarget(target: string, { tracked, root, cwd, recursive }: SelectScope): Selected[] {
  const path = relative(root, resolve(cwd, target)).split(sep).join('/') || '.';
  if (!isOutside(path)) {
    const named = tracked.find((each) => each.path === path || isPointerOf(each, path));
    // Outs of stages may lie inside a tracked folder, and are no part of it.
    if (named !== undefined)
      return whole(recursive === true ? tracked.filter((each) => isWithin(named.path, each.path)) : [named]);
    const around = tracked.findLast((each) => isWithin(each.path, path));
    if (around !== undefined) return [{ tracked: around, below: posix.relative(around.path, path) }];
    const inside = tracked.filter((each) => isWithin(path, each.path));
    if (inside.length > 0) return whole(inside);
  }
  return whole(tracked.filter((each) => isOutOf(each, target)));
}

function whole(tracked: readonly Tracked[]): Selected[] {
  return tracked.map((each) => ({ tracked: each, below: '' }));
}

function isPointerOf({ owner }: Tracked, file: string): boolean {
  return owner.kind === 'pointer' && owner.pointer.file === file;
}

function isOutOf({ owner }: Tracked, target: string): boolean {
  if (owner.kind !== 'stage') return false;
  const { name, address, group } = owner.stage;
  return target === name || target === address || target === group;
}

function unknown(target: string, { tracked, root, cwd, inGit = [] }: SelectScope): Problem {
  const path = relative(root, resolve(cwd, target)).split(sep).join('/');
  if (inGit.includes(path)) {
    return {
      code: 'PIPE_TARGET_UNKNOWN',
      message: `${target} is an out that Git keeps (cache: false), and the cache does not`,
      hint: `bring it back with \`git checkout -- ${target}\`, or make it with \`pipe repro ${target}\``,
    };
  }
  const near = nearest(
    target,
    tracked.map((each) => each.path),
  );
  return {
    code: 'PIPE_TARGET_UNKNOWN',
    message: `nothing tracked is called "${target}"`,
    hint: near === undefined ? 'track a file or folder with `pipe add`' : `did you mean "${near}"?`,
  };
}
