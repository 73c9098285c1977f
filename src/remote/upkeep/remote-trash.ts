import { appendTo } from '../../kit/append-to.ts';
import { isStorePath } from '../../store/layout.ts';
import type { PlaceEntry } from '../../store/place/place.ts';
import { trashMoment, trashName } from '../../store/trash.ts';
import { eachAtOnce } from '../byte-limit.ts';
import { listAll } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { KEYS } from '../remote-layout.ts';
import { withoutBase } from '../tombstones.ts';
import type { RemoteUpkeep } from './remote-upkeep.ts';

/** What one collection took out of a remote and can be brought back. */
export interface RemoteTrash {
  /** When it was taken out, and until when it is kept, in milliseconds since 1970. */
  readonly time: number;
  readonly until: number;
  readonly entries: readonly PlaceEntry[];
}

/** Everything in the trash of a remote, what was taken out last first. */
export async function remoteTrash({ place }: Pick<Remote, 'place'>): Promise<RemoteTrash[]> {
  const folders = new Map<string, PlaceEntry[]>();
  for (const entry of await listAll(place, KEYS.trash)) {
    const [name = ''] = entry.key.slice(KEYS.trash.length).split('/');
    appendTo(folders, name, entry);
  }
  return [...folders]
    .flatMap(([name, entries]) => {
      const moment = trashMoment(name);
      return moment === undefined ? [] : [{ ...moment, entries }];
    })
    .sort((a, b) => b.time - a.time);
}

/** Copies what is about to be removed into the trash. */
export function intoRemoteTrash(
  { place }: Pick<Remote, 'place'>,
  { now, days }: { readonly now: number; readonly days: number },
): (keys: readonly string[]) => Promise<void> {
  const folder = `${KEYS.trash}${trashName(now, days)}/`;
  return async (keys) => {
    await eachAtOnce(keys, place.concurrency, async (key) => {
      await place.copy(key, folder + withoutBase(key));
    });
  };
}

/**
 * Brings back what was taken out last. What is there again is left as it is; what comes back counts as written now, so
 * that no collection takes it out soon.
 * @returns how many files came back, and when they had been taken out
 */
export async function undoRemoteTrash(
  remote: Pick<Remote, 'place'>,
  upkeep: RemoteUpkeep,
): Promise<{ readonly files: number; readonly time: number } | undefined> {
  const { place } = remote;
  const [newest] = await remoteTrash(remote);
  if (newest === undefined) return undefined;
  let files = 0;
  const bring = async ({ key }: PlaceEntry): Promise<void> => {
    const inside = key.slice(KEYS.trash.length).split('/').slice(1).join('/');
    // Anybody may have put a name there that leads elsewhere.
    if (!isStorePath(inside)) return;
    const target = `v1/${inside}`;
    if ((await place.stat(target)) !== undefined || (await place.copy(key, target))) files += 1;
  };
  // Run records last: none names what is not back yet.
  const isRun = ({ key }: PlaceEntry): boolean => /^[^/]+\/runs\//.test(key.slice(KEYS.trash.length));
  await eachAtOnce(
    newest.entries.filter((entry) => !isRun(entry)),
    place.concurrency,
    bring,
  );
  await eachAtOnce(newest.entries.filter(isRun), place.concurrency, bring);
  await upkeep.remove(newest.entries.map(({ key }) => key));
  return { files, time: newest.time };
}
