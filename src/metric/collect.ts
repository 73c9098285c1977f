import { lookupKey } from '../fingerprint/param.ts';
import { sortedBy } from '../kit/order.ts';
import type { Value } from '../kit/value.ts';
import type { Pipeline } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import type { Flat } from './flatten.ts';
import { flattenMetrics, flattenParams } from './flatten.ts';
import type { FileReading, ReadKept } from './read.ts';
import { readDataFiles } from './read.ts';
import type { Snapshot } from './snapshot.ts';

/** What one moment says, by file. */
export interface Collected {
  readonly label: string;
  /** Values by dotted key, by path relative to the project root. */
  readonly files: ReadonlyMap<string, Flat>;
  /** Files that could not be read, by path, and pipeline files with problems. */
  readonly problems: ReadonlyMap<string, Problem>;
  /** Those of these files that are not there. */
  readonly absent: ReadonlySet<string>;
}

export interface CollectOptions {
  /** Only these files or folders, tracked or not; relative to the project root. None: everything tracked. */
  readonly targets: readonly string[];
  readonly kept: ReadKept;
}

/** The metrics of one moment: those of its stages and those that its pipeline files list. */
export async function collectMetrics(snapshot: Snapshot, { targets, kept }: CollectOptions): Promise<Collected> {
  const tracked = snapshot.pipelines.flatMap((pipeline) => [
    ...pipeline.stages.flatMap((stage) => stage.outs.filter((out) => out.kind === 'metric').map((out) => out.path)),
    ...pipeline.metrics,
  ]);
  const readings = await readDataFiles(snapshot, targets.length > 0 ? targets : tracked, kept);
  return collected(snapshot, readings, (_path, value) => flattenMetrics(value));
}

export interface ParamOptions extends CollectOptions {
  /** Only what stages depend on, not what pipeline files list beside them. */
  readonly depsOnly: boolean;
}

const DEFAULT_PARAMS = 'params.yaml';

/**
 * The parameters of one moment: the keys that its stages use, the files that its pipeline files list, and all of
 * `params.yaml`.
 */
export async function collectParams(snapshot: Snapshot, options: ParamOptions): Promise<Collected> {
  const wanted = wantedKeys(snapshot.pipelines, options);
  if (options.targets.length === 0 && !options.depsOnly && (await snapshot.read([DEFAULT_PARAMS])).size > 0) {
    wanted.set(DEFAULT_PARAMS, undefined);
  }
  const readings = await readDataFiles(snapshot, [...wanted.keys()], options.kept);
  return collected(snapshot, readings, (path, all) => {
    const keys = wanted.get(path);
    if (keys === undefined) return flattenParams(all);
    const found = [...keys].flatMap((key) => {
      const value = lookupKey(all, key);
      return value === undefined ? [] : [...flattenParams(value, key)];
    });
    return new Map(found);
  });
}

/** Keys by file; `undefined` for a file that is wanted as a whole. */
function wantedKeys(
  pipelines: readonly Pipeline[],
  { targets, depsOnly }: ParamOptions,
): Map<string, Set<string> | undefined> {
  if (targets.length > 0) return new Map(targets.map((path) => [path, undefined]));
  const wanted = new Map<string, Set<string> | undefined>();
  const stages = pipelines.flatMap((pipeline) => pipeline.stages);
  for (const param of stages.flatMap(({ params, tracked = [] }) => (depsOnly ? params : [...params, ...tracked]))) {
    if (param.keys === undefined) wanted.set(param.path, undefined);
    else if (!wanted.has(param.path)) wanted.set(param.path, new Set(param.keys));
    else for (const key of param.keys) wanted.get(param.path)?.add(key);
  }
  if (!depsOnly) for (const path of pipelines.flatMap(({ params }) => params)) wanted.set(path, undefined);
  return wanted;
}

function collected(
  { label, problems }: Snapshot,
  readings: ReadonlyMap<string, FileReading>,
  flatten: (path: string, value: Value) => Flat,
): Collected {
  const files = new Map<string, Flat>();
  const bad = new Map(problems.map((problem) => [problem.at?.source.file ?? problem.message, problem]));
  const absent = new Set<string>();
  for (const [path, reading] of sortedBy([...readings], ([path]) => path)) {
    if ('value' in reading) files.set(path, flatten(path, reading.value));
    else bad.set(path, reading.problem);
    if ('isAbsent' in reading) absent.add(path);
  }
  return { label, files, problems: bad, absent };
}
