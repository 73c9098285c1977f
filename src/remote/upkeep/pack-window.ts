import { FOOTER, FRAME_HEAD, PACK_HEADER, ROW, footerOf } from '../../store/pack.ts';
import type { Place } from '../../store/place/place.ts';
import { PIECE } from '../read-object.ts';

/** Reads a file of a place here and there, mostly forwards; some MiB of it are held. */
export class PackWindow {
  readonly #place: Pick<Place, 'read'>;
  readonly #key: string;
  /** Bytes of the file. */
  readonly size: number;
  #held: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(place: Pick<Place, 'read'>, { key, size }: { readonly key: string; readonly size: number }) {
    this.#place = place;
    this.#key = key;
    this.size = size;
  }

  /** So many bytes from `offset` on; `undefined` where there are not so many. */
  async read(offset: number, length: number): Promise<Buffer | undefined> {
    if (offset + length > this.size) return undefined;
    if (offset < this.#start || offset + length > this.#start + this.#held.length) {
      const wanted = Math.min(Math.max(PIECE, length), this.size - offset);
      this.#held = (await this.#place.read(this.#key, { offset, length: wanted })) ?? Buffer.alloc(0);
      this.#start = offset;
    }
    const own = this.#held.subarray(offset - this.#start, offset - this.#start + length);
    return own.length === length ? own : undefined;
  }
}

/** Where the table of a pack seems to begin, and what it seems to say: it does not fit the name of the pack. */
export interface TableHint {
  readonly end: number;
  /** Rows that make sense, by where their frames begin; in this order. */
  readonly rows: ReadonlyMap<number, Buffer>;
}

/** No larger table is looked at. */
const LARGEST_TABLE = 64 << 20;

/** Where the first object of every pack begins. */
const FIRST_OFFSET = PACK_HEADER.length + FRAME_HEAD;

/** What the end of a pack tells of its objects, although something of it is wrong; `undefined` where it makes no sense. */
export async function hintOf(window: PackWindow): Promise<TableHint | undefined> {
  const { size } = window;
  const footer = await window.read(size - FOOTER, FOOTER);
  if (footer === undefined || size < FIRST_OFFSET + FOOTER) return undefined;
  // Either of its two numbers says where the table begins.
  const ends = new Set([size - FOOTER - footer.readUInt32LE(16) * ROW, footer.readUInt32LE(20)]);
  let best: { readonly hint: TableHint; readonly score: number } | undefined;
  for (const end of ends) {
    const length = size - FOOTER - end;
    if (end < FIRST_OFFSET || length < ROW || length % ROW !== 0 || length > LARGEST_TABLE) continue;
    const rows = await window.read(end, length);
    const hint = rows && { end, rows: saneRows(rows, end) };
    const score =
      hint === undefined ? 0 : hint.rows.size / (length / ROW) + (hint.rows.has(PACK_HEADER.length) ? 1 : 0);
    if (hint !== undefined && score >= (best?.score ?? 0.5)) best = { hint, score };
  }
  return best?.hint;
}

function saneRows(rows: Buffer, end: number): Map<number, Buffer> {
  const found: [number, Buffer][] = [];
  for (let at = 0; at < rows.length; at += ROW) {
    const offset = rows.readUInt32LE(at + 32);
    if (offset < FIRST_OFFSET || offset + rows.readUInt32LE(at + 36) > end) continue;
    found.push([offset - FRAME_HEAD, rows.subarray(at, at + ROW)]);
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

/**
 * Whether a table might begin here, by how much follows and where it says that the first object begins.
 * @param bytes the pack from here on, {@link ROW} bytes at least
 */
export function mayBeTable(bytes: Buffer, { at, size }: { readonly at: number; readonly size: number }): boolean {
  const length = size - at - FOOTER;
  // A pack may hold nothing: then only the footer follows.
  if (length === 0) return bytes.subarray(0, FOOTER).equals(footerOf(0, at));
  return length > 0 && length % ROW === 0 && bytes.length >= ROW && bytes.readUInt32LE(32) === FIRST_OFFSET;
}
