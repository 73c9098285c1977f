import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelError } from '../model-error.ts';
import { parseCsvSeries } from './csv.ts';
import type { Dataset, SourceOptions } from './series.ts';

/**
 * Reads a CSV file that an installed npm package ships, from `<root>/node_modules`, the very path that a pipeline names
 * as its dep. Throws `ModelError` when the package or the file is missing.
 */
export async function readNpmPackage(root: string, options: SourceOptions): Promise<Dataset> {
  const folder = path.join(root, 'node_modules', ...options.package.split('/'));
  const manifest: unknown = JSON.parse(await readText(path.join(folder, 'package.json'), options.package));
  const version = field(manifest, 'version');
  const csv = await readText(path.join(folder, options.file), options.package);
  return {
    features: [...options.features],
    series: parseCsvSeries(csv, options),
    origin: {
      package: options.package,
      ...(version === undefined ? {} : { version }),
      license: options.license,
      citation: options.citation,
    },
  };
}

async function readText(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new ModelError(`${file} is missing: install ${name} with "npm ci"`, { cause: error });
    }
    throw error;
  }
}

function field(manifest: unknown, key: string): string | undefined {
  if (typeof manifest !== 'object' || manifest === null) return undefined;
  const value = new Map<string, unknown>(Object.entries(manifest)).get(key);
  return typeof value === 'string' ? value : undefined;
}
