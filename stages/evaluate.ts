import { mkdir, writeFile } from 'node:fs/promises';
import { chooseBackend } from '../model-creation/src/backend/backend.ts';
import { evaluate } from '../model-creation/src/evaluate/evaluate.ts';
import { precisionRecallCsv, scoreCsv } from '../model-creation/src/evaluate/plots.ts';
import { readManifest, readWindows } from '../model-creation/src/prepare/store.ts';
import { windowsOf } from '../model-creation/src/prepare/windows.ts';
import { planModels } from '../model-creation/src/training/plan.ts';
import { loadTrained } from '../model-creation/src/training/trained.ts';
import type { Trained } from '../model-creation/src/training/trained.ts';
import { runStage } from './run-stage.ts';

await runStage(async ({ params, progress, at }) => {
  const options = params.map('train');
  const cross = params.map('cross');
  const backend = await chooseBackend({ wanted: process.env.PIPE_BACKEND ?? options.string('backend') });
  progress.note(`backend: ${backend.label}`);
  const fit = at('data', 'prepared', 'fit');
  const manifest = await readManifest(fit);
  const shape = { window: manifest.window, features: manifest.features.length };
  const train = await readWindows(fit, 'train', shape);
  const validation = await readWindows(fit, 'validation', shape);
  const test = await readWindows(at('data', 'prepared', 'test'), 'test', shape);
  const plan = planModels({
    seed: options.integer('seed'),
    repeats: options.integers('repeats'),
    crossTrain: cross.strings('train'),
  });
  const load = async (wholeData: boolean): Promise<[Trained, ...Trained[]]> => {
    const chosen = plan.filter(({ series }) => (series === undefined) === wholeData);
    const [first, ...others] = await Promise.all(chosen.map(({ folder }) => loadTrained(at('model', folder))));
    if (first === undefined) throw new Error('the plan holds no model');
    return [first, ...others];
  };
  const baselines = new Map(
    ['random', 'z-score', 'pca'].map((kind) => [kind, params.map('baselines').map(kind).raw()] as const),
  );
  const common = { stepSeconds: manifest.stepSeconds, baselines };
  const { scores, detector, ...main } = await evaluate({
    train,
    validation,
    test,
    trained: await load(true),
    ...common,
  });
  progress.step(0.5, `AUC-PR ${detector.aucPr}, events found ${detector.eventsFound}`);
  const [trainOn, testOn] = [cross.strings('train'), cross.strings('test')];
  const other = await evaluate({
    train: windowsOf(train, trainOn),
    validation: windowsOf(validation, trainOn),
    test: windowsOf(test, testOn),
    trained: await load(false),
    ...common,
  });
  progress.step(1, `AUC-PR ${other.detector.aucPr} on series that the weights never saw`);
  const crossSeries = { ...other.detector, seeds: other.seeds, baselines: other.baselines, test: other.test };
  await writeFile(at('metrics.json'), `${JSON.stringify({ ...detector, ...main, crossSeries }, null, 2)}\n`);
  await mkdir(at('plots'), { recursive: true });
  await writeFile(at('plots', 'precision-recall.csv'), precisionRecallCsv(test, scores));
  await writeFile(
    at('plots', 'scores.csv'),
    scoreCsv(test, scores, { threshold: detector.threshold, stepSeconds: manifest.stepSeconds }),
  );
});
