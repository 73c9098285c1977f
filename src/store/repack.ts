import { closeSync, openSync, rmSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import { takeTurn } from '../kit/turn.ts';
import { readAt } from './pack-file.ts';
import type { StoreLayout } from './layout.ts';
import type { Frame } from './pack.ts';
import { PackWriter } from './pack-writer.ts';
import type { StoredPack } from './stored-objects.ts';
import type { Dispose, Upkeep } from './upkeep.ts';

/** A pack that is replaced by what of it is wanted. */
export interface OldPack extends Pick<StoredPack, 'name' | 'path'> {
  readonly frames: readonly Frame[];
  /** What becomes of the file. */
  readonly dispose: Dispose;
}

export interface RepackOptions {
  readonly layout: StoreLayout;
  readonly blake3: Blake3;
  readonly upkeep: Upkeep;
  readonly isWanted: (digest: RawDigest) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes what is wanted of some packs into new ones, and takes the old ones out once the new ones are durable. A pack
 * that holds wrong bytes of something wanted is left as it is, and so is one that a process relies on.
 * @returns how many packs were taken out
 * @throws an AbortError when `signal` is aborted, between two new packs
 */
export async function repack(packs: Iterable<OldPack>, options: RepackOptions): Promise<number> {
  const { layout, blake3, upkeep } = options;
  let writer = new PackWriter(layout, blake3, { owner: thisOwner(), isWhole: true });
  let done: OldPack[] = [];
  let removed = 0;
  const settle = async (): Promise<void> => {
    const sealed = writer.isEmpty ? undefined : writer.seal();
    for (const old of done) {
      // The same objects in the same order make a pack of the same name, which has taken the place of the old one.
      const isNew = sealed !== undefined && 'pack' in sealed && sealed.pack === old.name;
      if (!isNew) removed += removePack(old, options);
    }
    writer = new PackWriter(layout, blake3, { owner: thisOwner(), isWhole: true });
    done = [];
    await takeTurn(options.signal);
  };
  try {
    for (const old of packs) {
      if (upkeep.isHeld(old.path)) continue;
      const objects = wantedOf(old, options);
      if (objects === undefined) continue;
      for (const { digest, bytes } of objects) writer.add(digest, bytes);
      done.push(old);
      if (writer.isFull) await settle();
    }
    await settle();
  } finally {
    writer.discard();
  }
  return removed;
}

/** Takes out a pack whose objects are nowhere needed, or elsewhere too; 0 when a process relies on it. */
export function removePack(
  { name, path, dispose }: Pick<OldPack, 'name' | 'path' | 'dispose'>,
  { layout, upkeep }: Pick<RepackOptions, 'layout' | 'upkeep'>,
): 0 | 1 {
  if (upkeep.remove([path], dispose) > 0) return 0;
  rmSync(layout.bad(name), { force: true });
  return 1;
}

/** What is wanted of a pack, checked. A pack is small enough to be held whole. */
function wantedOf(
  { path, frames }: OldPack,
  { isWanted, blake3 }: RepackOptions,
): { digest: RawDigest; bytes: Buffer }[] | undefined {
  const found: { digest: RawDigest; bytes: Buffer }[] = [];
  const fd = openSync(path, 'r');
  try {
    for (const { digest, offset, length } of frames) {
      if (!isWanted(digest)) continue;
      const bytes = readAt(fd, offset, length);
      if (!blake3.raw(bytes).equals(digest)) return undefined;
      found.push({ digest, bytes });
    }
    return found;
  } finally {
    closeSync(fd);
  }
}
