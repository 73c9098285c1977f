/** Told how many files more are done, and bytes more. */
export type OnProgress = (files: number, bytes: number) => void;

/** Bytes after which it is told: more files pass in a second than anybody can be told of. */
const TELL_BYTES = 1 << 20;

/** Counts files that are done one after the other; tells of them in heaps, and of large ones while their bytes pass. */
export class FileProgress {
  readonly #onProgress: OnProgress | undefined;
  #files = 0;
  #bytes = 0;
  /** Bytes of the file at hand that were counted already. */
  #ofFile = 0;

  constructor(onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress;
  }

  /** A file is done. */
  file(size: number): void {
    this.#files += 1;
    this.#bytes += size - this.#ofFile;
    this.#ofFile = 0;
    if (this.#bytes >= TELL_BYTES) this.tell();
  }

  /** To be told of the bytes of the file at hand as they pass; those that it reads again do not count. */
  passing(size: number): (bytes: number) => void {
    return (bytes) => {
      const more = Math.min(bytes, size - this.#ofFile);
      this.#ofFile += more;
      this.#bytes += more;
      if (this.#bytes >= TELL_BYTES) this.tell();
    };
  }

  /** Files and bytes that somebody else has counted. */
  readonly add = (files: number, bytes: number): void => {
    this.#files += files;
    this.#bytes += bytes;
    if (this.#bytes >= TELL_BYTES) this.tell();
  };

  /** Tells how far it is. */
  tell(): void {
    this.#onProgress?.(this.#files, this.#bytes);
    this.#files = this.#bytes = 0;
  }
}
