/** BLAKE3 for machines without a native one, loaded only there. */
export { createBLAKE3 } from 'hash-wasm';
