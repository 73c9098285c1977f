import { listAll } from '../read-object.ts';
import type { Catalog } from '../catalog.ts';
import type { Remote } from '../remote.ts';
import { KEYS, tablesKey, tablesOfKey } from '../remote-layout.ts';
import { encodeTables } from '../tables.ts';
import type { Digest } from '../../kit/digest.ts';

/** What a remote's files of tables are, beside what they should be. */
export interface TablesPlan {
  /** The one file that lists all packs; `undefined` where there are none. */
  readonly name: Digest | undefined;
  readonly pieces: readonly Buffer[];
  /** Whether it has to be written: it is not there, or is damaged. */
  readonly isMissing: boolean;
  /** Keys of files that list nothing but what it does. */
  readonly superfluous: readonly string[];
  /** Keys of files whose bytes are not those that their names stand for. */
  readonly damaged: readonly string[];
}

/** Looks at the files of tables, every byte of them, and at what one file of all would be. */
export async function planTables(remote: Remote, { rows }: Pick<Catalog, 'rows'>): Promise<TablesPlan> {
  const { place, blake3 } = remote;
  const sorted = [...rows.packs.entries()].sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
  const pieces = encodeTables(sorted.map(([at, pack]) => ({ ...pack, rows: rows.rowsOf(at) })));
  const hasher = blake3.hasher();
  for (const piece of pieces) hasher.update(piece);
  const name = sorted.length === 0 ? undefined : hasher.digest();
  const files = (await listAll(place, KEYS.tables)).filter(({ key }) => tablesOfKey(key) !== undefined);
  const damaged: string[] = [];
  for (const { key, size } of files) if (!(await isRight(remote, key, size))) damaged.push(key);
  const own = name && tablesKey(name);
  const isThere = own !== undefined && files.some(({ key }) => key === own) && !damaged.includes(own);
  return {
    name,
    pieces,
    isMissing: own !== undefined && !isThere,
    superfluous: files.map(({ key }) => key).filter((key) => key !== own),
    damaged,
  };
}

/** No more of a file of tables is held at once. */
const PIECE = 8 << 20;

async function isRight({ place, blake3, limit }: Remote, key: string, size: number): Promise<boolean> {
  const hasher = blake3.hasher();
  for (let offset = 0; offset < size; offset += PIECE) {
    const length = Math.min(PIECE, size - offset);
    const bytes = await limit(length, () => place.read(key, { offset, length }));
    if (bytes?.length !== length) return false;
    hasher.update(bytes);
  }
  return hasher.digest() === tablesOfKey(key);
}

/**
 * Writes one file of tables for all packs of a remote, and removes the others. What is pushed meanwhile is in none, or in a
 * file of its own.
 */
export async function rewriteTables(remote: Remote): Promise<void> {
  const catalog = await remote.look();
  await writeTables(remote, await planTables(remote, catalog));
}

/** Does what was planned. */
async function writeTables(remote: Remote, plan: TablesPlan): Promise<void> {
  const { name, pieces, isMissing, superfluous } = plan;
  if (name !== undefined && isMissing) {
    await remote.place.write(tablesKey(name), pieces);
    remote.cache.write(name, [...pieces]);
  }
  await remote.place.remove(superfluous);
}
