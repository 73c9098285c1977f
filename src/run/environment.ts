import type { Digest } from '../kit/digest.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Engine } from './engine.ts';

/** Digests of the values that a stage sets, and of those that it reads. Values themselves are never recorded. */
export function environmentOf(engine: Pick<Engine, 'blake3' | 'env'>, stage: Stage): Map<string, Digest> {
  const digests = new Map<string, Digest>();
  for (const [name, value] of stage.env) digests.set(name, engine.blake3.hash(`set ${value}`));
  for (const name of stage.envDeps) {
    const value = Object.hasOwn(engine.env, name) ? engine.env[name] : undefined;
    digests.set(name, engine.blake3.hash(value === undefined ? 'unset' : `set ${value}`));
  }
  return digests;
}
