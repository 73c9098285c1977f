import type { Digest, RawDigest } from '../../kit/digest.ts';
import { FOOTER, FRAME_HEAD, PACK_HEADER, ROW } from '../../store/pack.ts';
import type { Remote } from '../remote.ts';
import { LARGEST_PACKED, packKey } from '../remote-layout.ts';
import type { TableHint } from './pack-window.ts';
import { PackWindow, hintOf, mayBeTable } from './pack-window.ts';

/** An object that a pack's frames tell of. */
export interface ScannedFrame {
  readonly digest: RawDigest;
  readonly length: number;
  /** Its bytes, which are right; `undefined` when they are not. */
  readonly bytes: Buffer | undefined;
}

/** Objects of a pack are smaller as a rule; of larger ones somebody else's frames tell, or harmed ones: they count as wrong. */
const LARGEST = 64 << 20;

/** What is looked through at once for where a frame begins. */
const SEARCHED = 16 << 20;

/** Frames with wrong bytes, one behind the other, that are followed by what they say of their lengths. */
const MOST_WRONG = 4096;

/** What a candidate costs beside the bytes that are hashed. */
const COST = 64;

/**
 * Reads the frames of a pack of a remote, one after another, where its table cannot be had. Behind what came to harm it
 * goes on with the next frame that can be found: by the length of the one before, by what is left of the table, or by
 * trying each place. What is held is bounded, whatever the size of the pack, and so is what is tried.
 * @param use is given each object, right or wrong
 * @returns bytes before the table of which it is not known what they were
 */
export async function scanPack(
  remote: Pick<Remote, 'place' | 'blake3'>,
  { name, size }: { readonly name: Digest; readonly size: number },
  use: (frame: ScannedFrame) => Promise<void> | void,
): Promise<number> {
  const window = new PackWindow(remote.place, { key: packKey(name), size });
  const scan = new Scan(window, await hintOf(window), remote.blake3);
  let unknown = 0;
  for (let at = PACK_HEADER.length; at < scan.end;) {
    const frame = await scan.frameAt(at);
    if (frame !== undefined) {
      await use(frame);
      at += FRAME_HEAD + frame.length;
      continue;
    }
    if (await scan.isEnd(at)) break;
    const { next, wrong } = await scan.behind(at);
    for (const each of wrong) await use(each);
    if (wrong.length === 0) unknown += next - at;
    at = next;
  }
  return unknown;
}

/** Where it goes on behind what came to harm. */
interface Behind {
  readonly next: number;
  /** The objects in between; none where nobody knows what was there. */
  readonly wrong: readonly ScannedFrame[];
}

class Scan {
  readonly #window: PackWindow;
  readonly #hint: TableHint | undefined;
  readonly #blake3: Remote['blake3'];
  /** Where the frames end; that of the file where it is not known. */
  readonly end: number;
  /** Bytes that may be hashed in vain: somebody may have made a pack to keep us busy. */
  #budget: number;

  constructor(window: PackWindow, hint: TableHint | undefined, blake3: Remote['blake3']) {
    this.#window = window;
    this.#hint = hint;
    this.#blake3 = blake3;
    this.end = hint?.end ?? window.size;
    this.#budget = 4 * window.size + (64 << 20);
  }

  /** The right object whose frame begins here. */
  async frameAt(at: number): Promise<ScannedFrame | undefined> {
    const head = await this.#headAt(at);
    if (head === undefined || head.length > LARGEST || this.#budget < 0) return undefined;
    const bytes = await this.#window.read(at + FRAME_HEAD, head.length);
    if (bytes !== undefined && this.#blake3.raw(bytes).equals(head.digest)) return { ...head, bytes };
    this.#budget -= head.length + COST;
    return undefined;
  }

  /** What the head of a frame says, if it fits before the end. */
  async #headAt(at: number): Promise<Omit<ScannedFrame, 'bytes'> | undefined> {
    const head = at + FRAME_HEAD > this.end ? undefined : await this.#window.read(at, FRAME_HEAD);
    const length = head?.readUInt32LE(0) ?? 0;
    if (head === undefined || at + FRAME_HEAD + length > this.end) return undefined;
    return { length, digest: Buffer.from(head.subarray(4)) };
  }

  /** Whether the frames end here. */
  async isEnd(at: number): Promise<boolean> {
    if (at >= this.end) return at === this.end;
    if (this.#hint !== undefined) return false;
    const { size } = this.#window;
    const bytes = await this.#window.read(at, Math.min(Math.max(ROW, FOOTER), size - at));
    return bytes !== undefined && mayBeTable(bytes, { at, size });
  }

  /** What is behind a frame that is not right. */
  async behind(at: number): Promise<Behind> {
    return (await this.#byLengths(at)) ?? (await this.#byTable(at)) ?? this.#bySearch(at);
  }

  /** Goes by what the frames say of their lengths, until one is right. */
  async #byLengths(from: number): Promise<Behind | undefined> {
    const wrong: ScannedFrame[] = [];
    for (let at = from; wrong.length < MOST_WRONG;) {
      const head = await this.#headAt(at);
      if (head === undefined) return undefined;
      const { digest = head.digest } = this.#rowAt(at) ?? {};
      wrong.push({ digest, length: head.length, bytes: undefined });
      at += FRAME_HEAD + head.length;
      if ((await this.isEnd(at)) || (await this.frameAt(at)) !== undefined) return { next: at, wrong };
    }
    return undefined;
  }

  /** Goes by what is left of the table, which may be wrong itself. */
  async #byTable(from: number): Promise<Behind | undefined> {
    const wrong: ScannedFrame[] = [];
    let expected = from;
    for (let row = this.#rowAt(from); row !== undefined; row = this.#rowAt(expected)) {
      wrong.push({ ...row, bytes: undefined });
      expected += FRAME_HEAD + row.length;
      if ((await this.isEnd(expected)) || (await this.frameAt(expected)) !== undefined)
        return { next: expected, wrong };
    }
    for (const at of this.#hint?.rows.keys() ?? []) {
      if (at > from && (await this.frameAt(at)) !== undefined) return { next: at, wrong: [] };
    }
    return undefined;
  }

  #rowAt(at: number): Omit<ScannedFrame, 'bytes'> | undefined {
    const row = this.#hint?.rows.get(at);
    return row && { digest: row.subarray(0, 32), length: row.readUInt32LE(36) };
  }

  /** Tries each place. */
  async #bySearch(from: number): Promise<Behind> {
    const { size } = this.#window;
    for (let start = from + 1; start + FRAME_HEAD <= this.end;) {
      const bytes = await this.#window.read(start, Math.min(SEARCHED, size - start));
      if (bytes === undefined) break;
      const isRest = start + bytes.length === size;
      // What begins behind these is looked at with what follows.
      const tried = isRest ? this.end - start - FRAME_HEAD + 1 : bytes.length - LARGEST_PACKED - 2 * FRAME_HEAD - ROW;
      const found = this.#findIn(bytes, { start, tried });
      if (found !== undefined) return { next: start + found, wrong: [] };
      start += tried;
    }
    return { next: this.end, wrong: [] };
  }

  #findIn(bytes: Buffer, { start, tried }: { readonly start: number; readonly tried: number }): number | undefined {
    for (let at = 0; at < tried && this.#budget >= 0; at += 1) {
      const length = bytes.readUInt32LE(at);
      const next = at + FRAME_HEAD + length;
      if (length > LARGEST_PACKED || !this.#mayFollow(bytes, { start, next })) continue;
      this.#budget -= length + COST;
      const digest = bytes.subarray(at + 4, at + FRAME_HEAD);
      if (this.#blake3.raw(bytes.subarray(at + FRAME_HEAD, next)).equals(digest)) return at;
    }
    return undefined;
  }

  /** Whether a frame could begin there, or the table. */
  #mayFollow(bytes: Buffer, { start, next }: { readonly start: number; readonly next: number }): boolean {
    const left = this.end - start - next;
    if (left === 0) return true;
    if (this.#hint === undefined && mayBeTable(bytes.subarray(next), { at: start + next, size: this.#window.size })) return true; // prettier-ignore
    if (left < FRAME_HEAD || next + 4 > bytes.length) return false;
    const length = bytes.readUInt32LE(next);
    return length <= LARGEST_PACKED && FRAME_HEAD + length <= left;
  }
}
