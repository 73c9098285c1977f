declare const digestBrand: unique symbol;

/**
 * The identity of some bytes: `b3:<64 hex>` (BLAKE3-256, our own), or `md5:<32 hex>[.dir]` (spoken only to DVC stores
 * and `dvc.lock`).
 */
export type Digest = string & { readonly [digestBrand]: true };

/** The 32 bytes of a BLAKE3 digest, as they stand in packs and in the index. */
export type RawDigest = Buffer;

/** The text form of the 32 bytes of BLAKE3 that lie at `at`. */
export function digestOfRaw(raw: Buffer, at = 0): Digest {
  return `b3:${raw.toString('hex', at, at + 32)}` as Digest;
}

/** The 32 bytes of a BLAKE3 digest. */
export function rawOfDigest(digest: Digest): RawDigest {
  return Buffer.from(digest.slice(3), 'hex');
}

const SHAPE = /^(?:b3:[0-9a-f]{64}|md5:[0-9a-f]{32}(?:\.dir)?)$/;

/** Reads a digest that a file claims; `undefined` when its form is wrong. */
export function parseDigest(text: unknown): Digest | undefined {
  return typeof text === 'string' && SHAPE.test(text) ? (text as Digest) : undefined;
}
