import { closeSync, openSync, rmSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { RawDigest } from '../kit/digest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readAt } from '../store/pack-file.ts';
import { FRAME_HEAD, PACK_HEADER, ROW, footerOf, tableRows, writeFrameHead } from '../store/pack.ts';
import { writeFully } from '../store/pack-writer.ts';
import { ObjectSet } from './object-set.ts';
import type { PackPiece, PieceObject } from './pack-pieces.ts';
import { wholePieces } from './pack-pieces.ts';
import { PIECE } from './read-object.ts';
import type { PackTable } from './tables.ts';

/**
 * A pack of a remote that comes as a whole, piece by piece, into a file that does not count yet. Each frame is checked
 * when it comes; then the pack can be taken into the store as it is, or objects be read from it.
 */
export class HeldPack {
  readonly pieces: readonly PackPiece[];
  readonly #table: PackTable;
  readonly #blake3: Blake3;
  readonly #path: string;
  readonly #head = Buffer.alloc(FRAME_HEAD);
  #fd: number | undefined;
  #left: number;
  #hasWrongHead = false;
  /** Objects whose bytes are not right, or did not come. */
  readonly wrong = new ObjectSet();

  private constructor(
    table: PackTable,
    { pieces, path, blake3 }: { pieces: readonly PackPiece[]; path: string; blake3: Blake3 },
  ) {
    this.#table = table;
    this.pieces = pieces;
    this.#left = pieces.length;
    this.#blake3 = blake3;
    this.#path = path;
    this.#fd = openSync(path, 'wx+', 0o600);
    writeFully(this.#fd, PACK_HEADER, 0);
  }

  /** A pack that is about to come; `undefined` where its frames do not lie one behind the other. */
  static begin(table: PackTable, store: Pick<ObjectStore, 'temporary'>, blake3: Blake3): HeldPack | undefined {
    const pieces = wholePieces(table.rows, table.end, PIECE);
    return pieces && new HeldPack(table, { pieces, path: store.temporary('.pack'), blake3 });
  }

  /** Whether all pieces have come. */
  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** Whether every byte that came is right. */
  get isRight(): boolean {
    return this.isWhole && this.wrong.count === 0 && !this.#hasWrongHead;
  }

  /** Takes in a piece; `undefined` for one that could not be had. */
  take(piece: PackPiece, bytes: Buffer | undefined): void {
    this.#left -= 1;
    if (bytes?.length !== piece.length) {
      for (const { digest, length } of piece.objects) this.wrong.add(digest, 0, { size: length });
      return;
    }
    for (const object of piece.objects) this.#check(object, bytes, object.offset - piece.offset);
    if (this.#fd !== undefined) writeFully(this.#fd, bytes, piece.offset);
  }

  #check({ digest, length }: PieceObject, bytes: Buffer, at: number): void {
    writeFrameHead(this.#head, 0, { digest, length });
    if (bytes.compare(this.#head, 0, FRAME_HEAD, at - FRAME_HEAD, at) !== 0) this.#hasWrongHead = true;
    if (this.#blake3.raw(bytes.subarray(at, at + length)).compare(digest) === 0) return;
    this.wrong.add(digest, 0, { size: length });
  }

  /** The bytes of an object, which were right when they came; `undefined` for one that is wrong. */
  read({ digest, offset, length }: PieceObject): Buffer | undefined {
    if (this.#fd === undefined || this.wrong.has(digest)) return undefined;
    return readAt(this.#fd, offset, length);
  }

  /** Makes it a pack of the store. */
  adopt(store: Pick<ObjectStore, 'adoptPack'>): void {
    const [fd, { rows, end, name }] = [this.#fd, this.#table];
    if (fd === undefined || !this.isRight) throw new RangeError('only a whole pack becomes one of the store');
    const table = Buffer.concat([rows, footerOf(rows.length / ROW, end)]);
    writeFully(fd, table, end);
    this.#fd = undefined;
    store.adoptPack({ fd, path: this.#path, name }, tableRows(table) ?? []);
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
      for (const object of piece.objects) {
        const bytes = isWanted(object.digest) ? this.read(object) : undefined;
        if (bytes !== undefined) yield { digest: object.digest, bytes };
      }
    }
  }
}
