import type { Emit } from '../event/event.ts';
import type { Graph } from '../graph/graph.ts';
import type { Digest } from '../kit/digest.ts';
import { entryOf } from '../lockfile/entry.ts';
import type { LockState } from '../lockfile/lock-state.ts';
import { PipeError } from '../problem/problem.ts';
import { readPointers } from '../project/pointer-files.ts';
import { findProjectFiles } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import type { OnDamage } from '../store/damage.ts';
import type { Entry } from '../store/tree.ts';
import { walkObjects } from '../store/walk-objects.ts';

/** Looking for a path takes a walk through the lists of all that is tracked. */
const MOST_PATHS = 10;

/** Something that is tracked. */
interface Place {
  readonly path: string;
  readonly entry: Entry;
}

export interface DamageNoticeOptions {
  readonly emit: Emit;
  readonly read: (digest: Digest) => Buffer | undefined;
  /** What is tracked now. */
  readonly places: () => readonly Place[];
}

/** Tells of each object that holds wrong bytes once, and of a path of the workspace that needs it. */
export function damageNotice({ emit, read, places }: DamageNoticeOptions): OnDamage {
  const told = new Set<Digest>();
  let isLooking = false;
  const pathOf = (digest: Digest): string | undefined => {
    // What is looked into on the way may be damaged as well.
    if (isLooking || told.size > MOST_PATHS) return undefined;
    isLooking = true;
    try {
      return findPath(digest, read, places());
    } catch (error) {
      // A lock that cannot be read says nothing of paths.
      if (!(error instanceof PipeError)) throw error;
      return undefined;
    } finally {
      isLooking = false;
    }
  };
  return (digest, movedTo) => {
    if (told.has(digest)) return;
    told.add(digest);
    const path = pathOf(digest);
    const what = path === undefined ? digest : `${path} (${digest.slice(0, 11)})`;
    const where = movedTo === undefined ? ', which stay where they are' : `; they were moved to ${movedTo}`;
    emit({
      type: 'notice',
      message: `the cache held wrong bytes for ${what}${where}`,
      hint: 'a file that is a link to them was edited in place (see `pipe unprotect`), or the disk is failing',
    });
  };
}

/** What pointers and locks record. */
export function trackedEntries(project: Project, graph: Graph, locks: LockState): Place[] {
  const { pointers } = readPointers(project.root, findProjectFiles(project).pointers);
  const outs = [...graph.stages.values()].flatMap((stage) => {
    const recorded = locks.block(stage)?.outs ?? [];
    return stage.outs.flatMap(({ as, path }) => {
      const locked = recorded.find((each) => each.path === as);
      return locked === undefined ? [] : [{ path, entry: entryOf(locked) }];
    });
  });
  return [...pointers, ...outs];
}

function findPath(digest: Digest, read: DamageNoticeOptions['read'], places: readonly Place[]): string | undefined {
  let found: string | undefined;
  const seen = new Set<Digest>();
  for (const { path, entry } of places) {
    walkObjects({ read }, entry, {
      path,
      visitor: {
        enter(object) {
          if (found !== undefined) return false;
          if (object.digest === digest) found = object.path;
          const isNew = found === undefined && !seen.has(object.digest);
          if (isNew && (object.kind === 'dir' || object.kind === 'part')) seen.add(object.digest);
          return isNew;
        },
        broken: () => undefined,
      },
    });
    if (found !== undefined) return found;
  }
  return undefined;
}
