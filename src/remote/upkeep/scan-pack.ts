import type { Digest, RawDigest } from '../../kit/digest.ts';
import { FRAME_HEAD, PACK_HEADER } from '../../store/pack.ts';
import { PIECE } from '../read-object.ts';
import type { Remote } from '../remote.ts';
import { packKey } from '../remote-layout.ts';

/** An object that a pack's frames tell of. */
export interface ScannedFrame {
  readonly digest: RawDigest;
  readonly length: number;
  /** Its bytes, which are right; `undefined` when they are not. */
  readonly bytes: Buffer | undefined;
}

/** Objects of a pack are smaller as a rule; of larger ones somebody else's frames tell, or harmed ones. */
const LARGEST = 64 << 20;

/**
 * Reads the frames of a pack of a remote, one after another, where its table cannot be had. It ends at the table, or where the
 * length of a frame makes no sense. What is held is bounded, whatever the size of the pack.
 */
export async function* scanPack(
  remote: Pick<Remote, 'place' | 'blake3'>,
  { name, size }: { readonly name: Digest; readonly size: number },
): AsyncGenerator<ScannedFrame> {
  const reader = new Reader(remote.place, { key: packKey(name), size });
  const header = await reader.take(PACK_HEADER.length);
  if (header?.equals(PACK_HEADER) !== true) return;
  let wrong: ScannedFrame | undefined;
  for (;;) {
    const head = await reader.take(FRAME_HEAD);
    const length = head?.readUInt32LE(0) ?? 0;
    const bytes = head === undefined || length > LARGEST ? undefined : await reader.take(length);
    if (head === undefined || bytes === undefined) return;
    const digest = Buffer.from(head.subarray(4));
    if (!remote.blake3.raw(bytes).equals(digest)) {
      // Perhaps an object that came to harm, perhaps the beginning of the table: what follows tells.
      if (wrong !== undefined) return;
      wrong = { digest, length, bytes: undefined };
      continue;
    }
    if (wrong !== undefined) yield wrong;
    wrong = undefined;
    yield { digest, length, bytes };
  }
}

/** Reads an object of a place from its beginning, some MiB at a time. */
class Reader {
  readonly #place: Remote['place'];
  readonly #of: { readonly key: string; readonly size: number };
  #held = Buffer.alloc(0);
  /** Where what was not read yet begins. */
  #at = 0;

  constructor(place: Remote['place'], of: { readonly key: string; readonly size: number }) {
    this.#place = place;
    this.#of = of;
  }

  /** The next bytes; `undefined` when there are not so many. They are valid until the next call. */
  async take(length: number): Promise<Buffer | undefined> {
    const { key, size } = this.#of;
    while (this.#held.length < length) {
      const wanted = Math.min(Math.max(PIECE, length - this.#held.length), size - this.#at);
      const more = wanted <= 0 ? undefined : await this.#place.read(key, { offset: this.#at, length: wanted });
      if (more === undefined || more.length === 0) return undefined;
      this.#held = Buffer.concat([this.#held, more]);
      this.#at += more.length;
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}
