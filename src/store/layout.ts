import { join } from 'node:path';
import type { Digest } from '../kit/digest.ts';

/** The line in `<store>/format` (docs/formats.md). */
export const STORE_FORMAT = 'pipe.store/1';

/** Where things lie below a store's folder. The only place that knows. */
export interface StoreLayout {
  readonly root: string;
  readonly format: string;
  readonly tmp: string;
  readonly quarantine: string;
  loose(digest: Digest): string;
  /** The folder of all run records under one stage key. */
  runs(key: Digest): string;
}

/** The layout of a store at `root`, an absolute path. */
export function storeLayout(root: string): StoreLayout {
  const base = join(root, 'v1');
  const sharded = (folder: string, digest: Digest): string => {
    const hex = hexOf(digest);
    return join(base, folder, hex.slice(0, 2), hex.slice(2));
  };
  return {
    root,
    format: join(root, 'format'),
    tmp: join(base, 'tmp'),
    quarantine: join(base, 'quarantine'),
    loose: (digest) => sharded('loose', digest),
    runs: (key) => sharded('runs', key),
  };
}

/** The hex digits of a digest, without what names its algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
