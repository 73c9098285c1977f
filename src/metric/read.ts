import { posix } from 'node:path';
import { formatOf, parseData } from '../kit/format/data.ts';
import { isWithin } from '../kit/path.ts';
import type { Value } from '../kit/value.ts';
import type { LockEntry } from '../lockfile/block.ts';
import { lockPathOf, parseLock } from '../lockfile/lock.ts';
import type { Out, Pipeline, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Snapshot } from './snapshot.ts';

/** A file of metrics or parameters: what it holds, or why that cannot be said; `isAbsent` where there is none. */
export type FileReading = { readonly value: Value } | { readonly problem: Problem; readonly isAbsent?: true };

/**
 * What the store holds under an entry of the lock: files by their path below it (`` for a plain file). `undefined` when
 * it is not in the store, or damaged.
 */
export type ReadKept = (entry: LockEntry) => Promise<ReadonlyMap<string, Buffer> | undefined>;

/**
 * Reads files at one moment. A folder stands for the files in it. What is neither on disk nor in Git but an out of a
 * stage comes from the store, by the digest that the lock of that moment names.
 * @param paths relative to the project root
 */
export async function readDataFiles(
  snapshot: Snapshot,
  paths: readonly string[],
  kept: ReadKept,
): Promise<ReadonlyMap<string, FileReading>> {
  const readings = new Map<string, FileReading>();
  const direct = await snapshot.read(paths);
  for (const path of new Set(paths)) {
    const bytes = direct.get(path);
    const found = bytes === undefined ? await readElsewhere(snapshot, path, kept) : new Map([[path, bytes]]);
    if (found instanceof Map) for (const [file, content] of found) readings.set(file, parse(file, content));
    else readings.set(path, found === undefined ? { problem: missing(path, snapshot.label), isAbsent: true } : { problem: found }); // prettier-ignore
  }
  return readings;
}

/** `undefined` where there is no such file. */
async function readElsewhere(
  snapshot: Snapshot,
  path: string,
  kept: ReadKept,
): Promise<Map<string, Buffer> | Problem | undefined> {
  const below = await snapshot.filesBelow(path);
  if (below.length > 0) return new Map(await snapshot.read(below));
  const maker = findMaker(snapshot.pipelines, path);
  const entry = maker === undefined ? undefined : await lockedEntry(snapshot, maker);
  if (maker === undefined || entry === undefined) return undefined;
  if ('code' in entry) return entry;
  const files = await kept(entry);
  if (files === undefined) return missing(path, snapshot.label, `its bytes (${entry.digest}) are not in the cache`);
  const wanted = [...files]
    .map(([name, bytes]) => [name === '' ? maker.out.path : posix.join(maker.out.path, name), bytes] as const)
    .filter(([file]) => isWithin(path, file));
  return wanted.length > 0 ? new Map(wanted) : undefined;
}

interface Maker {
  readonly stage: Stage;
  readonly out: Out;
}

/** The stage with an out that is, or contains, the path. DVC's own locks are none of ours. */
function findMaker(pipelines: readonly Pipeline[], path: string): Maker | undefined {
  for (const { dialect, stages } of pipelines) {
    if (dialect === 'dvc') continue;
    for (const stage of stages) {
      const out = stage.outs.find((each) => isWithin(each.path, path));
      if (out !== undefined) return { stage, out };
    }
  }
  return undefined;
}

async function lockedEntry(snapshot: Snapshot, { stage, out }: Maker): Promise<LockEntry | Problem | undefined> {
  const file = lockPathOf(stage.file);
  const text = (await snapshot.read([file])).get(file)?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return parseLock(text, file)
      .get(stage.name)
      ?.outs.find((entry) => entry.path === out.as);
  } catch (error) {
    if (error instanceof PipeError && error.problems[0] !== undefined) return error.problems[0];
    throw error;
  }
}

function parse(file: string, bytes: Buffer): FileReading {
  try {
    return { value: parseData(bytes.toString('utf8'), formatOf(file), file) };
  } catch (error) {
    if (error instanceof PipeError && error.problems[0] !== undefined) return { problem: error.problems[0] };
    throw error;
  }
}

function missing(path: string, label: string, why?: string): Problem {
  const where = label === 'workspace' ? '' : ` at ${label}`;
  return {
    code: 'PIPE_METRIC',
    message: why === undefined ? `${path} does not exist${where}` : `${path} cannot be read${where}: ${why}`,
    hint: label === 'workspace' ? 'run `pipe repro`' : 'it was neither committed nor kept on this machine',
  };
}
