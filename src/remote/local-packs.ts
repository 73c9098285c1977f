import { closeSync, fstatSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { StoreLayout } from '../store/layout.ts';
import { openPack, readAt } from '../store/pack-file.ts';
import { FOOTER, tablePlace } from '../store/pack.ts';
import type { PackTable } from './tables.ts';
import { tableInTail } from './tables.ts';

/** The table of a pack of the local store; `undefined` when it is not there or not whole. */
export function localTable(layout: StoreLayout, name: Digest, blake3: Blake3): PackTable | undefined {
  const fd = openPack(layout.pack(name));
  if (fd === undefined) return undefined;
  try {
    const { size } = fstatSync(fd);
    const place = size < FOOTER ? undefined : tablePlace(readAt(fd, size - FOOTER, FOOTER), size);
    if (place === undefined) return undefined;
    const table = tableInTail(readAt(fd, place.offset, place.length), { name, size }, blake3);
    return typeof table === 'number' ? undefined : table;
  } finally {
    closeSync(fd);
  }
}
