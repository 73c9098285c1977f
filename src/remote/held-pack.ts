import { closeSync, openSync, rmSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import type { HelperThreads } from '../kit/helper-threads.ts';
import { ThreadEnded, helperThreads } from '../kit/helper-threads.ts';
import type { CheckFramesInput, CheckFramesOutput } from '../store/check-frames.ts';
import { checkFrames } from '../store/check-frames.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readAt } from '../store/pack-file.ts';
import { PACK_HEADER, ROW, footerOf } from '../store/pack.ts';
import { writeFully } from '../store/pack-writer.ts';
import { ObjectSet } from './object-set.ts';
import type { PieceObject, WholePiece } from './pack-pieces.ts';
import { objectAt, wholePieces } from './pack-pieces.ts';
import { PIECE } from './read-object.ts';
import type { PackTable } from './tables.ts';
import { rowsOf } from './tables.ts';

/** A pack with fewer rows than this is checked before a helper thread has been asked and has answered. */
const FEWEST_ROWS = 500;

/**
 * A pack of a remote that comes as a whole, piece by piece, into a file that does not count yet. Each frame is checked
 * when it has come, by helper threads while more comes; then the pack can be taken into the store as it is, or objects
 * be read from it.
 */
export class HeldPack {
  readonly pieces: readonly WholePiece[];
  readonly #table: PackTable;
  readonly #blake3: Blake3;
  readonly #path: string;
  readonly #threads: HelperThreads | undefined;
  #fd: number | undefined;
  #left: number;
  readonly #checks: Promise<void>[] = [];
  #hasWrongHead = false;
  readonly #wrong = new ObjectSet();

  private constructor(
    table: PackTable,
    { pieces, path, blake3 }: { pieces: readonly WholePiece[]; path: string; blake3: Blake3 },
  ) {
    this.#table = table;
    this.pieces = pieces;
    this.#left = pieces.length;
    this.#blake3 = blake3;
    this.#path = path;
    this.#threads = table.rows.length < FEWEST_ROWS * ROW ? undefined : helperThreads();
    this.#fd = openSync(path, 'wx+', 0o600);
    writeFully(this.#fd, PACK_HEADER, 0);
  }

  /** A pack that is about to come; `undefined` where its frames do not lie one behind the other. */
  static begin(table: PackTable, store: Pick<ObjectStore, 'temporary'>, blake3: Blake3): HeldPack | undefined {
    const pieces = wholePieces(table.rows, table.end, PIECE);
    return pieces && new HeldPack(table, { pieces, path: store.temporary('.pack'), blake3 });
  }

  /** Takes in a piece; `undefined` for one that could not be had. */
  take(piece: WholePiece, bytes: Buffer | undefined): void {
    this.#left -= 1;
    if (bytes?.length !== piece.length) {
      for (const object of rowsOf(piece)) this.#isWrong(object);
      return;
    }
    if (this.#fd === undefined) return;
    writeFully(this.#fd, bytes, piece.offset);
    const check = this.#check(piece);
    this.#checks.push(check);
    // Whoever asks what is wrong is told; nobody does when another piece cannot be had.
    check.catch(() => undefined);
  }

  async #check({ rows, ...part }: WholePiece): Promise<void> {
    // A copy of these rows alone: else all that lies around them would go with them.
    const input: CheckFramesInput = { file: this.#path, ...part, rows: Uint8Array.from(rows) };
    const { wrong, hasWrongHead } = await this.#checked(input);
    if (hasWrongHead) this.#hasWrongHead = true;
    for (const row of wrong) this.#isWrong(objectAt(rows, row * ROW));
  }

  async #checked(input: CheckFramesInput): Promise<CheckFramesOutput> {
    try {
      if (this.#threads !== undefined) return await this.#threads.runAnywhere('check-frames', input);
    } catch (error) {
      if (!(error instanceof ThreadEnded)) throw error;
    }
    return checkFrames(input, this.#blake3);
  }

  #isWrong({ digest, length }: PieceObject): void {
    this.#wrong.add(digest, 0, { size: length });
  }

  /** Objects whose bytes are not right, or did not come, once all that came is checked. */
  async wrong(): Promise<ObjectSet> {
    await Promise.all(this.#checks);
    return this.#wrong;
  }

  /** The right bytes of an object; `undefined` for one that is wrong. Checked here: a list is not waited for. */
  read(object: PieceObject): Buffer | undefined {
    if (this.#fd === undefined) return undefined;
    const bytes = readAt(this.#fd, object.offset, object.length);
    if (this.#blake3.raw(bytes).equals(object.digest)) return bytes;
    this.#isWrong(object);
    return undefined;
  }

  /** Makes it a pack of the store; `false` unless all pieces have come and every byte of them is right. */
  async adopt(store: Pick<ObjectStore, 'adoptPack'>): Promise<boolean> {
    const isRight = (await this.wrong()).count === 0 && this.#left === 0 && !this.#hasWrongHead;
    const [fd, { rows, end, name }] = [this.#fd, this.#table];
    if (fd === undefined || !isRight) return false;
    writeFully(fd, Buffer.concat([rows, footerOf(rows.length / ROW, end)]), end);
    this.#fd = undefined;
    store.adoptPack({ fd, path: this.#path, name }, rows);
    return true;
  }

  /** Gives up what is not a pack of the store. */
  discard(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#path, { force: true });
  }

  /** Objects of the pack that are wanted, with their right bytes. */
  *objects(
    isWanted: (digest: RawDigest) => boolean,
  ): Generator<{ readonly digest: RawDigest; readonly bytes: Buffer }> {
    for (const piece of this.pieces) {
      for (const object of rowsOf(piece)) {
        const bytes = isWanted(object.digest) ? this.read(object) : undefined;
        if (bytes !== undefined) yield { digest: object.digest, bytes };
      }
    }
  }
}
