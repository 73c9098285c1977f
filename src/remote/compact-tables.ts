import type { Digest } from '../kit/digest.ts';
import type { Catalog } from './catalog.ts';
import { ifDenied } from './denied.ts';
import { removeForgotten } from './left-leases.ts';
import type { Remote } from './remote.ts';
import { tablesKey } from './remote-layout.ts';
import type { PackTable } from './tables.ts';
import { encodeTables } from './tables.ts';

/** A remote with more packs than this in no file of tables gets a new file. */
const MOST_UNLISTED = 16;

/** A remote with more files of tables than this gets one for several of them. */
const MOST_FILES = 8;

/** Files of tables that a new one does not replace, however many there are. */
const KEPT_FILES = 4;

/**
 * Writes one file of tables for many packs, when there are many, so that whoever reads a remote need not ask each pack:
 * for those that are in none, and for those of small files, which it then removes. Each table is written again
 * some few times only, however many pushes there are. Leases that nobody has use for go with them.
 * @param added packs that were written since the remote was looked at
 * @returns whether a file was written
 */
export async function compactTables(remote: Remote, catalog: Catalog, added: readonly PackTable[]): Promise<boolean> {
  const { rows, unlisted, tableFiles } = catalog;
  if (unlisted.length + added.length <= MOST_UNLISTED && tableFiles.length <= MOST_FILES) return false;
  const known = new Map<Digest, PackTable>(added.map((table) => [table.name, table]));
  for (const [at, pack] of rows.packs.entries()) known.set(pack.name, { ...pack, rows: rows.rowsOf(at) });
  const names = new Set<Digest>([...unlisted, ...added.map(({ name }) => name)]);
  const sizeOf = (name: Digest): number => known.get(name)?.rows.length ?? 0;
  let size = [...names].reduce((sum, name) => sum + sizeOf(name), 0);
  const files = tableFiles.toSorted((a, b) => a.size - b.size);
  const replaced: Digest[] = [];
  for (const [at, file] of files.entries()) {
    if (file.size > 2 * size && files.length - at <= KEPT_FILES) break;
    replaced.push(file.name);
    size += file.size;
    // Of packs that are gone nothing is kept.
    for (const name of file.packs) if (known.has(name)) names.add(name);
  }
  const tables = [...names].sort().flatMap((name) => known.get(name) ?? []);
  const pieces = encodeTables(tables);
  const hasher = remote.blake3.hasher();
  for (const piece of pieces) hasher.update(piece);
  const name = hasher.digest();
  await remote.place.write(tablesKey(name), pieces, { ifAbsent: true });
  // Who may not remove anything leaves what is superfluous to others.
  await remote.place.remove(replaced.filter((each) => each !== name).map(tablesKey)).catch(ifDenied);
  remote.cache.write(name, pieces);
  await removeForgotten(remote.place);
  return true;
}
