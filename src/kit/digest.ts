declare const digestBrand: unique symbol;

/**
 * The identity of some bytes: `b3:<64 hex>` (BLAKE3-256, our own), or `md5:<32 hex>[.dir]` (spoken only to DVC stores
 * and `dvc.lock`).
 */
export type Digest = string & { readonly [digestBrand]: true };

const SHAPE = /^(?:b3:[0-9a-f]{64}|md5:[0-9a-f]{32}(?:\.dir)?)$/;

/** Reads a digest that a file claims; `undefined` when its form is wrong. */
export function parseDigest(text: unknown): Digest | undefined {
  return typeof text === 'string' && SHAPE.test(text) ? (text as Digest) : undefined;
}
