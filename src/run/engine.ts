import { join } from 'node:path';
import type { Emit } from '../event/event.ts';
import { endOrphans } from '../executor/process-group.ts';
import type { FingerprintOptions, StrayLink } from '../fingerprint/file.ts';
import type { Graph } from '../graph/graph.ts';
import { indexFolder } from '../index/location.ts';
import type { StatIndex } from '../index/stat-index.ts';
import { openStatIndex } from '../index/stat-index.ts';
import type { Blake3 } from '../kit/blake3.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { thisOwner } from '../kit/owner.ts';
import { danglingLink } from '../kit/system-fault.ts';
import { loadXxh64, loadXxh64Raw } from '../kit/xxhash.ts';
import { LockState } from '../lockfile/lock-state.ts';
import { readPointerOuts } from '../lockfile/pointer-outs.ts';
import { readWorkspaceNeeds } from '../lockfile/workspace-needs.ts';
import { cacheFolder } from '../project/cache-folder.ts';
import { ignoreFilter } from '../project/ignore.ts';
import { PipeError } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { freeLinks } from '../store/free-links.ts';
import { storeLayout } from '../store/layout.ts';
import type { Links } from '../store/link.ts';
import { linkTrust } from '../store/link.ts';
import { ObjectStore } from '../store/object-store.ts';
import { isInside } from '../store/restore.ts';
import { Claims } from './claims.ts';
import { damageNotice, trackedEntries } from './damage-notice.ts';
import { ownedOuts } from './owned-outs.ts';
import { ParamFiles } from './param-files.ts';
import type { Signing } from './signing.ts';
import { openSigning } from './signing.ts';

/** Everything that planning and running stages of one project needs. */
export interface Engine {
  readonly project: Project;
  readonly graph: Graph;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly blake3: Blake3;
  readonly store: ObjectStore;
  readonly locks: LockState;
  readonly index: StatIndex;
  /** What is remembered of the objects themselves, for links to them. */
  readonly objects: StatIndex;
  /** How files come out of the store (`cache.type`). */
  readonly links: Links;
  readonly claims: Claims;
  readonly params: ParamFiles;
  readonly fingerprint: FingerprintOptions;
  /** Links to objects that were found not to lead where they should, by path; whoever puts one right takes it out. */
  readonly strays: Map<string, StrayLink>;
  /** Whose run records count, and what ours are signed with. */
  readonly signing: Signing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly emit: Emit;
}

export interface EngineOptions {
  readonly project: Project;
  readonly graph: Graph;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  readonly now?: () => number;
}

/** Opens what lies under a project: store, stat index, locks. Writes nothing. */
export async function openEngine({ project, graph, env, emit, now = Date.now }: EngineOptions): Promise<Engine> {
  const [blake3, checksum, rawChecksum] = await Promise.all([loadBlake3(), loadXxh64(), loadXxh64Raw()]);
  const owner = thisOwner();
  const tmp = join(project.pipeDir, 'tmp');
  const layout = storeLayout(cacheFolder(project), { shared: project.config.get('cache.shared') === 'group' });
  refuseLostCache(layout.root);
  const folder = indexFolder(project.root, env);
  const index = openStatIndex(folder && join(folder, 'files.idx'), project.root, rawChecksum);
  const objectFolder = indexFolder(layout.root, env);
  const objects = openStatIndex(objectFolder && join(objectFolder, 'objects.idx'), layout.root, rawChecksum);
  const locks = new LockState({ root: project.root, journals: join(tmp, 'journal'), owner, blake3, checksum, now });
  const onDamage = damageNotice({
    emit,
    read: (digest) => store.read(digest),
    places: () => trackedEntries(project, graph, locks),
  });
  const store: ObjectStore = new ObjectStore(layout, blake3, onDamage);
  store.trust = linkTrust(objects);
  store.beforeReplaced = (path) => { freeLinks(keptPlaces({ project, graph, locks }), [path]); }; // prettier-ignore
  const strays = new Map<string, StrayLink>();
  return {
    project,
    graph,
    env,
    blake3,
    store,
    index,
    objects,
    links: { types: project.config.get('cache.type'), onRefused: noticeOnce(emit) },
    now,
    emit,
    locks,
    claims: new Claims({
      root: project.root,
      folder: join(tmp, 'claims'),
      owner,
      endOrphans: (runId, groups) =>
        endOrphans(runId, groups, (count) => {
          emit({ type: 'notice', message: `ending ${String(count)} processes that a killed run left behind` });
        }),
    }),
    params: new ParamFiles(project.root),
    strays,
    signing: openSigning(project, env, emit),
    fingerprint: {
      root: project.root,
      index,
      blake3,
      ignored: ignoreFilter(project.root),
      owned: ownedOuts(project.root, graph.stages.values()),
      now,
      looseFolder: layout.looseFolder,
      onStray: (stray) => strays.set(stray.path, stray),
    },
  };
}

/** A disk that is not mounted must not look like a cache with nothing in it. */
function refuseLostCache(folder: string): void {
  const link = danglingLink(folder);
  if (link === undefined) return;
  throw new PipeError({
    code: 'PIPE_SYSTEM',
    message: `the cache ${folder} cannot be used: ${link === folder ? 'it' : link} is a symbolic link that leads nowhere`,
    hint: 'mount the disk where it lies, or make the folder; another one is set with `pipe cache dir`',
  });
}

/**
 * Where files may be links to the store: the absolute paths of outs and of what pointers track. Locks tell of outs, too:
 * some commands do without the graph, and what a stage made may have no stage any more.
 */
function keptPlaces({ project, graph, locks }: Pick<Engine, 'project' | 'graph' | 'locks'>): Set<string> {
  const { roots } = readWorkspaceNeeds({ project, locks, readPointer: readPointerOuts });
  const outs = [...graph.stages.values()].flatMap((stage) => stage.outs);
  const targets = [...outs, ...roots].map(({ path }) => join(project.root, path));
  return new Set(targets.filter((target) => isInside(target, project.root)));
}

/** Of many files that cannot be linked, the first is worth a word. */
function noticeOnce(emit: Emit): () => void {
  let isTold = false;
  return () => {
    if (isTold) return;
    isTold = true;
    emit({
      type: 'notice',
      message: 'the system refuses hardlinks to objects that belong to somebody else: the next of cache.type is used',
      hint: 'Linux does so unless fs.protected_hardlinks is 0; or let cache.type begin with reflink or symlink',
    });
  };
}
