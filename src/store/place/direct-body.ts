import { Readable } from 'node:stream';
import { TruncatedBody } from './s3-fault.ts';

/** What a body comes from. */
export interface BodySource {
  /** Lets bytes come, from now on. */
  readonly resume: () => void;
  /** All of the body has come. */
  readonly end: () => void;
  /** Nobody wants what is still to come. */
  readonly abandon: () => void;
}

interface Into {
  readonly bytes: Buffer;
  readonly onBytes: (count: number) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The body of an answer: a stream like any other. Whoever knows where its bytes are to lie has them put there by the
 * system, with nothing between the socket and that place: a fifth of what a stream takes.
 */
export class DirectBody extends Readable {
  readonly #source: BodySource;
  /** Came with the head. */
  #first: Buffer;
  readonly #length: number;
  #isBegun = false;
  #done = 0;
  #into: Into | undefined;
  #filled = 0;

  constructor(source: BodySource, length: number, first: Buffer) {
    super();
    this.#source = source;
    this.#length = length;
    this.#first = first;
    // Who asks for nothing more than the status does not care how a body ends.
    this.on('error', () => undefined);
  }

  /**
   * Has the body put into a buffer, from its beginning; may be called once, before anything was read.
   * @param onBytes told of the bytes that have come, one after the other
   * @throws {TruncatedBody} when it is shorter than the buffer, or than it said; errors of the connection
   */
  async readInto(bytes: Buffer, onBytes: (count: number) => void): Promise<void> {
    if (this.errored) throw this.errored;
    await new Promise<void>((resolve, reject) => {
      this.#into = { bytes: bytes.subarray(0, this.#length), onBytes, resolve, reject };
      this.#begin();
    });
    if (this.#length < bytes.length) throw new TruncatedBody(this.#length, bytes.length);
  }

  /** Where the next bytes are to lie; `undefined` where that is all the same. */
  room(): Buffer | undefined {
    const room = this.#into?.bytes.subarray(this.#filled);
    return room?.length === 0 ? undefined : room;
  }

  /** Takes bytes that lie in their room already. */
  came(count: number): void {
    this.#filled += count;
    this.#done += count;
    this.#into?.onBytes(count);
    this.#endIfDone();
  }

  /**
   * Takes bytes that lie anywhere, and soon will not any more.
   * @returns whether more may come now
   */
  accept(bytes: Buffer): boolean {
    // What TLS had decrypted already comes also from a socket that was told to wait.
    if (!this.#isBegun) {
      this.#first = Buffer.concat([this.#first, bytes]);
      return false;
    }
    const into = this.#into;
    if (into !== undefined) {
      const count = bytes.copy(into.bytes, this.#filled);
      // A buffer may be shorter than the body.
      this.#done += bytes.length - count;
      this.came(count);
      return true;
    }
    this.#done += bytes.length;
    const isWanted = this.push(Buffer.from(bytes));
    this.#endIfDone();
    return isWanted || this.#done >= this.#length;
  }

  /** How many bytes are still to come. */
  get rest(): number {
    return this.#length - this.#done - this.#first.length;
  }

  override _read(): void {
    this.#begin();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#done < this.#length) this.#source.abandon();
    this.#into?.reject(error ?? new TruncatedBody(this.#done, this.#length));
    done(error);
  }

  #begin(): void {
    this.#isBegun = true;
    const first = this.#first;
    this.#first = Buffer.alloc(0);
    if (first.length > 0 || this.#length === 0) this.accept(first);
    if (this.#done < this.#length) this.#source.resume();
  }

  #endIfDone(): void {
    if (this.#done < this.#length) return;
    this.#source.end();
    if (this.#into === undefined) {
      this.push(null);
      return;
    }
    this.#into.resolve();
    this.destroy();
  }
}
