import { readDataset } from '../model-creation/src/data/source.ts';
import { prepare } from '../model-creation/src/prepare/prepare.ts';
import { writePrepared } from '../model-creation/src/prepare/store.ts';
import { runStage } from './run-stage.ts';

await runStage(async ({ root, params, progress, at }) => {
  const source = params.map('source');
  const options = params.map('prepare');
  const dataset = await readDataset(root, {
    kind: source.string('kind'),
    package: source.string('package'),
    file: source.string('file'),
    series: source.string('series'),
    features: source.strings('features'),
    label: source.string('label'),
    license: source.string('license'),
    citation: source.string('citation'),
  });
  const prepared = prepare(dataset, {
    train: options.number('train'),
    validation: options.number('validation'),
    window: options.integer('window', 1),
    stepSeconds: source.number('stepSeconds', 0),
  });
  await writePrepared(at('data', 'prepared'), prepared);
  const { train, validation, test } = prepared;
  const counts = `${train.count} train, ${validation.count} validation, ${test.count} test`;
  progress.step(1, `windows: ${counts}, from ${dataset.series.length} series`);
});
