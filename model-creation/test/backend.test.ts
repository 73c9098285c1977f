import { getBackend } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { backendCandidates, chooseBackend } from '../src/backend/backend.ts';
import type { BackendCandidate } from '../src/backend/candidate.ts';
import { cpu } from '../src/backend/cpu.ts';

const refuses: BackendCandidate = { name: 'refuses', start: () => Promise.resolve(false) };
const pretends: BackendCandidate = { name: 'pretends', start: () => Promise.resolve(true) };
const breaks: BackendCandidate = { name: 'breaks', start: () => Promise.reject(new Error('no such device')) };

it('wasm is the first choice, and it computes here', async () => {
  expect((await chooseBackend()).name).toBe('wasm');
  expect(getBackend()).toBe('wasm');
});

it('every candidate of the list can be forced', async () => {
  for (const { name } of backendCandidates) {
    expect((await chooseBackend({ wanted: name })).name).toBe(name);
    expect(getBackend()).toBe(name);
  }
});

it('one that refuses, pretends or breaks is passed over when nothing is forced', async () => {
  expect((await chooseBackend({ candidates: [refuses, pretends, breaks, cpu] })).name).toBe('cpu');
});

it('a forced backend is never replaced by another', async () => {
  const candidates = [refuses, pretends, breaks, cpu];
  await expect(chooseBackend({ wanted: 'refuses', candidates })).rejects.toThrow('refuses: it did not start');
  await expect(chooseBackend({ wanted: 'pretends', candidates })).rejects.toThrow('instead');
  await expect(chooseBackend({ wanted: 'breaks', candidates })).rejects.toThrow('no such device');
  await expect(chooseBackend({ wanted: 'quantum', candidates })).rejects.toThrow('unknown backend "quantum"');
});
