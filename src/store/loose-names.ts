import { join } from 'node:path';
import { namesIn } from '../kit/temporary.ts';

/**
 * Which loose objects there are, a shard at a time: whoever asks for objects by the hundred thousand lists 256 folders
 * instead. What other processes store later is not seen, which only means that it is stored once more.
 */
export class LooseNames {
  readonly #folder: string;
  /** By the first byte of their digests. */
  readonly #shards: (Set<string> | undefined)[] = new Array<undefined>(256).fill(undefined);

  /** `folder` holds the shards. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the object is there whose digest lies at `at` of some bytes. */
  has(bytes: Buffer, at: number): boolean {
    const names = this.#shard(bytes[at] as number);
    return names.size > 0 && names.has(bytes.toString('hex', at + 1, at + 32));
  }

  /** From now on an object is there. `hex` are the digits of its digest. */
  add(hex: string): void {
    this.#shards[shardOf(hex)]?.add(hex.slice(2));
  }

  /** From now on it is not. */
  delete(hex: string): void {
    this.#shards[shardOf(hex)]?.delete(hex.slice(2));
  }

  #shard(number: number): Set<string> {
    return (this.#shards[number] ??= new Set(namesIn(join(this.#folder, number.toString(16).padStart(2, '0')))));
  }
}

function shardOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 2), 16);
}
