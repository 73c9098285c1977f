import { statSync } from 'node:fs';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { localTable } from './local-packs.ts';
import { ObjectSet } from './object-set.ts';
import type { Remote } from './remote.ts';
import type { PackTable } from './tables.ts';

/** Where objects lie in the local store. */
export interface LocalObjects {
  /** Those that are there, with the bytes that they have there; the group is the pack (from 1), or 0. */
  readonly found: ObjectSet;
  /** Those that are not. */
  readonly lost: ObjectSet;
  readonly tableOf: (pack: number) => PackTable | undefined;
}

/** Looks for objects in the local store. */
export function findLocal(store: ObjectStore, objects: ObjectSet, { blake3 }: Pick<Remote, 'blake3'>): LocalObjects {
  const numbers = new Map<Digest, number>();
  const names: Digest[] = [];
  const found = new ObjectSet();
  const lost = new ObjectSet();
  objects.each((digest, at, { size }) => {
    const length = localSize(store, digest, at);
    const packed = length === undefined ? undefined : store.inPack(digest, at);
    if (length === undefined) {
      lost.add(digest, at, { size });
      return;
    }
    const group = packed === undefined ? 0 : (numbers.get(packed.name) ?? names.push(packed.name));
    if (packed !== undefined) numbers.set(packed.name, group);
    found.add(digest, at, { size: length, group });
  });
  const tables = new Map<Digest, PackTable | undefined>();
  return {
    found,
    lost,
    tableOf(pack) {
      const name = names[pack - 1];
      if (name !== undefined && !tables.has(name)) tables.set(name, localTable(store.layout, name, blake3));
      return name && tables.get(name);
    },
  };
}

/** The bytes of an object, the digest lying at `at` of some bytes; `undefined` where the local store does not have it. */
export function localSize(store: ObjectStore, digest: RawDigest, at: number): number | undefined {
  if (!store.hasRaw(digest, at)) return undefined;
  return store.inPack(digest, at)?.length ?? looseLength(store, digest.subarray(at, at + 32));
}

function looseLength({ layout }: ObjectStore, digest: RawDigest): number | undefined {
  return statSync(layout.loose(digestOfRaw(digest)), { throwIfNoEntry: false })?.size;
}
