import { setBackend } from '@tensorflow/tfjs-core';
import type { BackendCandidate } from './candidate.ts';

/** Plain JavaScript: slow, complete, and the reference in tests. */
export const cpu: BackendCandidate = {
  name: 'cpu',
  async start() {
    await import('@tensorflow/tfjs-backend-cpu');
    return setBackend('cpu');
  },
};
