import type { RawDigest } from '../kit/digest.ts';

/** What a line of a tree refers to: a file or link, or something that lists more. */
export type ReferenceKind = 'file' | 'list';

/** Told of each object that a tree refers to; the digest is valid until the call returns. */
export type OnReference = (digest: RawDigest, kind: ReferenceKind, size: number) => void;

const TREE = Buffer.from('pipe.tree/1\n', 'latin1');
const BRANCH = Buffer.from('pipe.branch/1\n', 'latin1');

const LINE_END = 10;
const SPACE = 32;
const ZERO = 48;
const COLON = 58;
const FOLDER = 'd'.charCodeAt(0);
const FILES = ['f', 'x', 'l'].map((letter) => letter.charCodeAt(0));
const B = 'b'.charCodeAt(0);

/** No size has more digits (2 to the power of 53 has sixteen). */
const MOST_DIGITS = 16;

/** The value of each hex digit, by its code; -1 for all else. */
const HEX = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value += 1) HEX[value.toString(16).charCodeAt(0)] = value;

/**
 * The objects that a tree, or a branch over trees, refers to (docs/formats.md, `pipe.tree/1`), without reading names:
 * whoever asks what is needed by the hundred thousand asks here, whoever writes files asks `openPart`.
 * @returns `false` when it is neither, which is found out on the way
 */
export function eachReference(bytes: Buffer, onReference: OnReference): boolean {
  const isTree = startsWith(bytes, TREE);
  if (!isTree && !startsWith(bytes, BRANCH)) return false;
  const line = new Line(bytes, isTree ? TREE.length : BRANCH.length);
  while (line.at < bytes.length) {
    const kind = isTree ? line.letter() : 'list';
    const size = line.number();
    if (kind === undefined || size === undefined) return false;
    if (kind === 'list' && line.number() === undefined) return false;
    if (!line.digest() || !line.skip()) return false;
    onReference(line.raw, kind, size);
  }
  return true;
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.length >= start.length && bytes.compare(start, 0, start.length, 0, start.length) === 0;
}

/** Reads the fields of lines, one after another. */
class Line {
  readonly raw: RawDigest = Buffer.alloc(32);
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** What kind of entry a line tells of. */
  letter(): ReferenceKind | undefined {
    const letter = this.#bytes[this.at] ?? 0;
    if (this.#bytes[this.at + 1] !== SPACE) return undefined;
    this.at += 2;
    if (letter === FOLDER) return 'list';
    return FILES.includes(letter) ? 'file' : undefined;
  }

  /** A number and the space behind it. */
  number(): number | undefined {
    let value = 0;
    for (let digits = 0; digits <= MOST_DIGITS; digits += 1) {
      const code = this.#bytes[this.at + digits] ?? 0;
      if (code === SPACE && digits > 0) {
        this.at += digits + 1;
        return Number.isSafeInteger(value) ? value : undefined;
      }
      if (code < ZERO || code >= COLON) return undefined;
      value = value * 10 + (code - ZERO);
    }
    return undefined;
  }

  /** A digest and the space behind it. */
  digest(): boolean {
    const bytes = this.#bytes;
    let { at } = this;
    if (bytes[at] !== B || bytes[at + 1] !== ZERO + 3 || bytes[at + 2] !== COLON || bytes[at + 67] !== SPACE)
      return false;
    at += 3;
    for (let byte = 0; byte < 32; byte += 1, at += 2) {
      const value = ((HEX[bytes[at] as number] as number) << 4) | (HEX[bytes[at + 1] as number] as number);
      if (value < 0) return false;
      this.raw[byte] = value;
    }
    this.at = at + 1;
    return true;
  }

  /** The rest of a line, which is its name. */
  skip(): boolean {
    const end = this.#bytes.indexOf(LINE_END, this.at);
    if (end <= this.at) return false;
    this.at = end + 1;
    return true;
  }
}
