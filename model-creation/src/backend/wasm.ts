import { createRequire } from 'node:module';
import path from 'node:path';
import { setBackend } from '@tensorflow/tfjs-core';
import type { BackendCandidate } from './candidate.ts';

/**
 * WebAssembly, with SIMD where the processor has it. tfjs runs it on one thread under Node, and WebAssembly's
 * arithmetic is exactly specified, so equal inputs give equal bytes on every machine that has SIMD.
 */
export const wasm: BackendCandidate = {
  name: 'wasm',
  async start() {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
    setWasmPaths(path.join(path.dirname(manifest), 'dist') + path.sep);
    return setBackend('wasm');
  },
};
