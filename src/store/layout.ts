import { join } from 'node:path';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';

/** The line in `<store>/format` (docs/formats.md). */
export const STORE_FORMAT = 'pipe.store/2';

/** Formats that are part of this one: such a store becomes one of {@link STORE_FORMAT} by saying so. */
export const FORMER_FORMATS: readonly string[] = ['pipe.store/1'];

/** Where things lie below a store's folder. The only place that knows. */
export interface StoreLayout {
  readonly root: string;
  /** Whether a group works with the store: its members read and write what any of them made. */
  readonly shared: boolean;
  readonly format: string;
  readonly tmp: string;
  readonly quarantine: string;
  /** The folder of all loose objects. */
  readonly looseFolder: string;
  loose(digest: Digest): string;
  /** The folder of all packs. */
  readonly packs: string;
  /** A sealed pack, named by the digest of its table. */
  pack(name: Digest): string;
  /** The folder of all run records under one stage key. */
  runs(key: Digest): string;
}

/** The layout of a store at `root`, an absolute path; `shared` by a group (`cache.shared`). */
export function storeLayout(root: string, { shared = false } = {}): StoreLayout {
  const base = join(root, 'v1');
  const sharded = (folder: string, digest: Digest): string => {
    const hex = hexOf(digest);
    return join(base, folder, hex.slice(0, 2), hex.slice(2));
  };
  return {
    root,
    shared,
    format: join(root, 'format'),
    tmp: join(base, 'tmp'),
    quarantine: join(base, 'quarantine'),
    looseFolder: join(base, 'loose'),
    loose: (digest) => sharded('loose', digest),
    packs: join(base, 'packs'),
    pack: (name) => join(base, 'packs', `${hexOf(name)}.pack`),
    runs: (key) => sharded('runs', key),
  };
}

/** The name of a pack, by that of its file; `undefined` for other files. */
export function packOfFile(file: string): Digest | undefined {
  return file.endsWith('.pack') ? parseDigest(`b3:${file.slice(0, -5)}`) : undefined;
}

/** The hex digits of a digest, without what names its algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}
