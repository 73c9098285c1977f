import { fingerprintPath } from '../fingerprint/file.ts';
import { bounded } from '../kit/bounded.ts';
import type { Digest } from '../kit/digest.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import { ancestors, isWithin } from '../kit/path.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { namingRules } from '../run/link-rules.ts';
import { listingSink } from '../run/sink.ts';
import type { TreeChange } from '../store/diff-tree.ts';
import type { ReadTree } from '../store/read-tree.ts';
import { diffTrees, isSame, isSameObject } from '../store/diff-tree.ts';
import { missingObjects } from '../store/missing-objects.ts';
import type { RenamedOrChange } from '../store/pair-renames.ts';
import { pairRenames } from '../store/pair-renames.ts';
import { boundedTrees } from '../store/count-folders.ts';
import type { Entry, Tree } from '../store/tree.ts';
import { listTree } from './list-tree.ts';
import type { Selected } from './select.ts';
import { pathOf } from './select.ts';
import type { Tracked } from './tracked.ts';

/** Something at a path. */
export interface Placed {
  readonly path: string;
  readonly entry: Entry;
}

/** How HEAD, locks and pointers, and the workspace differ. Lists are sorted by path. */
export interface DataStatus {
  /** What locks and pointers record, and the store lacks, whatever lies in the workspace: DVC's `not_in_cache`. */
  readonly notInCache: readonly Placed[];
  /** The paths of those that lie in the workspace as they are recorded: a commit stores them. */
  readonly storable: ReadonlySet<string>;
  /** From HEAD to the locks and pointers as they stand; absent outside Git. */
  readonly committed: readonly RenamedOrChange[] | undefined;
  /** From locks and pointers to what lies on the disk. */
  readonly uncommitted: readonly RenamedOrChange[];
  /** What is the same everywhere; empty unless it was asked for. */
  readonly unchanged: readonly Placed[];
  /** What keeps paths from being looked at: they are in no list of what differs from the workspace. */
  readonly unread: readonly Problem[];
}

export interface DataStatusOptions {
  /** What HEAD tracks; absent outside Git. */
  readonly head: readonly Placed[] | undefined;
  readonly tracked: readonly Tracked[];
  /** Absent: everything. */
  readonly selected: readonly Selected[] | undefined;
  /** Look into folders. */
  readonly granular: boolean;
  readonly unchanged: boolean;
  readonly signal: AbortSignal;
  /** Told of files of the workspace that were looked at. */
  readonly onProgress?: OnProgress | undefined;
}

/** Compares what is tracked in HEAD, by locks and pointers, and in the workspace. Each path is walked once, each tree read once. */
export async function dataStatus(engine: Engine, options: DataStatusOptions): Promise<DataStatus> {
  const { granular, selected, signal, tracked, onProgress } = options;
  const trees = new Map<Digest, Buffer>();
  const read = rememberedTrees(engine, trees);
  const isAsked = askedBy(selected);
  const isNear = (path: string): boolean =>
    selected === undefined ||
    selected.some((each) => isWithin(each.tracked.path, path) || isWithin(path, each.tracked.path));
  const wanted = tracked.filter(({ path }) => isNear(path));
  const recorded = new Map(wanted.flatMap(({ path, entry }) => (entry === undefined ? [] : [[path, entry] as const])));
  const present = new Map<string, Entry>();
  const rules = namingRules(engine.store);
  const how = { follow: false, rules, sink: listingSink(engine, trees), signal, onProgress };
  const unread = new Map<string, readonly Problem[]>();
  for (const { path } of wanted) {
    try {
      const entry = await fingerprintPath(path, how, engine.fingerprint);
      if (entry !== undefined) present.set(path, entry);
    } catch (error) {
      // The others can be compared all the same.
      if (!(error instanceof PipeError)) throw error;
      unread.set(path, error.problems);
    }
  }
  const seen = new Map([...recorded].filter(([path]) => !unread.has(path)));
  const head =
    options.head && new Map(options.head.filter(({ path }) => isNear(path)).map((each) => [each.path, each.entry]));
  const compare = (before: Tree, after: Tree): RenamedOrChange[] =>
    pairRenames(changes(before, after, granular ? read : undefined).filter(({ path }) => isAsked(path)));
  const committed = head && compare(head, recorded);
  const uncommitted = compare(seen, present);
  const missing = granular
    ? bounded(missingObjects(recorded, { has: (digest) => engine.store.has(digest), readTree: read }), FEWER)
    : [...recorded].flatMap(([path, entry]) => (engine.store.has(entry.digest) ? [] : [{ path, entry }]));
  // What is the same as a whole is the same inside.
  const whole = new Set(
    [...recorded].flatMap(([path, entry]) => (isSameObject(present.get(path), entry) ? [path] : [])),
  );
  const storable = missing.filter(({ path }) => [path, ...ancestors(path)].some((each) => whole.has(each)));
  return {
    storable: new Set(storable.map(({ path }) => path)),
    // What is asked for inside a folder is not there either where nobody knows what is in the folder.
    notInCache: missing.filter(({ path, entry }) => isAsked(path) || (entry.kind === 'dir' && isNear(path))),
    committed,
    uncommitted,
    unchanged: options.unchanged
      ? same(seen, [...(committed ?? []), ...uncommitted], granular ? read : undefined).filter(({ path }) =>
          isAsked(path),
        )
      : [],
    unread: [...unread.values()].flat(),
  };
}

const FEWER = 'leave --granular out';

function askedBy(selected: readonly Selected[] | undefined): (path: string) => boolean {
  if (selected === undefined) return () => true;
  const asked = selected.map(pathOf);
  return (path) => asked.some((each) => isWithin(each, path));
}

/** Of folders that differ, the folder itself, and with `read` also what differs in it. */
function changes(before: Tree, after: Tree, read: ReadTree | undefined): TreeChange[] {
  const roots: TreeChange[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, young] = [before.get(path), after.get(path)];
    if (old !== undefined && young !== undefined) {
      if (!isSame(old, young)) roots.push({ kind: 'modified', path, before: old, after: young });
    } else if (old !== undefined) roots.push({ kind: 'deleted', path, before: old });
    else if (young !== undefined) roots.push({ kind: 'added', path, after: young });
  }
  if (read === undefined) return roots;
  const known = new Set(roots.map(({ path }) => path));
  const folders = (tree: Tree): Tree => new Map([...tree].filter(([, { kind }]) => kind === 'dir'));
  const inside = bounded(diffTrees(folders(before), folders(after), read), FEWER).flatMap((change) =>
    change.kind === 'unknown' ? unknownFiles(change, read) : known.has(change.path) ? [] : [change],
  );
  return [...roots, ...inside];
}

/** The files of a folder of which only one side is known: nobody can tell what they were. */
function unknownFiles(change: Extract<TreeChange, { kind: 'unknown' }>, read: ReadTree): TreeChange[] {
  const folder = change.after;
  if (folder?.kind !== 'dir') return [];
  return bounded(listTree({ path: change.path, entry: folder }, read), FEWER).map(({ path, entry }) => ({
    kind: 'unknown',
    path,
    after: entry,
  }));
}

/** What is recorded and is in no list of changes. */
function same(recorded: Tree, changed: readonly RenamedOrChange[], read: ReadTree | undefined): Placed[] {
  const touched = new Set(changed.flatMap((each) => (each.kind === 'renamed' ? [each.path, each.from] : [each.path])));
  return [...recorded].flatMap(([path, entry]) => {
    const root = touched.has(path) ? [] : [{ path, entry }];
    if (entry.kind !== 'dir' || read === undefined) return root;
    return [...root, ...bounded(listTree({ path, entry }, read), FEWER).filter((each) => !touched.has(each.path))];
  });
}

/** Reads folders, each once: several comparisons need the same ones. */
function rememberedTrees({ store }: Engine, trees: ReadonlyMap<Digest, Buffer>): ReadTree {
  const known = new Map<string, Tree | undefined>();
  const readTree = boundedTrees({ read: (digest) => trees.get(digest) ?? store.read(digest) });
  const remembered = (folder: Entry): Tree | undefined => {
    const key = folder.kind === 'dir' ? `${folder.digest} ${folder.size} ${folder.files}` : folder.digest;
    if (!known.has(key)) known.set(key, readTree(folder));
    return known.get(key);
  };
  return Object.assign(remembered, { pair: readTree.pair });
}
