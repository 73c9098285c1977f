import { closeSync, fdatasync, openSync, rmSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { digestOfRaw } from '../kit/digest.ts';
import { isDoneNow, takeTurns } from '../kit/chunks.ts';
import { copyNow } from './copy.ts';
import { ingest } from './ingest.ts';
import { mark } from './store-file.ts';
import { writeNew } from './write-files.ts';

/** What is needed of a store. */
interface Target {
  temporary(): string;
  placeFile(temporary: string, digest: Digest): void;
  putFile(fill: (target: string) => Promise<Digest>): Promise<Digest>;
}

/** An object that was written, and is on its way to the disk. */
interface Written {
  readonly digest: Digest;
  readonly file: string;
  readonly fd: number;
  readonly synced: Promise<void>;
}

/** Thrown to whoever waits for objects that somebody has given up meanwhile. */
class GivenUp extends Error {}

const sync = promisify(fdatasync);

/** Objects that are on their way to the disk at once. */
const MOST = 256;

/**
 * Writes many objects that get a file each: while the disk takes some, the next ones are copied. Nothing that was added
 * is there before `settle`.
 */
export class LooseWriter {
  readonly #store: Target;
  readonly #blake3: Blake3;
  readonly #written = new Map<Digest, Written>();
  #settling: Promise<void> = Promise.resolve();
  /** Whether something was given up that was added: from now on nobody is told that all is there. */
  #isGivenUp = false;
  /** What names begin with until the next `settle`: to ask the store for each costs. */
  #names: { readonly first: string; count: number } | undefined;

  constructor(store: Target, blake3: Blake3) {
    this.#store = store;
    this.#blake3 = blake3;
  }

  get isFull(): boolean {
    return this.#written.size >= MOST;
  }

  /** Whether an object was added, by the digest that lies at `at` of some bytes. */
  has(bytes: Buffer, at: number): boolean {
    return this.#written.size > 0 && this.#written.has(digestOfRaw(bytes.subarray(at, at + 32)));
  }

  /** Bytes of an object that was added, and is not where it counts yet. */
  sizeOf(digest: Digest): number | undefined {
    const file = this.#written.get(digest)?.file;
    return file === undefined ? undefined : statSync(file).size;
  }

  /** Copies a file; the digest is that of the bytes that were copied. A large one is there at once. */
  async addFile(path: string, signal?: AbortSignal, onBytes?: (bytes: number) => void): Promise<Digest> {
    const { size } = statSync(path);
    if (!isDoneNow(size)) {
      return (await ingest(this.#store, path, { blake3: this.#blake3, signal, onBytes })).digest;
    }
    const hasher = this.#blake3.hasher();
    const digest = this.#add((file) => {
      copyNow(path, file, (chunk) => {
        hasher.update(chunk);
        onBytes?.(chunk.length);
      });
      return hasher.digest();
    });
    await takeTurns(size);
    return digest;
  }

  /** Adds an object that is in memory, under its digest. */
  addNow(raw: RawDigest, bytes: Buffer): void {
    this.#add((file) => {
      writeNew(file, bytes, 0o600);
      return digestOfRaw(raw);
    });
  }

  /** A new name for a file that is about to be stored, or, with something behind it, for several. */
  temporary(): string {
    this.#names ??= { first: this.#store.temporary(), count: 0 };
    this.#names.count += 1;
    return `${this.#names.first}x${String(this.#names.count)}`;
  }

  #add(write: (file: string) => Digest): Digest {
    const file = this.temporary();
    try {
      const digest = write(file);
      if (this.#written.has(digest)) rmSync(file);
      else this.#written.set(digest, { digest, file, ...begin(file, digest) });
      return digest;
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  /** Waits until the disk has everything that was added before, and puts it where it counts; for several at once, too. */
  settle(): Promise<void> {
    const settled = this.#settling.then(() => this.#settleAll());
    // Each is told of its own failure.
    this.#settling = settled.catch(() => undefined);
    return settled;
  }

  async #settleAll(): Promise<void> {
    for (const { digest, file, fd, synced } of this.#written.values()) {
      await synced;
      if (this.#isGivenUp) break;
      closeSync(fd);
      // Closed once: from now on the number may be that of another file.
      this.#written.delete(digest);
      this.#place(file, digest);
    }
    if (this.#isGivenUp) throw new GivenUp();
    this.#names = undefined;
  }

  /** Takes a file that a helper thread has written as {@link addFile} does, to a name of `temporary`, and made durable. */
  adopt(file: string, digest: Digest): void {
    this.#place(file, digest);
  }

  #place(file: string, digest: Digest): void {
    try {
      this.#store.placeFile(file, digest);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  /** Gives up what was not put where it counts. */
  discard(): void {
    for (const { fd, file, synced } of this.#written.values()) {
      const close = (): void => { closeSync(fd); }; // prettier-ignore
      synced.then(close, close);
      rmSync(file, { force: true });
    }
    this.#isGivenUp ||= this.#written.size > 0;
    this.#written.clear();
  }
}

/** Marks an object, and lets the disk begin to take it. */
function begin(file: string, digest: Digest): Pick<Written, 'fd' | 'synced'> {
  const fd = openSync(file, 'r+');
  try {
    mark(fd, digest);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const synced = sync(fd).catch((error: unknown) => {
    // Of a file that is open the system names nothing.
    throw Object.assign(error as Error, { path: file });
  });
  // Told when it is waited for.
  synced.catch(() => undefined);
  return { fd, synced };
}
