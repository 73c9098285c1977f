import { randomBytes } from 'node:crypto';
import { constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { isGone, ownedName, ownerOfName, thisOwner } from '../kit/owner.ts';
import { namesIn } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import type { StoreLayout } from './layout.ts';
import { STORE_FORMAT, hexOf } from './layout.ts';

const READ_ONLY = 0o444;

/** How an object is written out. */
export interface ExtractOptions {
  /** Permission bits of the file. */
  readonly mode: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Bytes under their digest, in a folder on this machine. Several processes may use one store at once: an object is
 * written under a temporary name and renamed, and two writers of the same object write the same bytes. Every read
 * hashes what it read; an object that does not fit is quarantined and counts as absent.
 */
export class ObjectStore {
  readonly layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #present = new Set<Digest>();
  readonly #owner = thisOwner();
  #isSwept = false;
  /** Told of each damaged object. */
  readonly #onDamage: (digest: Digest, movedTo: string) => void;

  constructor(layout: StoreLayout, blake3: Blake3, onDamage: (digest: Digest, movedTo: string) => void) {
    this.layout = layout;
    this.#blake3 = blake3;
    this.#onDamage = onDamage;
  }

  /**
   * Makes the folders that a first write needs, and checks the version.
   * @throws {PipeError} PIPE_STORE_FORMAT for a store that a newer `pipe` wrote.
   */
  prepare(): void {
    const format = readIfThere(this.layout.format);
    if (format === undefined) {
      mkdirSync(this.layout.tmp, { recursive: true });
      writeFileAtomic(this.layout.format, `${STORE_FORMAT}\n`);
    } else if (format.trim() !== STORE_FORMAT) {
      throw new PipeError({
        code: 'PIPE_STORE_FORMAT',
        message: `the store ${this.layout.root} has the format ${JSON.stringify(format.trim().slice(0, 40))}; this pipe knows ${STORE_FORMAT}`,
        hint: 'use a newer pipe, or another folder (`pipe config cache.dir DIR`)',
      });
    }
  }

  /** Whether an object is there, by name alone: its bytes are checked when they are read. */
  has(digest: Digest): boolean {
    if (this.#present.has(digest)) return true;
    if (!existsSync(this.layout.loose(digest))) return false;
    this.#present.add(digest);
    return true;
  }

  /** Stores bytes and returns their digest. */
  async put(data: Uint8Array | string): Promise<Digest> {
    const digest = this.#blake3.hash(data);
    // Not by memory: another process may have set the object aside since.
    if (existsSync(this.layout.loose(digest))) return digest;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    await this.#write(async (handle) => {
      await handle.writeFile(bytes);
      return digest;
    });
    return digest;
  }

  /** Copies a file into the store, unless `signal` is aborted; the digest is that of the bytes that were copied. */
  async ingest(file: string, signal?: AbortSignal): Promise<{ digest: Digest; size: number }> {
    let size = 0;
    const digest = await this.#write(async (handle) => {
      const hasher = this.#blake3.hasher();
      const copy = async (chunk: Buffer): Promise<void> => {
        hasher.update(chunk);
        size += chunk.length;
        await handle.writeFile(chunk);
      };
      await eachChunk(file, copy, signal);
      return hasher.digest();
    });
    return { digest, size };
  }

  /** The bytes of a small object, checked; `undefined` when it is absent or damaged. */
  read(digest: Digest): Buffer | undefined {
    const path = this.layout.loose(digest);
    const bytes = readBytesIfThere(path);
    if (bytes === undefined || this.#blake3.hash(bytes) === digest) return bytes;
    this.#quarantine(digest, path);
    return undefined;
  }

  /**
   * Writes an object to `target`, which must not exist, and checks every byte written. `false` when the object is
   * absent or damaged; `target` is gone then. A reflink where the disk can do it, else a copy. Rejects with an
   * AbortError, and leaves no target, when `signal` is aborted.
   */
  async extract(digest: Digest, target: string, { mode, signal }: ExtractOptions): Promise<boolean> {
    const source = this.layout.loose(digest);
    if (!existsSync(source)) return false;
    const hasher = this.#blake3.hasher();
    const see = (chunk: Buffer): void => {
      hasher.update(chunk);
    };
    try {
      if (await reflink(source, target)) await eachChunk(target, see, signal);
      else await copyThrough(source, { target, see, signal });
      if (hasher.digest() === digest) {
        const handle = await open(target, 'r');
        await handle.chmod(mode).finally(() => handle.close());
        return true;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') await rm(target, { force: true });
      if (code === 'ENOENT' && !existsSync(source)) return false;
      throw error;
    }
    await rm(target, { force: true });
    this.#quarantine(digest, source);
    return false;
  }

  async #write(fill: (handle: FileHandle) => Promise<Digest>): Promise<Digest> {
    this.prepare();
    this.#sweep();
    const temporary = join(this.layout.tmp, ownedName(this.#owner));
    const handle = await openMakingFolder(temporary);
    try {
      const digest = await fill(handle);
      await handle.chmod(READ_ONLY);
      await handle.datasync();
      await handle.close();
      const target = this.layout.loose(digest);
      mkdirSync(dirname(target), { recursive: true });
      await rename(temporary, target);
      this.#present.add(digest);
      return digest;
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Removes, once, what killed processes of this machine were in the middle of writing. */
  #sweep(): void {
    if (this.#isSwept) return;
    this.#isSwept = true;
    for (const name of namesIn(this.layout.tmp)) {
      const owner = ownerOfName(name);
      if (owner !== undefined && isGone(owner)) rmSync(join(this.layout.tmp, name), { force: true });
    }
  }

  #quarantine(digest: Digest, path: string): void {
    this.#present.delete(digest);
    mkdirSync(this.layout.quarantine, { recursive: true });
    const movedTo = join(this.layout.quarantine, `${hexOf(digest)}-${randomBytes(4).toString('hex')}`);
    try {
      renameSync(path, movedTo);
    } catch (error) {
      // Another process moved it first: it is gone either way.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    this.#onDamage(digest, movedTo);
  }
}

async function openMakingFolder(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return open(path, 'wx', 0o600);
  }
}

/** Clones the file where the disk shares blocks; `false` where it can't. */
async function reflink(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT' || code === 'ENOSPC' || code === 'EACCES') throw error;
    rmSync(target, { force: true });
    return false;
  }
}

async function copyThrough(
  source: string,
  { target, see, signal }: { target: string; see: (chunk: Buffer) => void; signal: AbortSignal | undefined },
): Promise<void> {
  const handle = await open(target, 'wx', 0o600);
  try {
    const copy = async (chunk: Buffer): Promise<void> => {
      see(chunk);
      await handle.writeFile(chunk);
    };
    await eachChunk(source, copy, signal);
  } finally {
    await handle.close();
  }
}

function readIfThere(path: string): string | undefined {
  return readBytesIfThere(path)?.toString('utf8');
}

function readBytesIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
