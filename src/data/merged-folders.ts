import { join } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { parseDigest } from '../kit/digest.ts';
import { parseJson } from '../kit/parse-json.ts';
import { readTextFile } from '../kit/text-file.ts';
import { withEditLock } from '../project/edit-lock.ts';
import type { Entry } from '../store/tree.ts';

/** A folder that Git's merge has put together, and that no pointer may say yet. */
export interface MergedFolderNote {
  /** The pointer that is to record it, as Git calls it. */
  readonly file: string;
  readonly entry: Entry;
}

/** For so long it is kept, in milliseconds: Git writes the pointers of a merge when it has merged all files. */
const MERGE_GRACE_MS = 86_400_000;

const FILE = 'merged.jsonl';
const MOST_BYTES = 16 << 20;

/**
 * Notes folders that a merge has made, before the process ends that made them: Git records them only after that, and
 * until then nothing else says that they are needed.
 * @param now milliseconds since 1970
 * @throws {PipeError} PIPE_FILE_WRITE, PIPE_FILE_BUSY
 */
export function noteMerged(pipeDir: string, notes: readonly MergedFolderNote[], now: number): void {
  if (notes.length === 0) return;
  withEditLock(join(pipeDir, 'tmp', 'merged-lock'), () => {
    const lines = [...read(pipeDir, now), ...notes.map((note) => ({ ...note, at: now }))].map(({ file, entry, at }) =>
      JSON.stringify({
        at,
        file,
        digest: entry.digest,
        size: entry.size,
        files: entry.kind === 'dir' ? entry.files : 0,
      }),
    );
    writeFileAtomic(join(pipeDir, 'tmp', FILE), `${[...new Set(lines)].join('\n')}\n`);
  });
}

/** The folders that merges have made lately. */
export function mergedFolders(pipeDir: string, now: number): MergedFolderNote[] {
  return read(pipeDir, now).map(({ file, entry }) => ({ file, entry }));
}

function read(pipeDir: string, now: number): (MergedFolderNote & { readonly at: number })[] {
  const text = readTextFile(join(pipeDir, 'tmp', FILE), FILE, MOST_BYTES) ?? '';
  return text.split('\n').flatMap((line) => {
    const { at, file, digest: said, size, files } = (parseJson(line) ?? {}) as Record<string, unknown>;
    const digest = parseDigest(said);
    if (typeof file !== 'string' || digest === undefined || !isCount(at) || !isCount(size) || !isCount(files))
      return [];
    // One of the future comes from a clock that was wrong.
    if (Math.abs(now - at) > MERGE_GRACE_MS) return [];
    return [{ at, file, entry: { kind: 'dir', digest, size, files } as const }];
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
