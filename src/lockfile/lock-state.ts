import { realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Owner } from '../kit/owner.ts';
import { isWithin } from '../kit/path.ts';
import type { LockBlock } from './block.ts';
import { blockText } from './block.ts';
import type { JournalWriter } from './journal.ts';
import { applyEntries, endedJournals, isOwn, journalPaths, journalWriter, readJournals } from './journal.ts';
import type { Lock } from './lock.ts';
import { lockPathOf, lockText, readLock, writeLock } from './lock.ts';

export interface LockStateOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /** `.pipe/tmp/journal`, absolute. */
  readonly journals: string;
  readonly owner: Owner;
  readonly blake3: Blake3;
  readonly checksum: (text: string) => string;
  readonly now: () => number;
}

/** Which stage of which pipeline file. */
export interface StageId {
  readonly file: string;
  readonly name: string;
}

/** A lock with what the journals add to it, and what its file looked like. */
interface SeenLock {
  readonly stamp: string;
  readonly blocks: Map<string, LockBlock>;
}

/**
 * What the locks and the journals say together. Journals are read before locks: an entry that is being folded is then
 * seen at least once, and applying it twice changes nothing.
 */
export class LockState {
  readonly #options: LockStateOptions;
  readonly #writer: JournalWriter;
  readonly #locks = new Map<string, SeenLock>();
  /** What the journals of other processes looked like. */
  #others = '';

  constructor(options: LockStateOptions) {
    this.#options = options;
    this.#writer = journalWriter(options.journals, options.owner, options.checksum);
  }

  /** What the last run of a stage recorded. */
  block(stage: StageId): LockBlock | undefined {
    return this.#lock(lockPathOf(stage.file)).get(stage.name);
  }

  /**
   * All that a lock and the journals hold together, by the stage's name.
   * @param lock its path, relative to the project
   */
  blocks(lock: string): Lock {
    return this.#lock(lock);
  }

  /** Records a finished stage: on disk when it returns. */
  record(stage: StageId, block: LockBlock): void {
    const path = lockPathOf(stage.file);
    const lock = this.#lock(path);
    const before = lock.get(stage.name);
    const text = blockText(block);
    const beforeText = before === undefined ? undefined : blockText(before);
    if (beforeText === text) return;
    this.#writer.append({
      time: this.#options.now(),
      lock: path,
      stage: stage.name,
      before: beforeText === undefined ? null : this.#options.blake3.hash(beforeText),
      block: text,
    });
    lock.set(stage.name, block);
  }

  /** Forgets what was read of the lock of a stage if another process, or Git, has changed it or a journal since. */
  refresh(stage: StageId): void {
    const { root, journals, owner } = this.#options;
    const files = journalPaths(journals).filter((path) => !isOwn(path, owner));
    const others = files.map((path) => `${path} ${stampOf(path)}`).join('\n');
    if (others !== this.#others) this.#locks.clear();
    this.#others = others;
    // This lock alone: whoever has many pipeline files would look at all of them before each stage.
    const path = lockPathOf(stage.file);
    if (this.#locks.get(path)?.stamp !== stampOf(join(root, path))) this.#locks.delete(path);
  }

  /** Whether anything waits to be folded. */
  get hasJournals(): boolean {
    return journalPaths(this.#options.journals).length > 0;
  }

  /**
   * Writes what the journals hold into the locks and removes the journals that are done with. The caller holds the
   * locks exclusively. Locks that do not change are not touched.
   * Entries of other stages than `stages` are dropped: the branch that has them was left before they were folded.
   * @returns the absolute paths of the locks that were written
   */
  fold(stages?: Iterable<StageId>): string[] {
    const written: string[] = [];
    const { root, journals, checksum, blake3, owner } = this.#options;
    this.#writer.close();
    const ended = endedJournals(journals, owner);
    const files = readJournals(journals, checksum);
    const known = stages && new Set([...stages].map(({ file, name }) => `${lockPathOf(file)}\n${name}`));
    const entries = files
      .flatMap((file) => file.entries)
      .filter(({ lock, stage }) => known === undefined || known.has(`${lock}\n${stage}`));
    for (const path of new Set(entries.map((entry) => entry.lock))) {
      if (!hasFolder(root, path)) continue;
      const lock = readLock(join(root, path), path);
      const folded = applyEntries(
        lock,
        entries.filter((entry) => entry.lock === path),
        blake3,
      );
      if (lockText(folded) === lockText(lock)) continue;
      writeLock(join(root, path), folded);
      written.push(join(root, path));
    }
    for (const path of ended) rmSync(path, { force: true });
    this.#locks.clear();
    return written;
  }

  /**
   * Takes the blocks of stages out of their locks. The caller holds the locks exclusively, and has folded the journals.
   * @returns the absolute paths of the locks that were written
   */
  forget(stages: Iterable<StageId>): string[] {
    const written = new Set<string>();
    const { root } = this.#options;
    for (const { file, name } of stages) {
      const path = lockPathOf(file);
      const lock = new Map(readLock(join(root, path), path));
      if (!lock.delete(name)) continue;
      writeLock(join(root, path), lock);
      written.add(join(root, path));
    }
    this.#locks.clear();
    return [...written];
  }

  #lock(path: string): Map<string, LockBlock> {
    const known = this.#locks.get(path);
    if (known !== undefined) return known.blocks;
    const { root, journals, checksum, blake3 } = this.#options;
    // Before anything is read: what changes meanwhile is read again.
    const stamp = stampOf(join(root, path));
    const entries = readJournals(journals, checksum)
      .flatMap((file) => file.entries)
      .filter((entry) => entry.lock === path);
    const lock: Lock = readLock(join(root, path), path);
    const blocks = applyEntries(lock, entries, blake3);
    this.#locks.set(path, { stamp, blocks });
    return blocks;
  }
}

/** Whether the folder of a lock is there, inside the project: it may have gone with the branch. */
function hasFolder(root: string, path: string): boolean {
  try {
    return isWithin(realpathSync(root), realpathSync(dirname(join(root, path))));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '-' : `${String(stat.ino)}:${String(stat.mtimeMs)}:${String(stat.size)}`;
}
