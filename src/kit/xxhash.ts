import type { XXHashAPI } from 'xxhash-wasm';
import xxhash from 'xxhash-wasm';

let loaded: Promise<XXHashAPI> | undefined;

/** XXH64 as 16 hex digits, for checksums that nobody else relies on. Loaded once per process. */
export async function loadXxh64(): Promise<(text: string) => string> {
  loaded ??= xxhash();
  const hashes = await loaded;
  return (text) => hashes.h64ToString(text);
}

/** XXH64 of bytes, for what is checked by the megabyte. */
export async function loadXxh64Raw(): Promise<(bytes: Buffer) => bigint> {
  loaded ??= xxhash();
  const hashes = await loaded;
  return (bytes) => hashes.h64Raw(bytes);
}
