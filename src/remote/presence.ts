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

/** What is known of objects before they are looked for, each by its digest, which lies at `at` of some bytes. */
export interface KnownBefore {
  /** Whether the remote holds wrong bytes of it: it counts as absent then. */
  readonly isWrong?: ((digest: RawDigest, at: number) => boolean) | undefined;
  /**
   * How long the list of a folder is, of which no set of objects says it. Where nothing says it either, it is looked for as
   * a file of its own, which hardly any list is long enough for: a request for each.
   */
  readonly sizeOf?: ((digest: RawDigest, at: number) => number | undefined) | undefined;
}

/** Looks for objects in a remote: in the tables of its packs, and among the files of large ones. */
export async function lookFor(
  remote: Pick<Remote, 'place'>,
  { rows }: Pick<Catalog, 'rows'>,
  { objects, isWrong, sizeOf }: KnownBefore & { readonly objects: ObjectSet },
): Promise<Presence> {
  const packs = new Set<number>();
  const alone = new ObjectSet();
  const unpacked = objects.filter((digest, at, { size }) => {
    const isKnownWrong = isWrong?.(digest, at) === true;
    const pack = isKnownWrong ? -1 : rows.packOf(digest, at);
    if (pack >= 0) packs.add(pack);
    else if (!isKnownWrong) {
      const known = size ?? sizeOf?.(digest, at);
      if (known === undefined || known > LARGEST_PACKED) alone.add(digest, at, { size: known });
    }
    return pack < 0;
  });
  const loose = await presentLoose(remote.place, [...alone.entries()]);
  const absent = unpacked.filter((digest, at) => !loose.has(digest, at));
  const keys = new Set<string>();
  for (const pack of packs) keys.add(packKey(rows.packs[pack]?.name as Digest));
  for (const { digest } of loose.entries()) keys.add(looseKey(digestOfRaw(digest)));
  return { absent, present: objects.count - absent.count, keys };
}
