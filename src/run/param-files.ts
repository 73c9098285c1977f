import type { Stats } from 'node:fs';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { lookupKey } from '../fingerprint/param.ts';
import { formatOf, parseData } from '../kit/format/data.ts';
import { readTextFile } from '../kit/text-file.ts';
import type { Value } from '../kit/value.ts';
import { isList, isMap } from '../kit/value.ts';
import type { ParamDep } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';

/** Values by key; an absent key is `undefined`. */
export type ParamValues = ReadonlyMap<string, Value | undefined>;

/** Reads parameter files, each once until it changes. */
export class ParamFiles {
  readonly #root: string;
  readonly #parsed = new Map<string, { readonly stamp: string; readonly value: Value | undefined }>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The values that a stage asks for. A file asked for as a whole gives its top-level keys.
   * @throws {PipeError} for a file that cannot be read or parsed; PIPE_FIELD_TYPE for one that has no keys at all.
   */
  values(param: ParamDep): ParamValues {
    const file = this.#read(param.path);
    if (param.keys !== undefined) {
      return new Map(param.keys.map((key) => [key, file === undefined ? undefined : lookupKey(file, key)]));
    }
    if (file === undefined || file === null) return new Map();
    if (isMap(file)) return file;
    throw new PipeError({
      code: 'PIPE_FIELD_TYPE',
      message: `${param.path} is listed as parameters, but holds ${isList(file) ? 'a list' : 'a single value'}, not keys`,
      hint: 'list it under deps',
      at: param.at,
    });
  }

  /** Whether the file of a parameter is there. */
  has(param: ParamDep): boolean {
    return this.#read(param.path) !== undefined;
  }

  #read(path: string): Value | undefined {
    const absolute = resolve(this.#root, path);
    const stat = statOf(absolute);
    if (stat?.isFile() !== true) return undefined;
    const stamp = `${String(stat.mtimeMs)} ${String(stat.size)} ${String(stat.ino)}`;
    const known = this.#parsed.get(path);
    if (known?.stamp === stamp) return known.value;
    const text = readTextFile(absolute, path);
    const value = text === undefined ? undefined : parseData(text, formatOf(path), path);
    this.#parsed.set(path, { stamp, value });
    return value;
  }
}

function statOf(absolute: string): Stats | undefined {
  try {
    return statSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
