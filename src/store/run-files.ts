import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
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
export function* runFiles({ runsFolder }: Pick<StoreLayout, 'runsFolder'>, blake3: Blake3): Generator<RunFile> {
  for (const shard of namesIn(runsFolder).sort()) {
    for (const rest of namesIn(join(runsFolder, shard)).sort()) {
      const key = shard.length === 2 ? parseDigest(`b3:${shard}${rest}`) : undefined;
      if (key === undefined) continue;
      const folder = join(runsFolder, shard, rest);
      for (const name of namesIn(folder).sort()) {
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
}
