import type { ByteRange } from './place.ts';

/** The bytes of an object of this size that a range names. */
export function within(
  size: number,
  range: ByteRange | undefined,
): { readonly offset: number; readonly length: number } {
  if (range === undefined) return { offset: 0, length: size };
  if ('last' in range) {
    const length = Math.min(range.last, size);
    return { offset: size - length, length };
  }
  const offset = Math.min(range.offset, size);
  return { offset, length: Math.min(range.length, size - offset) };
}

/** Memory for so many bytes of a range. */
export function roomFor(length: number, range: ByteRange | undefined): Buffer {
  const into = range !== undefined && 'into' in range ? range.into : undefined;
  return into !== undefined && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
}
