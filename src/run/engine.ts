import { join } from 'node:path';
import type { Emit } from '../event/event.ts';
import { endOrphans } from '../executor/process-group.ts';
import type { FingerprintOptions } from '../fingerprint/file.ts';
import type { Graph } from '../graph/graph.ts';
import { indexFolder } from '../index/location.ts';
import type { StatIndex } from '../index/stat-index.ts';
import { openStatIndex } from '../index/stat-index.ts';
import type { Blake3 } from '../kit/blake3.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import { thisOwner } from '../kit/owner.ts';
import { loadXxh64, loadXxh64Raw } from '../kit/xxhash.ts';
import { LockState } from '../lockfile/lock-state.ts';
import { cacheFolder } from '../project/cache-folder.ts';
import { ignoreFilter } from '../project/ignore.ts';
import type { Project } from '../project/project.ts';
import { storeLayout } from '../store/layout.ts';
import { ObjectStore } from '../store/object-store.ts';
import { Claims } from './claims.ts';
import { ParamFiles } from './param-files.ts';

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
  readonly claims: Claims;
  readonly params: ParamFiles;
  readonly fingerprint: FingerprintOptions;
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
  const store = new ObjectStore(storeLayout(cacheFolder(project)), blake3, (digest, movedTo) => {
    emit({
      type: 'notice',
      message: `the store held wrong bytes for ${digest}; they were moved to ${movedTo}`,
      hint: 'check the disk: this is not supposed to happen',
    });
  });
  const folder = indexFolder(project.root, env);
  const index = openStatIndex(folder && join(folder, 'files.idx'), project.root, rawChecksum);
  const { root: storeRoot } = store.layout;
  const objectFolder = indexFolder(storeRoot, env);
  const objects = openStatIndex(objectFolder && join(objectFolder, 'objects.idx'), storeRoot, rawChecksum);
  return {
    project,
    graph,
    env,
    blake3,
    store,
    index,
    objects,
    now,
    emit,
    locks: new LockState({ root: project.root, journals: join(tmp, 'journal'), owner, blake3, checksum, now }),
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
    fingerprint: {
      root: project.root,
      index,
      blake3,
      ignored: ignoreFilter(project.root),
      isObject: (target) => target.startsWith(`${store.layout.looseFolder}/`) && !target.includes('/../'),
      now,
    },
  };
}
