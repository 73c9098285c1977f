import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import path from 'node:path';
import { ModelError } from '../model-error.ts';
import type { Manifest, Prepared } from './prepare.ts';
import type { WindowSet, WindowShape } from './windows.ts';

/**
 * Prepared data on disk. What fitting may see and what only testing may see lie in two folders, so that a training
 * stage that depends on the first cannot read the second:
 *
 *     <folder>/fit/manifest.json   features, scaling, origin
 *     <folder>/fit/train.f32       windows, float32 little-endian, row-major [count, window × features]
 *     <folder>/fit/train.csv       series,row,label of each window's scored row
 *     <folder>/fit/validation.*    the same
 *     <folder>/test/test.*         the same
 */
export async function writePrepared(folder: string, prepared: Prepared): Promise<void> {
  const fit = path.join(folder, 'fit');
  const test = path.join(folder, 'test');
  await mkdir(fit, { recursive: true });
  await mkdir(test, { recursive: true });
  await writeFile(path.join(fit, 'manifest.json'), `${JSON.stringify(prepared.manifest, null, 2)}\n`);
  await writeWindows(fit, 'train', prepared.train);
  await writeWindows(fit, 'validation', prepared.validation);
  await writeWindows(test, 'test', prepared.test);
}

/** Reads `manifest.json` of a `fit` folder that `writePrepared` made. */
export async function readManifest(fit: string): Promise<Manifest> {
  const manifest = JSON.parse(await readFile(path.join(fit, 'manifest.json'), 'utf8')) as Manifest;
  if ((manifest.schema as string) !== 'pipe.prepared/1') {
    throw new ModelError(`${fit} was prepared by another version: run the prepare stage again`);
  }
  return manifest;
}

/** Reads one set of windows. Throws `ModelError` when its two files don't belong together. */
export async function readWindows(folder: string, name: string, shape: WindowShape): Promise<WindowSet> {
  const bytes = await readFile(path.join(folder, `${name}.f32`));
  const lines = (await readFile(path.join(folder, `${name}.csv`), 'utf8')).trimEnd().split('\n').slice(1);
  const data = new Float32Array(bytes.length / 4);
  new Uint8Array(data.buffer).set(bytes);
  if (data.length !== lines.length * shape.window * shape.features) {
    throw new ModelError(`${name}.f32 and ${name}.csv in ${folder} differ in length: run the prepare stage again`);
  }
  const cells = lines.map((line) => line.split(','));
  return {
    window: shape.window,
    features: shape.features,
    count: lines.length,
    data,
    series: cells.map((one) => one[0] ?? ''),
    row: Uint32Array.from(cells, (one) => Number(one[1])),
    label: Uint8Array.from(cells, (one) => Number(one[2])),
  };
}

async function writeWindows(folder: string, name: string, set: WindowSet): Promise<void> {
  if (endianness() !== 'LE') throw new ModelError('prepared data is little-endian; this machine is not');
  const { data } = set;
  await writeFile(path.join(folder, `${name}.f32`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const lines = set.series.map((id, at) => `${id},${String(set.row[at])},${String(set.label[at])}\n`);
  await writeFile(path.join(folder, `${name}.csv`), `series,row,label\n${lines.join('')}`);
}
