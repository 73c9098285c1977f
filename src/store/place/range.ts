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
