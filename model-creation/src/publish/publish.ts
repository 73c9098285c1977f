import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { modelFiles } from '../detector/model-file.ts';
import { ModelError } from '../model-error.ts';
import type { Manifest } from '../prepare/prepare.ts';
import { scalerOf } from '../prepare/scaling.ts';
import { cutWindows } from '../prepare/windows.ts';
import type { WindowSet } from '../prepare/windows.ts';
import { loadTrained } from '../training/trained.ts';
import type { Signature } from './signature.ts';

/** What to publish. */
export interface PublishInput {
  /** Folder that `saveTrained` wrote. */
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly units: Readonly<Record<string, string>>;
  readonly manifest: Manifest;
  /** The metrics of the evaluation; the ones in `publishedMetrics` go into the signature. */
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Metrics that travel with a model. */
export const publishedMetrics = [
  'aucPr',
  'aucRoc',
  'precision',
  'recall',
  'f1',
  'falseAlarmsPerDay',
  'events',
  'eventsFound',
] as const;

/**
 * Copies a trained reconstruction model and writes its signature, with a real window and the score that this model
 * gives it, so that a service can prove its own forward pass. Throws `ModelError` for a detector that isn't one
 * autoencoder on flattened windows, or metrics that are missing. A tensor backend has to be active.
 */
export async function publish({ from, to, name, units, manifest, metrics }: PublishInput): Promise<Signature> {
  const { detector, training } = await loadTrained(from);
  const { options, parameters, served } = detector.describe();
  if (served === undefined)
    throw new ModelError(`a ${detector.kind} detector has no layers model: it cannot be published`);
  const [score] = await detector.score(exampleWindow(manifest));
  detector.dispose();
  if (score === undefined || !Number.isFinite(score)) throw new ModelError('the model gives its own example no score');
  await mkdir(to, { recursive: true });
  const contents: Buffer[] = [];
  for (const file of Object.values(modelFiles)) {
    await copyFile(path.join(from, file), path.join(to, file));
    contents.push(await readFile(path.join(to, file)));
  }
  const signature: Signature = {
    schema: 'pipe.signature/1',
    name,
    detector: detector.kind,
    version: sha256(...contents).slice(0, 12),
    input: {
      features: manifest.features,
      units,
      window: manifest.window,
      series: Object.keys(manifest.scaling.series),
    },
    scaling: manifest.scaling,
    score: { kind: 'reconstruction-error', rows: served.rows, reduce: 'mse' },
    threshold: training.threshold,
    thresholdRule: training.thresholdRule,
    model: {
      format: served.format,
      file: modelFiles.topology,
      weights: modelFiles.weights,
      sha256: Object.fromEntries(Object.values(modelFiles).map((file, at) => [file, sha256(contents[at])])),
    },
    example: { ...manifest.example, scores: [score] },
    metrics: pickMetrics(metrics),
    provenance: { seed: training.seed, params: { ...options, parameters }, data: manifest.data },
  };
  await writeFile(path.join(to, 'signature.json'), `${JSON.stringify(signature, null, 2)}\n`);
  return signature;
}

/** The manifest's example, scaled like any other window of its series. */
function exampleWindow({ example, window, features, scaling }: Manifest): WindowSet {
  const values = Float64Array.from(example.rows.flat());
  const series = { id: example.series, values, labels: new Uint8Array(window), rows: window };
  const range = { from: 0, to: window };
  return cutWindows([{ series, range, scaler: scalerOf(scaling, example.series) }], {
    window,
    features: features.length,
  });
}

function pickMetrics(metrics: Readonly<Record<string, unknown>>): Record<string, number> {
  const all = new Map(Object.entries(metrics));
  const picked = publishedMetrics.map((name) => {
    const value = all.get(name);
    if (typeof value !== 'number') throw new ModelError(`the metrics have no number "${name}": run the evaluate stage`);
    return [name, value] as const;
  });
  return Object.fromEntries(picked);
}

function sha256(...contents: readonly (Buffer | undefined)[]): string {
  const hash = createHash('sha256');
  for (const one of contents) hash.update(one ?? '');
  return hash.digest('hex');
}
