import { ModelError } from '../model-error.ts';
import { readNpmPackage } from './npm-package.ts';
import type { Dataset, SourceOptions } from './series.ts';

/** One strategy of getting data; `root` is the project's folder. */
export type DataSource = (root: string, options: SourceOptions) => Promise<Dataset>;

const sources: ReadonlyMap<string, DataSource> = new Map([['npm-package', readNpmPackage]]);

/** Reads the data set that the options name. Throws `ModelError` for an unknown kind and for data that doesn't fit. */
export async function readDataset(root: string, options: SourceOptions): Promise<Dataset> {
  const source = sources.get(options.kind);
  if (source === undefined) {
    throw new ModelError(`unknown data source "${options.kind}"; known: ${[...sources.keys()].join(', ')}`);
  }
  return source(root, options);
}
