import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../model-error.ts';
import type { BackendCandidate } from './candidate.ts';
import { cpu } from './cpu.ts';
import { wasm } from './wasm.ts';

/** The backend in use. */
export interface Backend {
  readonly name: string;
  /** Name and version in words, for a person. */
  readonly label: string;
}

/** What `chooseBackend` may be told. */
export interface BackendChoice {
  /** A candidate's name; `auto` or absent: the first that works. */
  readonly wanted?: string | undefined;
  /** In order of preference. */
  readonly candidates?: readonly BackendCandidate[];
}

/** Fastest first; plain JavaScript, which runs everywhere, last. */
export const backendCandidates: readonly BackendCandidate[] = [wasm, cpu];

/**
 * Activates a backend and proves it by running one op. A candidate counts only when `setBackend` said true and tfjs
 * names it as active, because a backend that fails to start otherwise leaves the next one running in silence.
 * A wanted backend is never replaced by another: throws `ModelError` when it doesn't work, or is unknown.
 */
export async function chooseBackend({ wanted, candidates = backendCandidates }: BackendChoice = {}): Promise<Backend> {
  const forced = wanted !== undefined && wanted !== '' && wanted !== 'auto';
  const tried = forced ? candidates.filter(({ name }) => name === wanted) : candidates;
  if (tried.length === 0) {
    const known = candidates.map(({ name }) => name).join(', ');
    throw new ModelError(`unknown backend "${wanted ?? ''}"; known: auto, ${known}`);
  }
  const failures: string[] = [];
  for (const candidate of tried) {
    const failure = await failureOf(candidate);
    if (failure === undefined) return { name: candidate.name, label: `${candidate.name} (tfjs ${tf.version_core})` };
    failures.push(`${candidate.name}: ${failure}`);
  }
  throw new ModelError(`no backend for tensors works here: ${failures.join('; ')}`);
}

/** Why a candidate cannot be used; undefined when it is active and computes. */
async function failureOf(candidate: BackendCandidate): Promise<string | undefined> {
  try {
    if (!(await candidate.start())) return 'it did not start';
    if (tf.getBackend() !== candidate.name) return `tfjs runs ${tf.getBackend()} instead`;
    return (await multiplies()) ? undefined : 'a matrix product came out wrong';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function multiplies(): Promise<boolean> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])));
  const values = await product.data();
  product.dispose();
  return values[0] === 11;
}
