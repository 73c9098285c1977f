import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { writeDisposable } from '../kit/disposable-file.ts';
import { VERSION } from '../kit/version.ts';
import type { Pipeline } from '../pipeline/model.ts';

/** What reading a pipeline file may look at. */
export interface PipelineInputs {
  /** The text of a file relative to the root; `undefined` when there is none. */
  readonly read: (path: string) => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A pipeline as it was resolved, with everything that the resolution looked at. */
interface Remembered {
  readonly pipeline: Pipeline;
  readonly files: ReadonlyMap<string, string | undefined>;
  readonly variables: ReadonlyMap<string, string | undefined>;
}

/**
 * Remembers resolved pipelines, since parsing YAML and templates takes most of the time of a run in which nothing
 * changed. An entry holds while every file and variable that the resolution looked at, present or not, is the same.
 * Disposable; the format is that of `v8.serialize` and of this version of `pipe` and of Node.js alone.
 */
export interface PipelineCache {
  /** The remembered pipeline of a file, or what `load` makes of it; a result that `load` refuses is not kept. */
  get<T extends { readonly ok: boolean; readonly value?: Pipeline }>(
    file: string,
    inputs: PipelineInputs,
    load: (inputs: PipelineInputs) => T,
  ): T | { readonly ok: true; readonly value: Pipeline };
  /** Writes what was learned. */
  save(): void;
}

/** Opens the cache at `file`, absolute; without one nothing is kept. `machine` is a text that changes with what else resolution depends on. */
export function openPipelineCache(file: string | undefined, machine: string): PipelineCache {
  const header = `${VERSION} ${process.version} ${machine}`;
  const remembered = file === undefined ? new Map<string, Remembered>() : readRemembered(file, header);
  let changed = false;
  return {
    get(name, inputs, load) {
      const known = remembered.get(name);
      if (known !== undefined && holds(known, inputs)) return { ok: true, value: known.pipeline };
      const files = new Map<string, string | undefined>();
      const variables = new Map<string, string | undefined>();
      const result = load(recording(inputs, files, variables));
      if (result.ok && result.value !== undefined) {
        remembered.set(name, { pipeline: result.value, files, variables });
        changed = true;
      }
      return result;
    },
    save() {
      if (!changed || file === undefined) return;
      writeDisposable(file, serialize({ header, remembered }));
      changed = false;
    },
  };
}

function holds({ files, variables }: Remembered, { read, env }: PipelineInputs): boolean {
  for (const [path, text] of files) if (read(path) !== text) return false;
  for (const [name, value] of variables) if (env[name] !== value) return false;
  return true;
}

/** The same inputs, noting everything that is looked at. */
function recording(
  inputs: PipelineInputs,
  files: Map<string, string | undefined>,
  variables: Map<string, string | undefined>,
): PipelineInputs {
  return {
    read(path) {
      const text = inputs.read(path);
      files.set(path, text);
      return text;
    },
    env: new Proxy(inputs.env, {
      get(env, name) {
        if (typeof name !== 'string') return undefined;
        variables.set(name, env[name]);
        return env[name];
      },
      has(env, name) {
        if (typeof name === 'string') variables.set(name, env[name]);
        return Reflect.has(env, name);
      },
      getOwnPropertyDescriptor(env, name) {
        if (typeof name === 'string') variables.set(name, env[name]);
        return Reflect.getOwnPropertyDescriptor(env, name);
      },
    }),
  };
}

function readRemembered(file: string, header: string): Map<string, Remembered> {
  try {
    const stored = deserialize(readFileSync(file)) as { header?: unknown; remembered?: unknown } | null;
    if (stored?.header === header && stored.remembered instanceof Map) {
      return stored.remembered as Map<string, Remembered>;
    }
  } catch (error) {
    // A file that is not there, cut off, or of another version: V8 throws a plain Error for the latter two.
    if (!(error instanceof Error)) throw error;
  }
  return new Map();
}
