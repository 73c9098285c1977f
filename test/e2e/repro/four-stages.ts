import { expect } from 'vitest';
import type { Rig } from '../../rig/rig.ts';
import type { Stages } from './project.ts';
import { outcomes, setUp } from './project.ts';

/** prepare → train → report → page; `other` reads nothing that the others make. */
export const STAGES = {
  prepare: { cmd: 'head -n 1 raw.txt > clean.txt', deps: ['raw.txt'], outs: ['clean.txt'] },
  train: {
    cmd: 'cat clean.txt > model.txt && echo ${epochs} >> model.txt',
    deps: ['clean.txt'],
    params: ['epochs'],
    outs: ['model.txt'],
  },
  report: { cmd: 'wc -l < model.txt > report.txt', deps: ['model.txt'], outs: ['report.txt'] },
  page: { cmd: 'sed s/^/lines:/ report.txt > page.txt', deps: ['report.txt'], outs: ['page.txt'] },
  other: { cmd: 'cp other.txt made.txt', deps: ['other.txt'], params: ['seed'], outs: ['made.txt'] },
} as const;

export const FILES = { 'raw.txt': 'first\nsecond\n', 'other.txt': 'x', 'params.yaml': 'epochs: 1\nseed: 1\n' };

export const ALL_FRESH = { prepare: 'fresh', train: 'fresh', report: 'fresh', page: 'fresh', other: 'fresh' };

/** A project in which everything has run. */
export async function finished(
  rig: Rig,
  stages: Stages = STAGES,
  files: Readonly<Record<string, string>> = FILES,
): Promise<void> {
  await setUp(rig, stages, files);
  expect(new Set(Object.values(await outcomes(rig)))).toEqual(new Set(['ran']));
}

/** The same stages with other fields in one of them. */
export function withFields(name: keyof typeof STAGES, fields: Readonly<Record<string, unknown>>): { stages: Stages } {
  return { stages: { ...STAGES, [name]: { ...STAGES[name], ...fields } } };
}
