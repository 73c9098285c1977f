import { closeSync, fstatSync } from 'node:fs';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { openPack, readAt } from './pack-file.ts';
import type { Frame } from './pack.ts';
import { FOOTER, FRAME_HEAD, PACK_HEADER, readTable, tablePlace, tableRows } from './pack.ts';

/** Larger objects are hashed piece by piece. */
const PIECE = 1 << 20;

/** What was found when every byte of a pack was looked at. */
export interface CheckedPack {
  /** Objects whose bytes are right. */
  readonly good: readonly Frame[];
  /** Objects whose bytes are wrong. */
  readonly bad: readonly Frame[];
  /** Whether the table is not the one that the name stands for. */
  readonly isTableDamaged: boolean;
  /** Whether bytes are wrong that belong neither to an object nor to the table. */
  readonly isFrameDamaged: boolean;
}

/**
 * Checks every byte of a pack. Where the table is damaged, objects are found by their frames, and by what is right of
 * the table. `undefined` when the file has gone.
 */
export function checkPack(path: string, name: Digest, blake3: Blake3): CheckedPack | undefined {
  const fd = openPack(path);
  if (fd === undefined) return undefined;
  try {
    const { size } = fstatSync(fd);
    const hasHeader = readAt(fd, 0, PACK_HEADER.length).equals(PACK_HEADER);
    const place = size < FOOTER ? undefined : tablePlace(readAt(fd, size - FOOTER, FOOTER), size);
    const table = place === undefined ? undefined : readAt(fd, place.offset, place.length);
    const rows = table === undefined ? undefined : readTable(table, name, blake3);
    const pack = { fd, size, blake3 };
    if (rows === undefined || place === undefined) {
      const hints = table === undefined ? undefined : tableRows(table);
      return { ...salvage(pack, hints ?? []), isTableDamaged: true, isFrameDamaged: !hasHeader };
    }
    return { ...checkRows(pack, rows, place.offset), isTableDamaged: false, ...(hasHeader ? {} : NOT_WHOLE) };
  } finally {
    closeSync(fd);
  }
}

const NOT_WHOLE = { isFrameDamaged: true } as const;

interface OpenPack {
  readonly fd: number;
  readonly size: number;
  readonly blake3: Blake3;
}

/** Checks what a table that can be trusted names, and that frames lie without a gap up to the table. */
function checkRows(
  pack: OpenPack,
  rows: readonly Frame[],
  end: number,
): Pick<CheckedPack, 'good' | 'bad' | 'isFrameDamaged'> {
  const [good, bad]: [Frame[], Frame[]] = [[], []];
  let isFrameDamaged = false;
  let at = PACK_HEADER.length;
  for (const row of rows.toSorted((a, b) => a.offset - b.offset)) {
    (isRight(pack, row) ? good : bad).push(row);
    const head = readAt(pack.fd, row.offset - FRAME_HEAD, FRAME_HEAD);
    if (row.offset !== at + FRAME_HEAD || !isHeadOf(head, row)) isFrameDamaged = true;
    at = row.offset + row.length;
  }
  return { good, bad, isFrameDamaged: isFrameDamaged || at !== end };
}

function isHeadOf(head: Buffer, { digest, length }: Frame): boolean {
  return head.length === FRAME_HEAD && head.readUInt32LE(0) === length && head.subarray(4).equals(digest);
}

/** Finds objects without a table that can be trusted. Frames behind a damaged one count if they are right. */
function salvage(pack: OpenPack, hints: readonly Frame[]): Pick<CheckedPack, 'good' | 'bad'> {
  const good = new Map<string, Frame>();
  const bad = new Map<string, Frame>();
  let doubtful: Frame[] = [];
  for (const frame of framesOf(pack)) {
    if (!isRight(pack, frame)) {
      // Perhaps no frame at all, but the table.
      doubtful.push(frame);
      continue;
    }
    good.set(frame.digest.toString('hex'), frame);
    for (const each of doubtful) bad.set(each.digest.toString('hex'), each);
    doubtful = [];
  }
  for (const hint of hints) {
    const key = hint.digest.toString('hex');
    if (!good.has(key) && isRight(pack, hint)) good.set(key, hint);
  }
  for (const key of good.keys()) bad.delete(key);
  return { good: [...good.values()], bad: [...bad.values()] };
}

function* framesOf({ fd, size }: OpenPack): Generator<Frame> {
  for (let at = PACK_HEADER.length; at + FRAME_HEAD <= size;) {
    const head = readAt(fd, at, FRAME_HEAD);
    const length = head.readUInt32LE(0);
    const offset = at + FRAME_HEAD;
    if (offset + length > size) return;
    yield { digest: head.subarray(4), offset, length };
    at = offset + length;
  }
}

function isRight({ fd, blake3, size }: OpenPack, { digest, offset, length }: Frame): boolean {
  return offset + length <= size && digestAt(fd, { offset, length }, blake3).equals(digest);
}

function digestAt(fd: number, { offset, length }: Omit<Frame, 'digest'>, blake3: Blake3): RawDigest {
  if (length <= PIECE) return blake3.raw(readAt(fd, offset, length));
  const hasher = blake3.hasher();
  for (let at = 0; at < length; at += PIECE) hasher.update(readAt(fd, offset + at, Math.min(PIECE, length - at)));
  return rawOfDigest(hasher.digest());
}
