import type { Digest } from '../kit/digest.ts';
import { PipeError } from '../problem/problem.ts';
import type { Catalog } from './catalog.ts';
import { isDenied } from './denied.ts';
import type { RemoteLease } from './remote-lease.ts';
import type { Remote } from './remote.ts';
import { packKey } from './remote-layout.ts';
import type { RemoteUpkeep } from './upkeep/remote-upkeep.ts';
import { beginRemoteUpkeep } from './upkeep/remote-upkeep.ts';
import { isPackRight } from './verify-remote.ts';

export interface DamagedPacks {
  readonly catalog: Pick<Catalog, 'rows'>;
  /** Their numbers. */
  readonly packs: readonly number[];
  /** Of the push that has written anew what is right of them. */
  readonly lease: RemoteLease;
  /** Of who has the remote to itself already. */
  readonly upkeep: RemoteUpkeep | undefined;
}

/**
 * Removes packs that hold wrong bytes when everything that is right of them lies in others. As a collection does it: another
 * push may just have written one of them right. What that push relies on stays, and what is right by now; where
 * somebody else has the remote, or things may not be removed, all of them do, for another one to remove.
 */
export async function removeDamaged(remote: Remote, { catalog, packs, lease, upkeep }: DamagedPacks): Promise<void> {
  const { rows } = catalog;
  const keyOf = (pack: number): string => packKey(rows.packs[pack]?.name as Digest);
  const keys = packs.map(keyOf);
  await lease.drop(keys);
  const own = upkeep ?? (await beginRemoteUpkeep(remote, { graceMs: 0 }).catch(ifNotOurs));
  if (own === undefined) return;
  try {
    const free = new Set(await own.condemn(keys));
    for (const pack of packs) {
      const key = keyOf(pack);
      if (free.has(key) && !(await isPackRight(remote, catalog, pack))) await own.remove([key]);
    }
  } finally {
    if (upkeep === undefined) await own.end();
    else await upkeep.condemn([]);
  }
}

function ifNotOurs(error: unknown): undefined {
  const isBusy = error instanceof PipeError && error.problems.every(({ code }) => code === 'PIPE_REMOTE_BUSY');
  if (!isBusy && !isDenied(error)) throw error;
}
