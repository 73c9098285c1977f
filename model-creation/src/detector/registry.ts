import { ModelError } from '../model-error.ts';
import type { DetectorKind } from './detector.ts';

/** Each kind is loaded when it is asked for, so that a baseline starts no tensor library. */
const kinds: ReadonlyMap<string, () => Promise<DetectorKind>> = new Map([
  ['dense-ae', async () => (await import('./dense-ae.ts')).denseAe],
  ['pca', async () => (await import('./pca.ts')).pca],
  ['z-score', async () => (await import('./z-score.ts')).zScore],
  ['random', async () => (await import('./random-scores.ts')).randomScores],
]);

/** The kind with this name. Throws `ModelError` when there is none. */
export async function detectorKind(name: string): Promise<DetectorKind> {
  const load = kinds.get(name);
  if (load === undefined) throw new ModelError(`unknown detector "${name}"; known: ${detectorNames().join(', ')}`);
  return load();
}

/** The names of all kinds, in the order of registration. */
export function detectorNames(): string[] {
  return [...kinds.keys()];
}
