import { checkAborted } from '../kit/abort.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../kit/digest.ts';
import type { LooseWriter } from './loose-writer.ts';
import type { PackWriter } from './pack-writer.ts';

/** What a writer needs of its store. */
interface Target {
  hasRaw(bytes: Buffer, at?: number): boolean;
  sizeOf(digest: Digest): number | undefined;
  ensureLasting(): void;
}

/** How a writer opens and ends its packs, and what takes the other objects. */
interface Packing {
  readonly loose: LooseWriter;
  open(): PackWriter;
  seal(pack: PackWriter): Promise<void>;
}

/**
 * Takes many objects in: small ones into packs, large ones as files of their own. Nothing that was added counts before
 * `finish`, which makes it all durable.
 */
export class StoreWriter {
  readonly #store: Target;
  readonly #packing: Packing;
  #pack: PackWriter | undefined;

  constructor(store: Target, packing: Packing) {
    this.#store = store;
    this.#packing = packing;
  }

  /** Whether an object need not be added: it is in the store, or about to be. */
  has(digest: RawDigest, at = 0): boolean {
    return (
      this.#pack?.has(digest, at) === true || this.#packing.loose.has(digest, at) || this.#store.hasRaw(digest, at)
    );
  }

  /** Bytes of an object that is in the store, or about to be; `undefined` for any other. */
  sizeOf(digest: Digest): number | undefined {
    return this.#pack?.sizeOf(rawOfDigest(digest)) ?? this.#packing.loose.sizeOf(digest) ?? this.#store.sizeOf(digest);
  }

  /** Adds a small object without waiting; `true` when `settle` is due. */
  addNow(digest: RawDigest, bytes: Buffer): boolean {
    if (this.#store.hasRaw(digest)) return false;
    this.#pack ??= this.#packing.open();
    this.#pack.add(digest, bytes);
    return this.#pack.isFull;
  }

  /** Adds a file of any size; the digest is that of the bytes that were copied. */
  async addFile(path: string, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<Digest> {
    checkAborted(signal);
    const digest = await this.#packing.loose.addFile(path, signal, onBytes);
    await this.settle();
    return digest;
  }

  /** Adds an object that gets a file of its own, without waiting; `true` when `settle` is due. */
  addLooseNow(digest: RawDigest, bytes: Buffer): boolean {
    if (!this.#store.hasRaw(digest)) this.#packing.loose.addNow(digest, bytes);
    return this.#packing.loose.isFull;
  }

  /** A new name for a file of a helper thread, which it writes an object to and makes durable; or, with `x`… behind it, for many. */
  temporary(): string {
    return this.#packing.loose.temporary();
  }

  /** Takes such a file. */
  adopt(digest: RawDigest, file: string): void {
    this.#packing.loose.adopt(file, digestOfRaw(digest));
  }

  /** Ends a pack that is full, and waits for objects of their own when they are many. */
  async settle(): Promise<void> {
    if (this.#pack?.isFull === true) await this.#seal();
    if (this.#packing.loose.isFull) await this.#packing.loose.settle();
  }

  /**
   * Makes durable what was added; from then on it may be referred to.
   * @throws {PipeError} PIPE_STORE_LEASE
   */
  async finish(): Promise<void> {
    await this.#packing.loose.settle();
    if (this.#pack !== undefined) await this.#seal();
    this.#store.ensureLasting();
  }

  /** Gives up what is not durable yet. */
  discard(): void {
    this.#packing.loose.discard();
    this.#pack?.discard();
    this.#pack = undefined;
  }

  async #seal(): Promise<void> {
    const pack = this.#pack;
    this.#pack = undefined;
    if (pack === undefined) return;
    try {
      await this.#packing.seal(pack);
    } catch (error) {
      pack.discard();
      throw error;
    }
  }
}
