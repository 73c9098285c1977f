import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The two files of a saved model, the form that every tfjs loads. */
export const modelFiles = { topology: 'model.json', weights: 'weights.bin' } as const;

/**
 * Saves a layers model as `model.json` and one `weights.bin` (float32, little-endian). Equal models give equal bytes:
 * no time is written, and layers have to carry names of their own.
 */
export async function saveModel(model: LayersModel, folder: string): Promise<void> {
  await model.save(
    io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: [modelFiles.weights], weights: weightSpecs ?? [] }];
      const topology = {
        format: 'layers-model',
        generatedBy: 'pipe',
        convertedBy: null,
        modelTopology,
        weightsManifest,
      };
      await writeFile(path.join(folder, modelFiles.topology), `${JSON.stringify(topology, null, 2)}\n`);
      const bytes = weightData === undefined ? new ArrayBuffer(0) : new io.CompositeArrayBuffer(weightData).slice();
      await writeFile(path.join(folder, modelFiles.weights), new Uint8Array(bytes));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

/** Loads what `saveModel` wrote. */
export async function loadModel(folder: string): Promise<LayersModel> {
  const text = await readFile(path.join(folder, modelFiles.topology), 'utf8');
  const { modelTopology, weightsManifest } = JSON.parse(text) as io.ModelJSON;
  const bytes = await readFile(path.join(folder, modelFiles.weights));
  const weightData = new Uint8Array(bytes).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return loadLayersModel({ load: () => Promise.resolve({ modelTopology, weightSpecs, weightData }) });
}
