import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { isDenied } from '../kit/system-fault.ts';
import { namesIn } from '../kit/temporary.ts';
import type { StoreLayout } from './layout.ts';
import { hexOf } from './layout.ts';
import type { RunRecord } from './run-record.ts';
import { parseRunRecord } from './run-record.ts';
import { readFileIfThere } from './store-file.ts';

/** The file of a run record. */
export interface RunFile {
  readonly path: string;
  readonly size: number;
  /** Absent when its bytes are not those that its name stands for, or no record of its folder's key. */
  readonly record?: RunRecord;
}

/**
 * The files of all run records, read and checked. Files that are called otherwise are left out.
 * @param onDenied told of what this user may not read, which is left out then
 * @throws what the system says of such a file where nobody is told
 */
export function* runFiles(layout: Runs, blake3: Blake3, onDenied?: OnDenied): Generator<RunFile> {
  for (const { folder, key, names } of runFolders(layout)) {
    for (const name of names) {
      const path = join(folder, name);
      const digest = name.endsWith('.json') ? parseDigest(`b3:${name.slice(0, -5)}`) : undefined;
      const bytes = digest === undefined ? undefined : readRun(path, onDenied);
      if (digest === undefined || bytes === undefined) continue;
      const isRight = hexOf(blake3.hash(bytes)) === hexOf(digest);
      const record = isRight ? parseRunRecord(bytes.toString('utf8')) : undefined;
      yield { path, size: bytes.length, ...(record?.key === key ? { record } : {}) };
    }
  }
}

type OnDenied = (path: string, error: unknown) => void;

function readRun(path: string, onDenied: OnDenied | undefined): Buffer | undefined {
  try {
    return readFileIfThere(path);
  } catch (error) {
    if (onDenied === undefined || !isDenied(error)) throw error;
    onDenied(path, error);
    return undefined;
  }
}

/** The notes on where a record came from whose record is not there. */
export function* loneOrigins(layout: Runs): Generator<{ readonly path: string }> {
  for (const { folder, names } of runFolders(layout)) {
    const all = new Set(names);
    for (const name of names) {
      if (name.endsWith('.from') && !all.has(`${name.slice(0, -5)}.json`)) yield { path: join(folder, name) };
    }
  }
}

type Runs = Pick<StoreLayout, 'runsFolder'>;

function* runFolders({ runsFolder }: Runs): Generator<{
  readonly folder: string;
  readonly key: Digest;
  readonly names: readonly string[];
}> {
  for (const shard of namesIn(runsFolder).sort()) {
    for (const rest of namesIn(join(runsFolder, shard)).sort()) {
      const key = shard.length === 2 ? parseDigest(`b3:${shard}${rest}`) : undefined;
      const folder = join(runsFolder, shard, rest);
      if (key !== undefined) yield { folder, key, names: namesIn(folder).sort() };
    }
  }
}
