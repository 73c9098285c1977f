import { entryOf } from '../lockfile/entry.ts';
import type { LockState } from '../lockfile/lock-state.ts';
import type { PointerPlace, TrackedPath } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Entry } from '../store/tree.ts';

/** Who says what lies at a path: a stage's lock, where the path is called `as`, or a pointer. */
type OwnerOf<Pointer> =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly as: string }
  | { readonly kind: 'pointer'; readonly pointer: Pointer };

/**
 * A file or folder that the store keeps, without what is recorded of it: whoever has yet to claim the path reads that
 * behind the claim (`recordedNow`).
 */
export interface TrackedPlace {
  /** Posix, relative to the project root. */
  readonly path: string;
  readonly owner: OwnerOf<PointerPlace>;
}

/** A file or folder that the store keeps: an out of a stage, or what a pointer tracks. */
export interface Tracked extends TrackedPlace {
  /** What the lock or the pointer says lies there; `undefined` for an out that was never made. */
  readonly entry: Entry | undefined;
  readonly owner: OwnerOf<TrackedPath>;
}

/** Everything in a project that the store keeps, by path. Outs that Git keeps (`cache: false`) only where asked for. */
export function trackedThings(
  { stages, pointers }: { readonly stages: readonly Stage[]; readonly pointers: readonly TrackedPath[] },
  locks: Pick<LockState, 'block'>,
  { uncached = false }: { readonly uncached?: boolean } = {},
): Tracked[] {
  const outs = stages.flatMap((stage) => {
    const recorded = locks.block(stage)?.outs ?? [];
    return stage.outs
      .filter((out) => uncached || out.cache)
      .map((out): Tracked => {
        const locked = recorded.find(({ path }) => path === out.as);
        const owner = { kind: 'stage', stage, as: out.as } as const;
        return { path: out.path, entry: locked && entryOf(locked), owner };
      });
  });
  const added = pointers
    .filter(({ pointer }) => pointer.out.cache !== false)
    .map((pointer): Tracked => ({ path: pointer.path, entry: pointer.entry, owner: { kind: 'pointer', pointer } }));
  return [...outs, ...added].sort((a, b) => (a.path < b.path ? -1 : 1));
}
