import { posix } from 'node:path';
import type { Digest } from '../../kit/digest.ts';
import type { TrackedPath } from '../../lockfile/pointer.ts';
import { PipeError } from '../../problem/problem.ts';
import type { Engine } from '../../run/engine.ts';
import { boundedTrees } from '../../store/count-folders.ts';
import { isSameObject } from '../../store/diff-tree.ts';
import type { TreeEdit } from '../../store/edit-tree.ts';
import type { Entry } from '../../store/tree.ts';
import { filesOf } from '../../store/tree.ts';
import { storeEdited } from '../tracked-folder.ts';
import type { Bases } from './bases.ts';
import { compare } from './compare.ts';

/** What a pointer is to record of a path in the workspace. */
export interface Settled {
  readonly entry: Entry;
  /** Files that are recorded and were never put in place here: they stay recorded. */
  readonly kept: number;
  /** Paths that were recorded anew elsewhere while they stayed here as they were: they stay as they are recorded. */
  readonly behind: readonly string[];
  /** What was changed here, relative to the path; absent where all that lies there is recorded as it is. */
  readonly edits?: readonly TreeEdit[];
}

export interface SettleOptions {
  readonly tracked: TrackedPath;
  /** What lies there. */
  readonly present: Entry;
  /** Lists of what lies there that the store does not have. */
  readonly trees?: ReadonlyMap<Digest, Buffer>;
  /** Record what lies there, and nothing else. */
  readonly force: boolean;
  /** As they are since the path is claimed: one reading does for many paths. */
  readonly bases: Bases;
}

/**
 * Merges what lies in the workspace into what is recorded: only what was changed here changes. Where a base is not
 * known, what is missing was never put in place. A folder that was made anew by hand holds all that it should.
 * @throws {PipeError} PIPE_OBJECT_MISSING when the list of what is recorded is not here, or that of what lay there when it
 * was recorded last, and it cannot be told what was changed here
 */
export async function settle(
  engine: Engine,
  { tracked, present, trees, force, bases }: SettleOptions,
): Promise<Settled> {
  const { path, entry: recorded } = tracked;
  const all: Settled = { entry: present, kept: 0, behind: [] };
  if (force || isSameObject(recorded, present)) return all;
  const base = bases.get(path) ?? bases.ofFormer(path);
  if (isSameObject(base, recorded)) return all;
  const read = boundedTrees({ read: (digest) => trees?.get(digest) ?? engine.store.read(digest) });
  // Without a base it says nothing that the store has the bytes: they may be a copy of another file.
  const sides = { recorded, present, base, isBaseKnown: base !== undefined, isBasePartial: bases.isPartial(path) };
  const { edits, absent, behind, unknown, unlisted, lost: changed } = compare(path, sides, { read, has: () => false });
  const [lost] = [...unknown, ...unlisted.map((each) => each.path)];
  if (lost !== undefined) throw cannotTell(`${tracked.file} records of ${lost}`, path);
  if (changed[0] !== undefined) throw cannotTellWho(tracked, changed[0]);
  if (absent.length + behind.length === 0) return all;
  const kept = absent.reduce((sum, { entry }) => sum + filesOf(entry), 0);
  const below = edits.map((edit) => ({ ...edit, path: posix.relative(path, edit.path) }));
  if (below.length === 0) return { entry: recorded, kept, behind, edits: below };
  const { entry } = await storeEdited(engine, tracked, below);
  return { entry, kept, behind, edits: below };
}

/** What is recorded, is not here, and may have been removed or may never have come. */
export function cannotTell(lost: string, path: string): PipeError {
  return new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `what ${lost} is not in the cache, so it cannot be told what was removed here from what never came`,
    hint: `\`pipe fetch ${path}\` brings it; --force records what lies in the workspace, and nothing else`,
  });
}

function cannotTellWho({ path, file }: TrackedPath, changed: string): PipeError {
  return new PipeError({
    code: 'PIPE_OBJECT_MISSING',
    message: `${changed} is not what ${file} says, and it cannot be told whether it was changed here or recorded anew elsewhere: the list of what lay there is not in the cache any more`,
    hint: `\`pipe fetch -A ${path}\` brings it where a commit recorded it; else \`pipe checkout ${path}\` puts in place what is recorded, and --force records what lies in the workspace, and nothing else`,
  });
}
