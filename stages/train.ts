import { mkdir, writeFile } from 'node:fs/promises';
import { chooseBackend } from '../model-creation/src/backend/backend.ts';
import { readManifest, readWindows } from '../model-creation/src/prepare/store.ts';
import { windowsOf } from '../model-creation/src/prepare/windows.ts';
import { part } from '../model-creation/src/progress.ts';
import { lossCsv } from '../model-creation/src/training/loss-csv.ts';
import { planModels } from '../model-creation/src/training/plan.ts';
import { saveTrained, trainDetector } from '../model-creation/src/training/trained.ts';
import { runStage } from './run-stage.ts';

await runStage(async ({ params, progress, at }) => {
  const options = params.map('train');
  const backend = await chooseBackend({ wanted: process.env.PIPE_BACKEND ?? options.string('backend') });
  progress.note(`backend: ${backend.label}`);
  const fit = at('data', 'prepared', 'fit');
  const manifest = await readManifest(fit);
  const shape = { window: manifest.window, features: manifest.features.length };
  const train = await readWindows(fit, 'train', shape);
  const validation = await readWindows(fit, 'validation', shape);
  const plan = planModels({
    seed: options.integer('seed'),
    repeats: options.integers('repeats'),
    crossTrain: params.map('cross').strings('train'),
  });
  for (const [index, { folder, seed, series }] of plan.entries()) {
    const label = `${folder === '.' ? 'model' : folder} `;
    const trained = await trainDetector({
      kind: options.string('detector'),
      options: options.raw(),
      seed,
      quantile: options.number('quantile'),
      backend: backend.name,
      train: series === undefined ? train : windowsOf(train, series),
      validation: series === undefined ? validation : windowsOf(validation, series),
      progress: part(progress, { from: index / plan.length, to: (index + 1) / plan.length, label }),
    });
    await saveTrained(at('model', folder), trained);
    trained.detector.dispose();
    if (folder === '.') {
      await mkdir(at('plots'), { recursive: true });
      await writeFile(at('plots', 'loss.csv'), lossCsv(trained.report.epochs));
    }
  }
});
