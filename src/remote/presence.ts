import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { Catalog } from './catalog.ts';
import { presentLoose } from './loose-presence.ts';
import { ObjectSet } from './object-set.ts';
import type { Remote } from './remote.ts';
import { LARGEST_PACKED, looseKey, packKey } from './remote-layout.ts';

/** Which of some objects a remote has, each looked for by itself. */
export interface Presence {
  /** Those that it does not have, in the order of what was asked for. */
  readonly absent: ObjectSet;
  /** Number of those that it has. */
  readonly present: number;
  /** The keys under which it has the others. */
  readonly keys: ReadonlySet<string>;
}

/**
 * Looks for objects in a remote: in the tables of its packs, and among the files of large ones.
 * @param isWrong whether the remote is known to hold wrong bytes of an object: it counts as absent then
 */
export async function lookFor(
  remote: Pick<Remote, 'place'>,
  { rows }: Pick<Catalog, 'rows'>,
  {
    objects,
    isWrong,
  }: { readonly objects: ObjectSet; readonly isWrong?: ((digest: RawDigest, at: number) => boolean) | undefined },
): Promise<Presence> {
  const packs = new Set<number>();
  const alone = new ObjectSet();
  const unpacked = objects.filter((digest, at, { size }) => {
    const isKnownWrong = isWrong?.(digest, at) === true;
    const pack = isKnownWrong ? -1 : rows.packOf(digest, at);
    if (pack >= 0) packs.add(pack);
    else if (!isKnownWrong && (size === undefined || size > LARGEST_PACKED)) alone.add(digest, at, { size });
    return pack < 0;
  });
  const loose = await presentLoose(remote.place, [...alone.entries()]);
  const absent = unpacked.filter((digest, at) => !loose.has(digest, at));
  const keys = new Set<string>();
  for (const pack of packs) keys.add(packKey(rows.packs[pack]?.name as Digest));
  for (const { digest } of loose.entries()) keys.add(looseKey(digestOfRaw(digest)));
  return { absent, present: objects.count - absent.count, keys };
}
