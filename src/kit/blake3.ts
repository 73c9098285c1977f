import { createRequire } from 'node:module';
import type { Digest, RawDigest } from './digest.ts';
import { digestOfRaw } from './digest.ts';

/** BLAKE3-256, native where the binary for this platform is installed, else WebAssembly. */
export interface Blake3 {
  readonly native: boolean;
  hash(data: Uint8Array | string): Digest;
  /** The same as bytes, for those who hash by the hundred thousand. */
  raw(data: Uint8Array | string): RawDigest;
  hasher(): Blake3Hasher;
}

/** Hashes a stream piece by piece. */
export interface Blake3Hasher {
  update(data: Uint8Array): void;
  digest(): Digest;
}

let loaded: Promise<Blake3> | undefined;

/** Loads the implementation once per process. */
export function loadBlake3(): Promise<Blake3> {
  loaded ??= Promise.resolve(nativeBlake3()).then((found) => found ?? wasmBlake3());
  return loaded;
}

/** Up to so many bytes WebAssembly is the faster one, since calling into it costs next to nothing. */
const SMALL = 1024;

/**
 * An implementation for those who hash small things by the ten thousand, which takes some milliseconds more to load: of
 * the 1.6 µs that the native one takes for 275 bytes, 1.3 go by before it hashes the first one.
 */
export async function loadBlake3ForSmall(): Promise<Blake3> {
  const [all, small] = await Promise.all([loadBlake3(), wasmBlake3()]);
  return { ...all, raw: (data) => (data.length <= SMALL ? small : all).raw(data) };
}

/** The native implementation; `undefined` where its binary is missing. */
export function nativeBlake3(): Blake3 | undefined {
  const require = createRequire(import.meta.filename);
  let module: typeof import('@napi-rs/blake-hash');
  try {
    module = requireNative(require);
  } catch (error) {
    // The package throws plain errors of several shapes when no binary fits the platform or its libc.
    if (error instanceof Error) return undefined;
    throw error;
  }
  const { Blake3Hasher: Hasher, blake3 } = module;
  return {
    native: true,
    hash: (data) => digestOfRaw(blake3(typeof data === 'string' ? data : asBuffer(data))),
    raw: (data) => blake3(typeof data === 'string' ? data : asBuffer(data)),
    hasher: () => {
      const hasher = new Hasher();
      return {
        update: (data) => void hasher.update(asBuffer(data)),
        digest: () => digestOfRaw(hasher.digestBuffer()),
      };
    },
  };
}

/**
 * On Linux the package asks for a diagnostic report of the process to tell glibc from musl, which takes 4 ms: longer
 * than all else that a `status` loads. With musl the binary for glibc is not installed, or does not load.
 */
function requireNative(require: NodeJS.Require): typeof import('@napi-rs/blake-hash') {
  const name = '@napi-rs/blake-hash';
  if (process.platform === 'linux') {
    try {
      const beside = createRequire(require.resolve(name));
      return beside(`${name}-linux-${process.arch}-gnu`) as ReturnType<typeof requireNative>;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return require(name) as ReturnType<typeof requireNative>;
}

/** The implementation that runs everywhere, about a tenth as fast. */
export async function wasmBlake3(): Promise<Blake3> {
  const { createBLAKE3 } = await import('./blake3-wasm.ts');
  const shared = await createBLAKE3();
  const empty = shared.init().save();
  return {
    native: false,
    hash: (data) => `b3:${shared.init().update(data).digest('hex')}` as Digest,
    raw: (data) => Buffer.from(shared.init().update(data).digest('binary')),
    // The instance is shared, so a stream keeps its state outside between pieces.
    hasher: () => {
      let state = empty;
      return {
        update: (data) => {
          state = shared.load(state).update(data).save();
        },
        digest: () => `b3:${shared.load(state).digest('hex')}` as Digest,
      };
    },
  };
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
