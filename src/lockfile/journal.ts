import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import { parseCanonical } from '../kit/canonical.ts';
import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import type { Owner } from '../kit/owner.ts';
import { isGone, ownedName, ownerOfName } from '../kit/owner.ts';
import { parseJson } from '../kit/parse-json.ts';
import type { LockBlock } from './block.ts';
import { isSafeName } from '../store/tree.ts';
import { blockText, parseBlock } from './block.ts';

/** One finished stage (docs/formats.md, `pipe.journal/1`). */
export interface JournalEntry {
  readonly time: number;
  /** Path of the lock, relative to the project root. */
  readonly lock: string;
  readonly stage: string;
  /** Digest of the text of the block that it replaces; null when there was none. */
  readonly before: Digest | null;
  /** Canonical text of the new block. */
  readonly block: string;
}

const HEADER = 'pipe.journal/1';

/** Appends to a journal of this process alone; the file is made with the first entry. */
export interface JournalWriter {
  append(entry: JournalEntry): void;
  close(): void;
}

/** A writer below `folder`, an absolute path. One `write` per entry, on disk when `append` returns. */
export function journalWriter(folder: string, owner: Owner, checksum: (text: string) => string): JournalWriter {
  let fd: number | undefined;
  const close = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  return {
    append(entry) {
      const text = JSON.stringify(entry);
      try {
        if (fd === undefined) {
          mkdirSync(folder, { recursive: true });
          fd = openSync(join(folder, `${ownedName(owner)}.log`), 'ax');
          writeFileSync(fd, `${HEADER}\n`);
        }
        writeFileSync(fd, `${checksum(text)} ${text}\n`);
        fdatasyncSync(fd);
      } catch (error) {
        // A full disk may have cut off the line or the header: the next entry starts a file of its own.
        close();
        throw error;
      }
    },
    close,
  };
}

/** A journal on disk, of whatever process. */
export interface JournalFile {
  readonly path: string;
  readonly entries: readonly JournalEntry[];
}

/** Every journal below `folder`. Torn and foreign lines are left out. */
export function readJournals(folder: string, checksum: (text: string) => string): JournalFile[] {
  return journalPaths(folder).map((path) => ({ path, entries: readEntries(path, checksum) }));
}

/** The paths of all journals below `folder`. */
export function journalPaths(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The paths of the journals that nobody appends to any more: those of processes that are gone, and of this one, which has
 * closed its own. To be asked before they are read, lest a line is lost that one of them writes in between.
 */
export function endedJournals(folder: string, owner: Owner): string[] {
  return journalPaths(folder).filter((path) => {
    const other = ownerOfName(basename(path));
    return isOwn(path, owner) || (other !== undefined && isGone(other));
  });
}

/** Whether the journal at `path` belongs to this process. */
export function isOwn(path: string, owner: Owner): boolean {
  const other = ownerOfName(basename(path));
  if (other?.pid !== owner.pid || other.start !== owner.start || other.host !== owner.host) return false;
  return other.namespace === owner.namespace;
}

function readEntries(path: string, checksum: (text: string) => string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Its owner has just folded it into the lock, or it is no journal at all.
    if (code === 'ENOENT' || code === 'EISDIR') return [];
    throw error;
  }
  const [header, ...lines] = text.split('\n');
  if (header !== HEADER) return [];
  return lines.flatMap((line) => {
    const body = line.slice(17);
    return line[16] === ' ' && line.slice(0, 16) === checksum(body) ? parseEntry(body) : [];
  });
}

function parseEntry(body: string): JournalEntry[] {
  const value = parseJson(body) as Partial<Record<keyof JournalEntry, unknown>> | null | undefined;
  const { time, lock, stage, before, block } = value ?? {};
  const digest = before === null ? null : parseDigest(before);
  if (!Number.isFinite(time) || !isLockPath(lock) || typeof stage !== 'string') return [];
  if (digest === undefined || typeof block !== 'string') return [];
  return [{ time: time as number, lock, stage, before: digest, block }];
}

/** A checksum keeps nobody from writing a journal: what it names must be a lock inside the project. */
function isLockPath(path: unknown): path is string {
  return typeof path === 'string' && path.endsWith('.lock') && path.split('/').every(isSafeName);
}

/**
 * Applies entries to the lock of one path: each replaces the block it was made from, in order of time, until none fits
 * any more. An entry whose former block is not there is dropped: a branch was switched, or it is applied already. So is
 * one that is older than what was applied to its stage: it must not undo a later run that made the former block again.
 */
export function applyEntries(
  lock: ReadonlyMap<string, LockBlock>,
  entries: readonly JournalEntry[],
  blake3: Pick<Blake3, 'hash'>,
): Map<string, LockBlock> {
  const result = new Map(lock);
  const applied = new Map<string, number>();
  let waiting = entries.toSorted((a, b) => a.time - b.time);
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    waiting = waiting.filter((entry) => {
      if (entry.time < (applied.get(entry.stage) ?? -Infinity)) return false;
      const current = result.get(entry.stage);
      const digest = current === undefined ? null : blake3.hash(blockText(current));
      if (digest !== entry.before) return true;
      const block = parseBlockText(entry.block);
      if (block === undefined) return false;
      result.set(entry.stage, block);
      applied.set(entry.stage, entry.time);
      return false;
    });
  }
  return result;
}

function parseBlockText(text: string): LockBlock | undefined {
  try {
    return parseBlock(parseCanonical(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
