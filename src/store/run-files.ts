import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
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

/** The files of all run records, read and checked. Files that are called otherwise are left out. */
export function* runFiles(layout: Runs, blake3: Blake3): Generator<RunFile> {
  for (const { folder, key, names } of runFolders(layout)) {
    for (const name of names) {
      const path = join(folder, name);
      const digest = name.endsWith('.json') ? parseDigest(`b3:${name.slice(0, -5)}`) : undefined;
      const bytes = digest === undefined ? undefined : readFileIfThere(path);
      if (digest === undefined || bytes === undefined) continue;
      const isRight = hexOf(blake3.hash(bytes)) === hexOf(digest);
      const record = isRight ? parseRunRecord(bytes.toString('utf8')) : undefined;
      yield { path, size: bytes.length, ...(record?.key === key ? { record } : {}) };
    }
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
