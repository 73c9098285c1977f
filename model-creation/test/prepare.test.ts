import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { parseCsvSeries } from '../src/data/csv.ts';
import { prepare } from '../src/prepare/prepare.ts';
import { splitByTime } from '../src/prepare/split.ts';
import { readManifest, readWindows, writePrepared } from '../src/prepare/store.ts';
import { sineDataset } from './sine.ts';

const options = { train: 0.35, validation: 0.1, window: 12, stepSeconds: 5 };
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

it('a split is in time order, without gap or overlap', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      fc.double({ min: 0.01, max: 0.4, noNaN: true }),
      (rows, train, validation) => {
        const split = splitByTime(rows, { train, validation });
        expect(split.train.from).toBe(0);
        expect(split.validation.from).toBe(split.train.to);
        expect(split.test.from).toBe(split.validation.to);
        expect(split.test.to).toBe(rows);
      },
    ),
  );
});

it('a window never crosses a series or a part of the split', () => {
  const dataset = sineDataset({ rows: [300, 411] });
  const prepared = prepare(dataset, options);
  for (const name of ['train', 'validation', 'test'] as const) {
    const set = prepared[name];
    for (let at = 0; at < set.count; at++) {
      const rows = dataset.series.find(({ id }) => id === set.series[at])?.rows ?? 0;
      const { from, to } = splitByTime(rows, options)[name];
      expect((set.row[at] ?? 0) - 11).toBeGreaterThanOrEqual(from);
      expect(set.row[at]).toBeLessThan(to);
    }
  }
});

it('every window holds exactly the rows up to the one it scores, scaled by its own series', () => {
  const dataset = sineDataset({ rows: [300, 411] });
  const { test, manifest } = prepare(dataset, options);
  for (let at = 0; at < test.count; at += 37) {
    const id = test.series[at] ?? '';
    const series = dataset.series.find((one) => one.id === id);
    const scaler = manifest.scaling.series[id];
    for (let cell = 0; cell < 24; cell++) {
      const value = series?.values[((test.row[at] ?? 0) - 11) * 2 + cell] ?? Number.NaN;
      const scaled = (value - (scaler?.mean[cell % 2] ?? 0)) / (scaler?.scale[cell % 2] ?? 0);
      expect(test.data[at * 24 + cell]).toBe(Math.fround(scaled));
    }
  }
});

it('changing test rows changes neither scaling nor anything else that fitting sees', () => {
  const clean = prepare(sineDataset({ rows: [300, 411] }), options);
  const spoiled = prepare(sineDataset({ rows: [300, 411], spoilFrom: 0.46 }), options);
  expect(spoiled.test.data).not.toEqual(clean.test.data);
  expect(spoiled.manifest).toEqual(clean.manifest);
  expect(spoiled.train).toEqual(clean.train);
  expect(spoiled.validation).toEqual(clean.validation);
});

it('a part shorter than a window is refused by name', () => {
  expect(() => prepare(sineDataset({ rows: [60] }), options)).toThrow('the validation part of series 1 is shorter');
});

it('prepared data comes back from disk as it was', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'prepared-'));
  folders.push(folder);
  const prepared = prepare(sineDataset({ rows: [300, 411] }), options);
  await writePrepared(folder, prepared);
  const shape = { window: 12, features: 2 };
  expect(await readManifest(path.join(folder, 'fit'))).toEqual(prepared.manifest);
  expect(await readWindows(path.join(folder, 'fit'), 'train', shape)).toEqual(prepared.train);
  expect(await readWindows(path.join(folder, 'test'), 'test', shape)).toEqual(prepared.test);
});

it('a CSV is grouped by series and its faults are named with their line', () => {
  const columns = { series: 'id', features: ['x'], label: 'bad' };
  const [first, second] = parseCsvSeries('id,x,bad\nb,1.5,0\na,2,1\nb,3,0\n', columns);
  expect(first).toMatchObject({ id: 'a', rows: 1 });
  expect([...(second?.values ?? [])]).toEqual([1.5, 3]);
  expect(() => parseCsvSeries('id,x,bad\na,one,0\n', columns)).toThrow('line 2 of the CSV: "one" is not a number');
  expect(() => parseCsvSeries('id,x,bad\na,1,0\na,1,2\n', columns)).toThrow('line 3 of the CSV: the label is "2"');
  expect(() => parseCsvSeries('id,y,bad\na,1,0\n', columns)).toThrow('no column "x"');
});
