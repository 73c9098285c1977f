import type { Stats } from 'node:fs';
import { readFileSync } from 'node:fs';
import { writeDisposable } from '../kit/disposable-file.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { parseJson } from '../kit/parse-json.ts';

/**
 * Remembers the digest of every file that was hashed, with the stat values it had, so that an unchanged project is not
 * read again. Disposable: a lost, damaged or foreign index only costs hashing (docs/formats.md, `pipe.index/1`).
 */
export interface StatIndex {
  /** The digest of an unchanged file; `undefined` when it must be hashed. */
  lookup(path: string, stat: Stats): Digest | undefined;
  /** Notes the digest of bytes that were read after `stat` was taken; `at` is when, in ms since 1970. */
  record(path: string, stat: Stats, hashed: { readonly digest: Digest; readonly at: number }): void;
  /** Writes the index if it changed. */
  save(): void;
}

type Line = readonly [
  path: string,
  mtime: number,
  ctime: number,
  ino: number,
  size: number,
  at: number,
  digest: Digest,
];

const SCHEMA = 'pipe.index/1';

/** The clock of most file systems ticks every 4 to 10 ms; where times are whole seconds, every 2 s (FAT). */
const TICK_MS = 20;
const COARSE_TICK_MS = 2_000;

/** How many entries that a run did not look at are kept for others. */
const SPARE_LINES = 10_000;

/** Opens the index at `file` (absolute) for the project at `root`. A damaged one counts as empty. */
export function openStatIndex(file: string, root: string): StatIndex {
  const lines = readLines(file, root);
  const used = new Set<string>();
  let changed = false;
  return {
    lookup(path, stat) {
      used.add(path);
      const line = lines.get(path);
      if (line === undefined) return undefined;
      const [, mtime, ctime, ino, size, at, digest] = line;
      if (mtime !== stat.mtimeMs || ctime !== stat.ctimeMs || ino !== stat.ino || size !== stat.size) return undefined;
      // A change within the same tick of the clock leaves no trace in the stat values, so an entry counts only if the
      // file was read at least one tick after it was last changed. Programs that copy set mtime back: ctime tells.
      return at > Math.max(mtime, ctime) + tickOf(mtime) ? digest : undefined;
    },
    record(path, stat, { digest, at }) {
      used.add(path);
      lines.set(path, [path, stat.mtimeMs, stat.ctimeMs, stat.ino, stat.size, at, digest]);
      changed = true;
    },
    save() {
      if (!changed) return;
      const rows = [JSON.stringify({ schema: SCHEMA, root })];
      // What nobody asked for in a while may be gone from the disk: it goes when it is most of the file.
      const kept =
        lines.size > 2 * used.size + SPARE_LINES
          ? [...lines.values()].filter(([path]) => used.has(path))
          : lines.values();
      for (const line of kept) rows.push(JSON.stringify(line));
      writeDisposable(file, `${rows.join('\n')}\n`);
      changed = false;
    },
  };
}

function tickOf(mtime: number): number {
  return mtime % 1_000 === 0 ? COARSE_TICK_MS : TICK_MS;
}

function readLines(file: string, root: string): Map<string, Line> {
  const lines = new Map<string, Line>();
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EISDIR') return lines;
    throw error;
  }
  const [header, ...rows] = text.split('\n');
  if (header !== JSON.stringify({ schema: SCHEMA, root })) return lines;
  for (const row of rows) {
    const line = row === '' ? undefined : readLine(row);
    if (line !== undefined) lines.set(line[0], line);
  }
  return lines;
}

function readLine(row: string): Line | undefined {
  const fields = parseJson(row);
  if (!Array.isArray(fields) || fields.length !== 7) return undefined;
  const numbers = fields.slice(1, 6) as unknown[];
  const fits = typeof fields[0] === 'string' && numbers.every((each) => typeof each === 'number');
  return fits && parseDigest(fields[6]) !== undefined ? (fields as unknown as Line) : undefined;
}
