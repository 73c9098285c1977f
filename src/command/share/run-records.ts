import type { Digest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import { isWithin } from '../../kit/path.ts';
import { stageKey } from '../../fingerprint/stage.ts';
import type { LockBlock } from '../../lockfile/block.ts';
import type { StoredRecord } from '../../remote/records.ts';
import { allLocalRecords, keyOf, localRecords, madeOuts } from '../../remote/records.ts';
import { eachReference } from '../../remote/tree-references.ts';
import { originOf } from '../../store/run-record.ts';
import type { DataProject } from '../data-project.ts';
import type { RemoteShare, Shares } from './open-remotes.ts';
import type { SharedThings } from './shared.ts';
import { thingOf } from './shared.ts';

/** The records that may go to a remote. */
export interface RecordChoice {
  readonly shared: SharedThings;
  readonly shares: Shares;
  readonly share: RemoteShare;
  /** Whether all records go, those of stages in locks, or none. */
  readonly runCache: 'all' | 'none' | undefined;
}

/**
 * The run records that go to a remote with what is shared there: those that made what the locks say, or all. None goes
 * of which an out must not, or was not asked for.
 */
export function recordsFor(data: DataProject, { shared, shares, share, runCache }: RecordChoice): StoredRecord[] {
  if (runCache === 'none') return [];
  const { engine } = data;
  const { layout } = engine.store;
  const own = digestsOf(share.things.filter(({ below }) => below === ''));
  if (runCache === 'all') {
    const others = shares.shares.filter((each) => each !== share).flatMap(({ things }) => things);
    const away = [...keptOf(data, share.name), ...shares.kept, ...shares.elsewhere, ...others];
    const kept = digestsOf(away);
    const folders = digestsOf(away.filter(({ entry }) => entry.kind === 'dir'));
    for (const digest of digestsInside(data, folders)) kept.add(digest);
    const mayGo = (digest: Digest): boolean => own.has(digest) || !kept.has(digest);
    const isOfProject = ofProject(engine);
    return allLocalRecords(layout, engine.blake3).filter(
      (each) => isOfProject(each) && isOwn(data, each) && each.record.outs.every(({ digest }) => mayGo(digest)),
    );
  }
  const found = new Map<string, StoredRecord>();
  for (const { block, inGit } of shared.blocks) {
    if (!block.outs.every(({ digest, path }) => own.has(digest) || inGit.has(path))) continue;
    for (const each of recordsOfBlock(data, block)) found.set(keyOf(each), each);
  }
  return [...found.values()];
}

/** The logs of some runs that may go to a remote: of those of this machine. */
export function logsOf(data: DataProject, records: readonly StoredRecord[]): Digest[] {
  return records.filter((each) => isOwn(data, each)).flatMap(({ record: { log } }) => log ?? []);
}

/** What came from a remote may name what is nobody's business there: a digest is no secret, the bytes may be one. */
function isOwn({ engine: { store } }: DataProject, { record: { key }, name }: StoredRecord): boolean {
  return originOf(store.layout, { key, name }) === undefined;
}

/**
 * Whether a record is one of this project: all of its own cache are; of a cache that others use, too, those of its stages,
 * by their address and the paths of their outs.
 */
function ofProject({ project, graph, store }: DataProject['engine']): (stored: StoredRecord) => boolean {
  if (isWithin(project.root, store.layout.root)) return () => true;
  return ({ record }) => {
    const stage = graph.stages.get(record.stage);
    const outs = new Set(record.outs.map(({ path }) => path));
    return stage?.outs.length === outs.size && stage.outs.every(({ as }) => outs.has(as));
  };
}

/** The local records of runs that made just what a lock says. */
function recordsOfBlock({ engine }: DataProject, block: LockBlock): StoredRecord[] {
  const outs = block.outs.map(({ path }) => path);
  const key = stageKey(block, outs, engine.blake3);
  return localRecords(engine.store.layout, key, engine.blake3).filter((each) => madeOuts(each, block.outs));
}

/** What the workspace keeps from a remote, selected or not. */
function keptOf({ tracked }: DataProject, remote: string): ReturnType<typeof thingOf> {
  return tracked
    .flatMap((each) => thingOf({ tracked: each, below: '' }))
    .filter(({ sharing }) => sharing.push === false || (sharing.remote ?? remote) !== remote);
}

function digestsOf(things: Iterable<{ readonly entry: { readonly digest: Digest } }>): Set<Digest> {
  return new Set([...things].map(({ entry }) => entry.digest));
}

/** The files and folders inside of kept ones, as far as their lists are here: without these nothing of them is. */
function digestsInside({ engine: { store } }: DataProject, folders: ReadonlySet<Digest>): Set<Digest> {
  const found = new Set<Digest>();
  const open = [...folders];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    const bytes = digest.startsWith('b3:') ? store.read(digest) : undefined;
    if (bytes === undefined) continue;
    eachReference(bytes, (raw, kind) => {
      const inside = digestOfRaw(raw);
      if (found.has(inside)) return;
      found.add(inside);
      if (kind === 'list') open.push(inside);
    });
  }
  return found;
}

/** Records go to the usual remote also where nothing else does: a stage may make nothing but what Git keeps. */
export function withRecords(
  { engine }: DataProject,
  { shares }: Shares,
  {
    blocks,
    runCache,
    asked,
  }: Pick<SharedThings, 'blocks'> & Pick<RecordChoice, 'runCache'> & { readonly asked: string | undefined },
): readonly RemoteShare[] {
  const name = asked ?? engine.project.config.get('core.remote');
  if (name === undefined || shares.some((share) => share.name === name)) return shares;
  const isWanted = runCache === 'all' || (runCache === undefined && blocks.some(({ block, inGit }) => block.outs.every(({ path }) => inGit.has(path)))); // prettier-ignore
  return isWanted ? [...shares, { name, things: [] }] : shares;
}
