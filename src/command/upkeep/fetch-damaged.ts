import { appendTo } from '../../kit/append-to.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { isWithin } from '../../kit/path.ts';
import { lockPathOf } from '../../lockfile/lock.ts';
import type { Root } from '../../lockfile/needed.ts';
import type { Problem } from '../../problem/problem.ts';
import { PipeError } from '../../problem/problem.ts';
import { refuseAbsentPlace } from '../../remote/absent-place.ts';
import { fetchRoots } from '../../remote/fetch.ts';
import { filesThere } from '../../remote/pushed-logs.ts';
import type { WantedRoot } from '../../remote/wanted.ts';
import type { Engine } from '../../run/engine.ts';
import type { BrokenNeed } from '../../store/check-needs.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { readProject } from '../load-project.ts';
import { withRemote } from '../share/open-remotes.ts';
import { transferProgress } from '../share/progress.ts';
import { listsFrom } from '../share/push-roots.ts';
import { sharingOf } from '../share/thing.ts';

interface Fetching {
  readonly context: Context;
  readonly global: GlobalOptions;
  /** What locks and pointers of the workspace say. */
  readonly roots: readonly Root[];
}

/**
 * Brings objects from the remotes that what needs them belongs to; of folders the lists, and nothing that they list. A
 * project without a remote has nowhere to get them.
 * @returns why a remote could not be asked
 */
export async function fetchDamaged(
  engine: Engine,
  needs: readonly BrokenNeed[],
  { context, global, roots }: Fetching,
): Promise<Problem[]> {
  const remotesOf = remotesBy(engine, context, roots);
  const byRemote = new Map<string, BrokenNeed[]>();
  for (const need of needs) {
    for (const name of new Set(need.places.flatMap(remotesOf))) appendTo(byRemote, name, need);
  }
  const problems: Problem[] = [];
  for (const [name, own] of byRemote) {
    try {
      await bringFrom(engine, own, { context, global, name });
    } catch (error) {
      // It may be away: what could be healed without it is.
      if (!(error instanceof PipeError) || context.signal.aborted) throw error;
      problems.push(...error.problems);
    }
  }
  return problems;
}

type Place = BrokenNeed['places'][number];
type Shared = Pick<Root, 'path' | 'from' | 'sharing'>;

/** Tells in which remote what is needed at a place is, if in any. */
function remotesBy({ project }: Engine, context: Context, roots: readonly Root[]): (place: Place) => string[] {
  const usual = project.config.get('core.remote');
  const outs = readProject(context).stages.flatMap((stage) =>
    stage.outs.map((out): Shared => {
      return { path: out.path, from: `${lockPathOf(stage.file)}:${stage.name}`, sharing: sharingOf(out) };
    }),
  );
  const shared: readonly Shared[] = [...outs, ...roots];
  return ({ path, from }) => {
    const sharing = shared.find((each) => each.from === from && isWithin(each.path, path))?.sharing;
    const name = sharing?.push === false ? undefined : (sharing?.remote ?? usual);
    return name === undefined ? [] : [name];
  };
}

async function bringFrom(
  engine: Engine,
  needs: readonly BrokenNeed[],
  { context, global, name }: Omit<Fetching, 'roots'> & { readonly name: string },
): Promise<void> {
  const isList = ({ kind }: BrokenNeed): boolean => kind === 'dir' || kind === 'part';
  const lists = needs.filter(isList).map(({ digest }) => rawOfDigest(digest));
  const empty = engine.blake3.hash(Buffer.alloc(0));
  // What records say of a log is not how long it is.
  const isUnsized = ({ digest, size }: BrokenNeed): boolean => size === 0 && digest !== empty;
  const files = needs.filter((need) => !isList(need));
  const unsized = files.filter(isUnsized).map(({ digest }) => rawOfDigest(digest));
  const sized = files.filter((need) => !isUnsized(need)).map(({ digest, size }): WantedRoot => ({ entry: { kind: 'file', digest, size } })); // prettier-ignore
  await withRemote(engine, { name, context, options: {} }, async (remote) => {
    const progress = transferProgress(context, global, `fetching from ${name}`);
    try {
      await refuseAbsentPlace(name, remote.place);
      if (lists.length > 0) await listsFrom(remote, engine.store, { keep: true }).remote?.(lists);
      const roots = [...sized, ...(await filesThere(remote, unsized))];
      if (roots.length > 0) await fetchRoots(remote, engine.store, { roots, onProgress: progress.onProgress });
    } finally {
      progress.end();
    }
  });
}
