import {
  chmodSync,
  closeSync,
  fchmodSync,
  fdatasyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { makeFolder } from '../kit/make-folder.ts';
import type { Owner } from '../kit/owner.ts';
import { ownedName } from '../kit/owner.ts';
import { DigestMap } from './digest-map.ts';
import type { StoreLayout } from './layout.ts';
import type { Frame } from './pack.ts';
import { FOOTER, FRAME_HEAD, LARGEST_PACK, PACK_HEADER, scanFrames, tableOf, writeFrameHead } from './pack.ts';
import { syncFolder } from './store-file.ts';

/** A pack is sealed when it has grown to this; the last object may take it beyond. */
const FULL = 32 << 20;

/** What is written at once. */
const BLOCK = 1 << 20;

/** A pack with fewer objects than this is not worth a file of its own. */
const FEWEST = 16;

/** What sealing made: a pack, or, of a few objects, their bytes, to be stored one by one. */
export type Sealed =
  | { readonly pack: Digest; /** Those of its table. */ readonly rows: Buffer }
  | { readonly few: readonly { readonly digest: RawDigest; readonly bytes: Buffer }[] };

export interface PackOptions {
  readonly owner: Owner;
  /** Told where a pack will lie just before it does. */
  readonly beforePlaced?: (path: string) => void;
  /** Whether also few objects become a pack. */
  readonly isWhole?: boolean;
}

/**
 * An open pack: a file in the store's `tmp` that one process appends frames to. Nothing in it counts before it is
 * sealed; when the process is killed, the next one seals what was whole (`recoverPack`).
 */
export class PackWriter {
  readonly #layout: StoreLayout;
  readonly #blake3: Blake3;
  readonly #owner: Owner;
  readonly #beforePlaced: PackOptions['beforePlaced'];
  readonly #isWhole: boolean;
  readonly #block = Buffer.allocUnsafe(BLOCK);
  #used = PACK_HEADER.length;
  /** Bytes of the file before the block. */
  #written = 0;
  #file: { readonly path: string; readonly fd: number } | undefined;
  #frames = new DigestMap();

  constructor(layout: StoreLayout, blake3: Blake3, { owner, beforePlaced, isWhole = false }: PackOptions) {
    this.#layout = layout;
    this.#blake3 = blake3;
    this.#owner = owner;
    this.#beforePlaced = beforePlaced;
    this.#isWhole = isWhole;
    PACK_HEADER.copy(this.#block);
  }

  has(digest: RawDigest, at = 0): boolean {
    return this.#frames.has(digest, at);
  }

  /** Bytes of an object that was added. */
  sizeOf(digest: RawDigest): number | undefined {
    return this.#frames.find(digest)?.length;
  }

  get isEmpty(): boolean {
    return this.#frames.size === 0;
  }

  get isFull(): boolean {
    return this.#written + this.#used >= FULL;
  }

  /** Appends an object unless it is there. */
  add(digest: RawDigest, bytes: Buffer): void {
    const offset = this.#written + this.#used + FRAME_HEAD;
    if (!this.#frames.add(digest, 0, { pack: 0, offset, length: bytes.length })) return;
    if (this.#used + FRAME_HEAD + bytes.length > BLOCK) this.#flush();
    writeFrameHead(this.#block, this.#used, { digest, length: bytes.length });
    this.#used += FRAME_HEAD;
    if (this.#used + bytes.length > BLOCK) {
      this.#flush();
      this.#write(bytes);
      return;
    }
    bytes.copy(this.#block, this.#used);
    this.#used += bytes.length;
  }

  /** Ends the pack: from then on its objects are in the store, and stay there through a crash. */
  seal(): Sealed {
    if (!this.#isWhole && this.#file === undefined && this.#frames.size < FEWEST) return { few: this.#few() };
    const table = tableOf(this.#frames, this.#written + this.#used);
    const name = this.#blake3.hash(table);
    this.#flush();
    this.#write(table);
    const { fd, path } = this.#open();
    this.#beforePlaced?.(this.#layout.pack(name));
    this.#file = undefined;
    placePack(this.#layout, { fd, path, name });
    return { pack: name, rows: table.subarray(0, table.length - FOOTER) };
  }

  /** Gives up what is not sealed. */
  discard(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file.fd);
    rmSync(this.#file.path, { force: true });
    this.#file = undefined;
  }

  #few(): { digest: RawDigest; bytes: Buffer }[] {
    return [...this.#frames.entries()].map(({ digest, offset, length }) => ({
      digest,
      bytes: this.#block.subarray(offset, offset + length),
    }));
  }

  #flush(): void {
    if (this.#used > 0) this.#write(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }

  #write(bytes: Buffer): void {
    const { fd } = this.#open();
    writeFully(fd, bytes);
    this.#written += bytes.length;
  }

  #open(): { readonly path: string; readonly fd: number } {
    if (this.#file !== undefined) return this.#file;
    makeFolder(this.#layout.tmp, this.#layout);
    const path = join(this.#layout.tmp, `${ownedName(this.#owner)}.pack`);
    this.#file = { path, fd: openSync(path, 'wx', 0o600) };
    return this.#file;
  }
}

/** A finished pack, open, that lies where nothing counts yet. */
export interface FinishedPack {
  readonly fd: number;
  readonly path: string;
  readonly name: Digest;
}

/** Makes a finished pack durable and puts it where it counts. Closes `fd`; leaves nothing behind when it fails. */
export function placePack(layout: StoreLayout, { fd, path, name }: FinishedPack): void {
  try {
    try {
      fchmodSync(fd, 0o444);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    makeFolder(layout.packs, layout);
    renameSync(path, layout.pack(name));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  // What was wrong with a pack of this name, which held the same objects, is no more.
  rmSync(layout.bad(name), { force: true });
  syncFolder(layout.packs);
}

/**
 * Seals what a killed process had written of a pack, up to the first frame that is not whole. Of two processes that
 * try, one gets it.
 */
export function recoverPack(
  layout: StoreLayout,
  file: string,
  { blake3, owner }: { blake3: Blake3; owner: Owner },
): void {
  const path = join(layout.tmp, `${ownedName(owner)}.pack`);
  try {
    renameSync(join(layout.tmp, file), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const stat = lstatSync(path);
  const isPack = stat.isFile() && stat.size <= LARGEST_PACK;
  const { frames, end } = scanFrames(isPack ? readFileSync(path) : Buffer.alloc(0), blake3);
  if (frames.length === 0) {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  const table = tableOf(mapOf(frames), end);
  // The process may have been killed when the pack was read-only already.
  chmodSync(path, 0o600);
  const fd = openSync(path, 'r+');
  try {
    ftruncateSync(fd, end);
    writeFully(fd, table, end);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  placePack(layout, { fd, path, name: blake3.hash(table) });
}

function mapOf(frames: readonly Frame[]): DigestMap {
  const map = new DigestMap();
  for (const { digest, offset, length } of frames) map.add(digest, 0, { pack: 0, offset, length });
  return map;
}

/** Writes bytes at a place of an open file, or where it stands. */
export function writeFully(fd: number, bytes: Buffer, at?: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, at === undefined ? undefined : at + done);
  }
}
