import type { PointerPlace } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Engine } from '../run/engine.ts';
import type { Entry } from '../store/tree.ts';
import type { Changes } from './count-changes.ts';
import { countChanges } from './count-changes.ts';
import type { DataOptions } from './workspace.ts';

/** What is to be committed: a stage, or what a pointer tracks, or a path inside that. */
export type Committable =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly isNamed: boolean }
  | { readonly kind: 'pointer'; readonly pointer: PointerPlace; readonly below: string; readonly isNamed: boolean };

export interface CommitOptions extends DataOptions {
  /** Record stages although what they were made from changed, and change frozen ones that are named. */
  readonly force?: boolean;
  /** Leave the files in the workspace as they are, instead of linking them to the store. */
  readonly noRelink?: boolean;
  /** Asked whether a stage is recorded although something changed; without it that is refused. */
  readonly confirm?: (stage: string, changes: readonly string[]) => Promise<boolean>;
}

/** What became of one of them; `path` is that of data, or the address of a stage. */
export interface Committed {
  readonly kind: 'stage' | 'pointer';
  readonly path: string;
  /**
   * `stored`: it was recorded already, but the store lacked some of it. `imported`: an import that was changed here, and
   * stays recorded as it came.
   */
  readonly state: 'changed' | 'stored' | 'unchanged' | 'missing' | 'frozen' | 'imported';
  /** Absent where nothing was recorded, or a list of what was recorded is not here. */
  readonly changes?: Changes;
  /** Files that never came, and stay recorded. */
  readonly kept?: number;
  /** Paths that are older than their record, and stay as they are recorded. */
  readonly behind?: readonly string[];
  /** What lets a frozen one change again is called with this. */
  readonly frozenFile?: string;
}

/** How what is recorded differs from what was. */
export function changesOf(
  { store }: Engine,
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
): Pick<Committed, 'changes'> {
  const changes = countChanges(store, before, after);
  return changes === undefined ? {} : { changes };
}
