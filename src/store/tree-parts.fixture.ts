import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { Entry, Part } from './tree.ts';
import { LARGEST_PART, WHOLE, endsPart, entryLine, joinParts, treeText } from './tree.ts';

export const blake3 = await loadBlake3();
export const FILE = blake3.hash('file');

/** Objects in memory: what a stranger's store says. */
export class Objects {
  readonly texts = new Map<Digest, string | Buffer>();
  readonly put = (text: string): Digest => {
    const digest = blake3.hash(text);
    this.texts.set(digest, text);
    return digest;
  };
  read = (digest: Digest): Buffer | undefined => {
    const text = this.texts.get(digest);
    return text === undefined ? undefined : Buffer.from(text);
  };
}

export const file = (size = 1): Entry => ({ kind: 'file', digest: FILE, size });
export const dirOf = (part: Omit<Part, 'last'>): Entry => ({
  kind: 'dir',
  digest: part.digest,
  size: part.size,
  files: part.files,
});

/** A part with files of one byte each. */
export function leaf(objects: Objects, names: readonly string[]): Part {
  const digest = objects.put(treeText(names.map((name) => entryLine(name, file()))));
  return { last: names.at(-1) ?? '', digest, size: names.length, files: names.length };
}

/** Cuts sorted names as the format says, without anything that is remembered. */
export function cut(names: readonly string[]): string[][] {
  if (names.length <= WHOLE) return [[...names]];
  const parts: string[][] = [];
  let part: string[] = [];
  for (const name of names) {
    part.push(name);
    if (!endsPart(name) && part.length < LARGEST_PART) continue;
    parts.push(part);
    part = [];
  }
  return part.length > 0 ? [...parts, part] : parts;
}

export function write(objects: Objects, names: readonly string[]): Entry {
  return dirOf(joinParts(cut([...names].sort()).map((part) => leaf(objects, part)), objects.put)); // prettier-ignore
}

export const names = (count: number, name = 'file'): string[] => Array.from({ length: count }, (_, at) => `${name}-${String(at).padStart(7, '0')}`); // prettier-ignore

/** The parts that a real folder of so many names has: enough of them for what is tested. */
export const ENTRIES = 12_000;
