import { checkAborted } from '../../kit/abort.ts';
import type { Digest } from '../../kit/digest.ts';
import type { Catalog } from '../catalog.ts';
import type { ObjectSet } from '../object-set.ts';
import { ObjectSet as Objects } from '../object-set.ts';
import { PackPlanner, packImage } from '../pack-image.ts';
import { piecesOf } from '../pack-pieces.ts';
import { PIECE } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { packKey } from '../remote-layout.ts';
import type { PackTable } from '../tables.ts';

/** Bytes between two objects that are rather read than asked past. */
const GAP = 128 << 10;

/** What became of packs. */
export interface RewrittenPacks {
  /** Packs of which everything that is needed lies in new packs now. */
  readonly replaced: readonly Digest[];
  /** Packs that stay as they are, since they hold wrong bytes of something that is needed. */
  readonly damaged: readonly Digest[];
}

/**
 * Packs what is needed of some packs anew; each object is checked. The new packs are there when this has ended; the old
 * ones are left where they are.
 * @param packs their numbers in the catalog
 * @param onProgress told how many packs are done, of how many
 */
export async function rewritePacks(
  remote: Remote,
  { rows }: Pick<Catalog, 'rows'>,
  {
    packs,
    needed,
    onProgress,
  }: {
    readonly packs: readonly number[];
    readonly needed: ObjectSet;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<RewrittenPacks> {
  const writer = new PackAnew(remote);
  const replaced: Digest[] = [];
  const damaged: Digest[] = [];
  for (const [done, pack] of packs.entries()) {
    checkAborted(remote.signal);
    onProgress?.(done, packs.length);
    const { name } = rows.packs[pack] as { readonly name: Digest };
    let isRight = true;
    const isWanted = (own: Buffer, at: number): boolean => needed.has(own, at) && !writer.has(own, at);
    for (const piece of piecesOf(rows.rowsOf(pack), { isWanted, gap: GAP, most: PIECE })) {
      const bytes = await remote.place.read(packKey(name), { offset: piece.offset, length: piece.length });
      for (const { digest, offset, length } of piece.objects) {
        const at = offset - piece.offset;
        const own = bytes?.subarray(at, at + length);
        if (own?.length === length && remote.blake3.raw(own).equals(digest)) await writer.add(digest, own);
        else isRight = false;
      }
    }
    (isRight ? replaced : damaged).push(name);
  }
  await writer.end();
  // One that comes out under its own name holds just what is needed.
  return { replaced: replaced.filter((name) => !writer.names.has(name)), damaged };
}

/** Writes new packs of objects, one after another. */
export class PackAnew {
  readonly #remote: Remote;
  readonly #planner: PackPlanner;
  readonly #all = new Objects();
  #held = new Map<string, Buffer>();
  /** The packs that were written. */
  readonly tables: PackTable[] = [];
  readonly names = new Set<Digest>();

  constructor(remote: Remote) {
    this.#remote = remote;
    this.#planner = new PackPlanner(remote.blake3);
  }

  has(digest: Buffer, at = 0): boolean {
    return this.#all.has(digest, at);
  }

  /** Adds an object whose bytes were checked; it is there when {@link end} has ended. */
  async add(digest: Buffer, bytes: Buffer): Promise<void> {
    if (!this.#all.add(digest, 0, { size: bytes.length })) return;
    this.#held.set(digest.toString('hex'), Buffer.from(bytes));
    await this.#write(this.#planner.add(digest, bytes.length));
  }

  async end(): Promise<void> {
    await this.#write(this.#planner.end());
  }

  async #write(table: PackTable | undefined): Promise<void> {
    if (table === undefined) return;
    const image = packImage(table, (digest) => this.#held.get(digest.toString('hex')));
    this.#held = new Map();
    if (!('pack' in image)) throw new Error('a pack was planned of objects that are not held');
    await this.#remote.place.write(packKey(table.name), [image.pack]);
    this.tables.push(table);
    this.names.add(table.name);
  }
}
