import type { Digest, RawDigest } from '../kit/digest.ts';
import type { PackWriter } from './pack-writer.ts';

/** What a writer needs of its store. */
interface Target {
  hasRaw(bytes: Buffer, at?: number): boolean;
  ingest(
    file: string,
    signal?: AbortSignal,
    onBytes?: (bytes: number) => void,
  ): Promise<{ digest: Digest; size: number }>;
  ensureLasting(): void;
}

/** How a writer opens and ends its packs. */
interface Packing {
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
    return this.#pack?.has(digest, at) === true || this.#store.hasRaw(digest, at);
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
    return (await this.#store.ingest(path, signal, onBytes)).digest;
  }

  /** Ends a pack that is full. */
  async settle(): Promise<void> {
    if (this.#pack?.isFull === true) await this.#seal();
  }

  /**
   * Makes durable what was added; from then on it may be referred to.
   * @throws {PipeError} PIPE_STORE_LEASE
   */
  async finish(): Promise<void> {
    if (this.#pack !== undefined) await this.#seal();
    this.#store.ensureLasting();
  }

  /** Gives up what is not durable yet. */
  discard(): void {
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
