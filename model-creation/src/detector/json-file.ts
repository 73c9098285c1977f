import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelError } from '../model-error.ts';
import { Options } from '../options.ts';
import type { WindowShape } from '../prepare/windows.ts';
import type { DetectorDescription } from './detector.ts';

const FILE = 'detector.json';

/** What `detector.json` holds: the description, and what else a kind keeps. */
export interface SavedDetector {
  readonly shape: WindowShape;
  readonly options: Record<string, unknown>;
  readonly state: Options;
}

/** Writes `detector.json` into a folder. */
export async function saveDetectorFile(
  folder: string,
  description: DetectorDescription,
  state: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const content = { schema: 'pipe.detector/1', ...description, state };
  await writeFile(path.join(folder, FILE), `${JSON.stringify(content, null, 2)}\n`);
}

/** Reads `detector.json`. Throws `ModelError` when it was written by another kind or version. */
export async function loadDetectorFile(folder: string, kind: string): Promise<SavedDetector> {
  const content: unknown = JSON.parse(await readFile(path.join(folder, FILE), 'utf8'));
  const saved = new Options(content, FILE);
  if (saved.string('schema') !== 'pipe.detector/1') throw new ModelError(`${folder}: an unknown format of ${FILE}`);
  if (saved.string('kind') !== kind) throw new ModelError(`${folder} holds a ${saved.string('kind')}, not a ${kind}`);
  const shape = saved.map('shape');
  return {
    shape: { window: shape.integer('window', 1), features: shape.integer('features', 1) },
    options: saved.map('options').raw(),
    state: saved.map('state'),
  };
}
