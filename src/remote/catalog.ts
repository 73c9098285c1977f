import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { Place, PlaceEntry } from '../store/place/place.ts';
import { byteLimit } from './byte-limit.ts';
import { PackedRows } from './packed-rows.ts';
import { PIECE, listAll, readWhole } from './read-object.ts';
import { KEYS, packKey, packOfKey, tablesOfKey } from './remote-layout.ts';
import type { TableCache } from './table-cache.ts';
import type { PackTable } from './tables.ts';
import { TABLES_START, decodeTables, encodeTables, encodedSize, fitsHeads, headsSize, packSize, tableInTail } from './tables.ts'; // prettier-ignore

/** The packs of a remote at one moment, and what lies in them, as their tables say: bytes are checked when they are read. */
export interface Catalog {
  /** What lies in the packs that are whole, by their sizes. */
  readonly rows: PackedRows;
  /** All packs that are listed, with their bytes. */
  readonly listed: ReadonlyMap<Digest, number>;
  /** Packs that are listed and do not count: they are cut off, or their table is not right. */
  readonly broken: ReadonlySet<Digest>;
  /** The files of tables. */
  readonly tableFiles: readonly TableFile[];
  /** Packs that are in no file of tables. */
  readonly unlisted: readonly Digest[];
}

/** A file of tables in a remote. */
export interface TableFile {
  readonly name: Digest;
  readonly size: number;
  /** Packs that it has right tables of. */
  readonly packs: readonly Digest[];
}

export interface CatalogOptions {
  readonly blake3: Blake3;
  readonly cache: TableCache;
  /** The table of a pack that is at hand: packs of the same name are the same. */
  readonly local: (name: Digest) => PackTable | undefined;
}

/** What of a pack is read where the length of its table is not known: a thousand rows and more. */
const TAIL = 64 << 10;

/** No file of tables is larger. */
const LARGEST_TABLES = 1 << 30;

/** Files of tables that are read at once; a larger one is read alone. */
const TABLES_AT_ONCE = { tasks: 8, bytes: 64 << 20 };

/** Looks at what packs a remote has: two lists, and what is not remembered of the tables. */
export async function openCatalog(place: Place, options: CatalogOptions): Promise<Catalog> {
  const [packs, files] = await Promise.all([listAll(place, KEYS.packs), listAll(place, KEYS.tables)]);
  const listed = new Map(packs.flatMap((entry): [Digest, number][] => withName(packOfKey(entry.key), entry)));
  const tables = new Map<Digest, PackTable>();
  const take = (table: PackTable): void => {
    if ((listed.get(table.name) ?? -1) >= packSize(table)) tables.set(table.name, table);
  };
  const tableFiles = await readTableFiles(place, { files, take }, options);
  const inFiles = new Set(tables.keys());
  for (const name of listed.keys()) {
    const table = tables.has(name) ? undefined : options.local(name);
    if (table !== undefined) take(table);
  }
  await readTails(place, { listed, tables, take }, options);
  const names = [...listed.keys()];
  return {
    rows: new PackedRows([...tables.values()]),
    listed,
    broken: new Set(names.filter((name) => !tables.has(name))),
    tableFiles,
    unlisted: names.filter((name) => tables.has(name) && !inFiles.has(name)),
  };
}

function withName(name: Digest | undefined, { size }: PlaceEntry): [Digest, number][] {
  return name === undefined ? [] : [[name, size]];
}

/** Reads files of tables: few at once, and none as a whole that is not what it should be by its beginning. */
async function readTableFiles(
  place: Place,
  { files, take }: { readonly files: readonly PlaceEntry[]; readonly take: (table: PackTable) => void },
  { cache, blake3 }: CatalogOptions,
): Promise<TableFile[]> {
  const named = files.flatMap((entry) => {
    const name = tablesOfKey(entry.key);
    return name === undefined || entry.size > LARGEST_TABLES ? [] : [{ ...entry, name }];
  });
  const limit = byteLimit(TABLES_AT_ONCE);
  const read = async ({ key, name, size }: PlaceEntry & { readonly name: Digest }): Promise<TableFile> => {
    const known = cache.read(name);
    const isKnown = known?.length === size;
    const bytes = isKnown ? known : await readTables(place, key, size);
    const tables = bytes === undefined ? [] : decodeTables(bytes, blake3);
    // What is not right is not remembered, and does not keep the rest of its file in memory.
    const isRight = bytes !== undefined && encodedSize(tables) === size;
    if (isRight && !isKnown) cache.write(name, [bytes]);
    for (const table of tables) take(isRight ? table : { ...table, rows: Buffer.from(table.rows) });
    return { name, size, packs: tables.map((table) => table.name) };
  };
  const found = await Promise.all(named.map((entry) => limit(entry.size, () => read(entry))));
  cache.keep(named.map(({ name }) => name));
  return found;
}

/** The bytes of a file of tables; `undefined` where its beginning does not fit its size. */
async function readTables(place: Place, key: string, size: number): Promise<Buffer | undefined> {
  if (size > PIECE) {
    const start = await place.read(key, { offset: 0, length: TABLES_START });
    const length = start && headsSize(start, size);
    const heads = length === undefined ? undefined : await readWhole(place, key, length);
    if (heads === undefined || !fitsHeads(heads, size)) return undefined;
  }
  return readWhole(place, key, size);
}

interface Known {
  readonly listed: ReadonlyMap<Digest, number>;
  readonly tables: ReadonlyMap<Digest, PackTable>;
  readonly take: (table: PackTable) => void;
}

/** Packs that were put there since the files of tables were written: their own ends say what they hold. */
async function readTails(place: Place, { listed, tables, take }: Known, options: CatalogOptions): Promise<void> {
  const { cache, blake3 } = options;
  const wanted = (): [Digest, number][] => [...listed].filter(([name]) => !tables.has(name));
  if (wanted().length === 0) return;
  const remembered = decodeTables(cache.read('tails') ?? Buffer.alloc(0), blake3);
  for (const table of remembered) if (!tables.has(table.name)) take(table);
  const read = await Promise.all(wanted().map(([name, size]) => readTail(place, { name, size }, blake3)));
  const found = read.filter((table) => table !== undefined);
  found.forEach(take);
  if (found.length === 0) return;
  const kept = [...remembered, ...found].filter(({ name }) => listed.has(name));
  cache.write('tails', encodeTables(kept));
}

/** The table at the end of a pack, read from a remote; `undefined` when it is not there or not right. */
async function readTail(
  place: Place,
  pack: { readonly name: Digest; readonly size: number },
  blake3: Blake3,
): Promise<PackTable | undefined> {
  const key = packKey(pack.name);
  const tail = await place.read(key, { last: TAIL });
  const found = tail === undefined ? undefined : tableInTail(tail, pack, blake3);
  if (tail === undefined || typeof found !== 'number') return found as PackTable | undefined;
  const missing = found - tail.length;
  const before = await place.read(key, { offset: pack.size - found, length: missing });
  if (before?.length !== missing) return undefined;
  return tableInTail(Buffer.concat([before, tail]), pack, blake3) as PackTable | undefined;
}
