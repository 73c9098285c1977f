import { fingerprintPath } from '../../fingerprint/file.ts';
import type { WalkOptions } from '../../fingerprint/file.ts';
import type { Digest } from '../../kit/digest.ts';
import type { NeedProblem, Needs } from '../../lockfile/needed.ts';
import { WORKSPACE } from '../../lockfile/read-needs.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Engine } from '../../run/engine.ts';
import { namingRules } from '../../run/link-rules.ts';
import { listingSink } from '../../run/sink.ts';
import type { ReadTree } from '../../store/read-tree.ts';
import { boundedTrees } from '../../store/count-folders.ts';
import type { Entry } from '../../store/tree.ts';

/** What a revision or the workspace holds of what locks and pointers track. */
export interface Side {
  /** By path, relative to the project. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** By path: the lock or the pointer that tracks it. */
  readonly trackedBy: ReadonlyMap<string, string>;
  /** Locks, pointers and tracked paths that could not be read. */
  readonly problems: readonly NeedProblem[];
  readonly readTree: ReadTree;
}

/** A revision: what its locks and pointers say. Of several that say something of one path, the last counts. */
export function revisionSide(engine: Engine, { roots, problems }: Needs): Side {
  return {
    entries: new Map(roots.map(({ path, entry }) => [path, entry])),
    trackedBy: new Map(roots.map(({ path, file }) => [path, file])),
    problems,
    readTree: boundedTrees(engine.store),
  };
}

/** Which paths of the workspace are looked at, and how. */
interface WorkspaceLook extends Pick<WalkOptions, 'signal' | 'onProgress'> {
  /** Of stages, relative to the project. */
  readonly outs: readonly string[];
  readonly isWanted: (path: string) => boolean;
}

/**
 * The workspace: what lies on the disk at the paths that are tracked, by locks and pointers or as outs of stages that
 * were never run.
 */
export async function workspaceSide(
  engine: Engine,
  needs: Needs,
  { outs, isWanted, ...how }: WorkspaceLook,
): Promise<Side> {
  const trackedBy = new Map(needs.roots.map(({ path, file }) => [path, file]));
  const trees = new Map<Digest, Buffer>();
  const entries = new Map<string, Entry>();
  const problems: NeedProblem[] = [...needs.problems];
  const sink = listingSink(engine, trees);
  for (const path of new Set([...trackedBy.keys(), ...outs])) {
    if (!isWanted(path)) continue;
    const found = await look(engine, path, { ...how, sink });
    if ('problems' in found) problems.push(...found.problems.map((problem) => problemAt(path, problem)));
    else if (found.entry !== undefined) entries.set(path, found.entry);
  }
  return {
    entries,
    trackedBy,
    problems,
    readTree: boundedTrees({ read: (digest) => trees.get(digest) ?? engine.store.read(digest) }),
  };
}

async function look(
  engine: Engine,
  path: string,
  how: Pick<WalkOptions, 'sink' | 'signal' | 'onProgress'>,
): Promise<{ readonly entry: Entry | undefined } | { readonly problems: readonly Problem[] }> {
  try {
    const rules = namingRules(engine.store);
    return { entry: await fingerprintPath(path, { ...how, follow: false, rules }, engine.fingerprint) };
  } catch (error) {
    if (error instanceof PipeError) return { problems: error.problems };
    throw error;
  }
}

function problemAt(path: string, problem: Problem): NeedProblem {
  return { problem, file: path, revisions: [WORKSPACE] };
}
