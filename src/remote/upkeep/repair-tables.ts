import type { Digest } from '../../kit/digest.ts';
import type { Catalog } from '../catalog.ts';
import type { Remote } from '../remote.ts';
import { hasFormat } from '../remote.ts';
import { KEYS, packKey } from '../remote-layout.ts';
import { withoutBase } from '../tombstones.ts';
import type { RemoteLeftovers } from './leftovers.ts';
import { findLeftovers, removeLeftovers } from './leftovers.ts';
import type { RemoteUpkeep } from './remote-upkeep.ts';
import { beginRemoteUpkeep } from './remote-upkeep.ts';
import { PackAnew } from './rewrite-packs.ts';
import { planTables, rewriteTables } from './rewrite-tables.ts';
import { scanPack } from './scan-pack.ts';

/** A pack whose table was lost, and what became of it. */
export interface RebuiltPack {
  readonly name: Digest;
  /** Objects that it holds right bytes of. */
  readonly objects: number;
  readonly bytes: number;
  /** Objects of which it holds wrong bytes. */
  readonly wrong: number;
  /** Bytes of which it is not known what they were. */
  readonly unknown: number;
}

/** What a repair found and, unless it was dry, put in order. */
export interface RepairedRemote {
  readonly packs: readonly RebuiltPack[];
  /** Packs that stay as they are, since a push is about to write them. */
  readonly inUse: readonly Digest[];
  /** Files of tables that were damaged, or listed what one file lists now. */
  readonly damagedTables: readonly string[];
  readonly superfluousTables: readonly string[];
  /** Packs that the new file of tables lists. */
  readonly listed: number;
  readonly leftovers: RemoteLeftovers;
}

export interface RepairOptions {
  /** Only look. */
  readonly dry: boolean;
  readonly graceMs: number;
  readonly onProgress?: ((packs: number, total: number) => void) | undefined;
}

/**
 * Puts in order what tells of the objects of a remote: tables of packs that cannot be had are made again from the frames,
 * all packs are listed in one file of tables, and what nobody goes on with is removed.
 * @throws {PipeError} PIPE_REMOTE_DENIED, PIPE_REMOTE_BUSY
 */
export async function repairRemote(remote: Remote, options: RepairOptions): Promise<RepairedRemote> {
  const { dry, graceMs, onProgress } = options;
  await hasFormat(remote.place);
  // What is not right is nothing that a push that has ended relies on.
  const upkeep = dry ? undefined : await beginRemoteUpkeep(remote, { graceMs: 0 });
  try {
    const catalog = await remote.look();
    const { packs, inUse } = await rebuildPacks(remote, { catalog, upkeep, onProgress });
    // After what was rebuilt.
    const after = dry ? catalog : await remote.look();
    const { damaged, superfluous } = await planTables(remote, after);
    const leftovers = await findLeftovers(remote, { graceMs });
    if (!dry) {
      await rewriteTables(remote);
      await removeLeftovers(remote, leftovers);
    }
    return {
      packs,
      inUse,
      damagedTables: damaged,
      superfluousTables: superfluous.filter((key) => !damaged.includes(key)),
      listed: after.rows.packs.length,
      leftovers,
    };
  } finally {
    await upkeep?.end();
  }
}

/**
 * Packs whose tables cannot be had: what is right of them goes into packs anew, mostly under the very same name. One of
 * which not everything is saved is set aside.
 */
export async function rebuildPacks(
  remote: Remote,
  {
    catalog,
    upkeep,
    onProgress,
  }: {
    readonly catalog: Catalog;
    readonly upkeep: RemoteUpkeep | undefined;
    readonly onProgress?: RepairOptions['onProgress'];
  },
): Promise<{ readonly packs: readonly RebuiltPack[]; readonly inUse: readonly Digest[] }> {
  const packs: RebuiltPack[] = [];
  const inUse: Digest[] = [];
  for (const name of catalog.broken) {
    onProgress?.(packs.length, catalog.broken.size);
    // A push that is about to write it may come first: it writes the right one.
    const isFree = upkeep === undefined || (await upkeep.condemn([packKey(name)])).length > 0;
    if (!isFree) {
      inUse.push(name);
      continue;
    }
    packs.push(await rebuildPack(remote, { name, size: catalog.listed.get(name) ?? 0, upkeep }));
  }
  return { packs, inUse };
}

async function rebuildPack(
  remote: Remote,
  { name, size, upkeep }: { readonly name: Digest; readonly size: number; readonly upkeep: RemoteUpkeep | undefined },
): Promise<RebuiltPack> {
  const anew = upkeep === undefined ? undefined : new PackAnew(remote);
  let [objects, bytes, wrong] = [0, 0, 0];
  const unknown = await scanPack(remote, { name, size }, async (frame) => {
    if (frame.bytes === undefined) wrong += 1;
    else {
      objects += 1;
      bytes += frame.length;
      await anew?.add(frame.digest, frame.bytes);
    }
  });
  await anew?.end();
  // The name stands for everything that was in it.
  if (anew?.names.has(name) === true) return { name, objects, bytes, wrong: 0, unknown: 0 };
  const key = packKey(name);
  const isSaved = wrong + unknown === 0;
  await upkeep?.remove([key], isSaved ? undefined : () => setAside(remote, key));
  return { name, objects, bytes, wrong, unknown };
}

/** Copies a file to where nobody takes it for right, and somebody who knows better may find it. */
export async function setAside({ place }: Pick<Remote, 'place'>, key: string): Promise<void> {
  await place.copy(key, KEYS.quarantine + withoutBase(key));
}
