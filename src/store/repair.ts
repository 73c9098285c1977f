import { closeSync, openSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import { readAt } from './pack-file.ts';
import type { CheckedStore, DamagedPack } from './check.ts';
import { hashFileNow } from './copy.ts';
import type { StoreLayout } from './layout.ts';
import { STORE_FORMAT, hexOf } from './layout.ts';
import { temporaries } from './leftovers.ts';
import { PackWriter } from './pack-writer.ts';
import { moveAside } from './quarantine.ts';
import type { Upkeep } from './upkeep.ts';
import { noteBad, writeShared } from './write-shared.ts';

export interface RepairOptions {
  readonly layout: StoreLayout;
  readonly blake3: Blake3;
  readonly upkeep: Upkeep;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Takes what is wrong out of the way, and writes damaged packs anew with what is right of them; nothing that may still be
 * of use is removed. What was damaged is absent afterwards.
 * @returns the packs that a process relies on, which stay as they are
 */
export function repairStore(checked: CheckedStore, { layout, blake3, upkeep, now }: RepairOptions): DamagedPack[] {
  if (checked.isFormatDamaged) writeShared(layout, layout.format, `${STORE_FORMAT}\n`);
  for (const { digest, path } of checked.damagedLoose) {
    moveAside(layout, { path, name: hexOf(digest) }, (file) => hashFileNow(file, blake3) === digest);
  }
  for (const path of checked.damagedRuns) {
    moveAside(layout, { path, name: 'run' }, (file) => hexOf(hashFileNow(file, blake3)) === basename(path, '.json'));
  }
  for (const path of [...checked.wrongNotes, ...temporaries(layout, now)]) rmSync(path, { force: true });
  return checked.damagedPacks.filter((pack) => {
    // Before all else: whoever reads meanwhile looks elsewhere.
    const noted = pack.bad.map(({ digest }) => `${digest.toString('hex')}\n`).join('');
    if (!pack.isTableDamaged && noted !== '') noteBad(layout, pack.name, noted);
    // The same objects in the same order make a pack of the same name, which takes the place of the damaged one.
    if (writeAnew(layout, blake3, pack) === pack.name) {
      rmSync(layout.bad(pack.name), { force: true });
      return false;
    }
    const held = upkeep.remove([pack.path], (path) => {
      // Whoever put it right meanwhile would hold it.
      moveAside(layout, { path, name: `${hexOf(pack.name)}.pack` }, () => false);
    });
    if (held === 0) rmSync(layout.bad(pack.name), { force: true });
    return held > 0;
  });
}

/** The objects that a damaged store lost: those of which it held wrong bytes, and no right ones elsewhere. */
export function lostObjects({ damagedLoose, damagedPacks, objects }: CheckedStore): Set<Digest> {
  const bad = damagedPacks.flatMap((pack) => pack.bad.map(({ digest }) => digestOfRaw(digest)));
  return new Set([...damagedLoose.map(({ digest }) => digest), ...bad].filter((digest) => !objects.has(digest)));
}

/** What is right of a pack goes into a new one; returns its name. */
function writeAnew(layout: StoreLayout, blake3: Blake3, { path, good }: DamagedPack): Digest | undefined {
  if (good.length === 0) return undefined;
  const writer = new PackWriter(layout, blake3, { owner: thisOwner(), isWhole: true });
  const fd = openSync(path, 'r');
  try {
    for (const { digest, offset, length } of good) {
      const bytes = readAt(fd, offset, length);
      if (blake3.raw(bytes).equals(digest)) writer.add(digest, bytes);
    }
    const sealed = writer.isEmpty ? undefined : writer.seal();
    return sealed !== undefined && 'pack' in sealed ? sealed.pack : undefined;
  } finally {
    closeSync(fd);
    writer.discard();
  }
}
