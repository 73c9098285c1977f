import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';

/**
 * What lies at a path: a file, an executable file (`exec`), a symbolic link (its object is the target text), or a
 * folder (its object is a tree).
 */
export type Entry =
  | { readonly kind: 'file' | 'exec' | 'link'; readonly digest: Digest; readonly size: number }
  | { readonly kind: 'dir'; readonly digest: Digest; readonly size: number; readonly files: number };

/** How many files an entry stands for. */
export function filesOf(entry: Entry): number {
  return entry.kind === 'dir' ? entry.files : 1;
}

/** The contents of one folder by name. */
export type Tree = ReadonlyMap<string, Entry>;

const HEADER = 'pipe.tree/1';
const BRANCH_HEADER = 'pipe.branch/1';
const LETTER = { file: 'f', exec: 'x', link: 'l', dir: 'd' } as const;
const KIND = new Map<string, Entry['kind']>([
  ['f', 'file'],
  ['x', 'exec'],
  ['l', 'link'],
  ['d', 'dir'],
]);
/** A name may hold any character but a line end, also those that `.` leaves out without the `s` flag. */
const LINE = /^([fxld]) (0|[1-9]\d{0,15}) (?:(0|[1-9]\d{0,15}) )?(b3:[0-9a-f]{64}) (".*")$/s;

/** The text of a tree object (docs/formats.md, `pipe.tree/1`). */
export function encodeTree(tree: Tree): string {
  return treeText(
    [...tree.keys()].sort(byCodeUnit).map((name) => {
      const entry = tree.get(name) as Entry;
      return entryLine(name, entry);
    }),
  );
}

/** The text of a tree of these lines, which are sorted by name. */
export function treeText(lines: readonly string[]): string {
  return lines.length === 0 ? `${HEADER}\n` : `${HEADER}\n${lines.join('\n')}\n`;
}

/** The line of an entry in a tree. */
export function entryLine(name: string, entry: Entry): string {
  const files = entry.kind === 'dir' ? `${String(entry.files)} ` : '';
  return `${LETTER[entry.kind]} ${String(entry.size)} ${files}${entry.digest} ${JSON.stringify(name)}`;
}

/**
 * Reads a tree object, which a stranger may have written. `undefined` when any byte is not as `encodeTree` would have
 * put it, or a name could reach out of its folder.
 */
export function decodeTree(text: string): Tree | undefined {
  const lines = text.split('\n');
  if (lines.shift() !== HEADER || lines.pop() !== '') return undefined;
  const tree = new Map<string, Entry>();
  let last: string | undefined;
  for (const line of lines) {
    const found = decodeLine(line);
    if (found === undefined || (last !== undefined && byCodeUnit(last, found[0]) >= 0)) return undefined;
    last = found[0];
    tree.set(...found);
  }
  return tree;
}

function decodeLine(line: string): [string, Entry] | undefined {
  const [, letter, bytes, count, hash, quoted] = LINE.exec(line) ?? [];
  const kind = KIND.get(letter ?? '');
  const digest = parseDigest(hash);
  const name = decodeName(quoted ?? '');
  const size = Number(bytes);
  if (kind === undefined || digest === undefined || name === undefined || !Number.isSafeInteger(size)) return undefined;
  if (kind !== 'dir') return count === undefined ? [name, { kind, digest, size }] : undefined;
  const files = Number(count);
  return count !== undefined && Number.isSafeInteger(files) ? [name, { kind, digest, size, files }] : undefined;
}

/** Names that need no second look: most do not. */
const PLAIN = /^"[\w-][\w .-]*"$/;

function decodeName(quoted: string): string | undefined {
  if (PLAIN.test(quoted)) {
    const name = quoted.slice(1, -1);
    return isSafeName(name) ? name : undefined;
  }
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === 'string' && JSON.stringify(name) === quoted && isSafeName(name) ? name : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * A part of a big folder: a tree with some of its entries, or a branch over such parts. What is said of it stands in
 * the branch above.
 */
export interface Part {
  /** Name of its last entry. */
  readonly last: string;
  readonly digest: Digest;
  /** Bytes of all files below. */
  readonly size: number;
  /** Number of files below. */
  readonly files: number;
}

/** Bytes. No object that lists a folder has more: 4,096 entries with the longest names that any disk takes. */
export const LARGEST_LIST = 16 << 20;

/** A folder with more entries than this is split into parts. */
export const WHOLE = 2048;

/** Branches over branches: a thousand parts each make a billion entries of four levels. */
export const HIGHEST = 8;

/** No part holds more. */
export const LARGEST_PART = 4096;

/** One name in this many ends a part. */
const USUAL_PART = 1024;

/**
 * Whether a part of a big folder ends behind this name. It depends on the name alone, so that adding, changing or
 * removing an entry changes one part. Branches over parts are cut in the same way, by the last names of the parts and
 * a `level` from 1 on.
 *
 * FNV-1a over the UTF-16 code units, mixed as MurmurHash3 does at its end; the level is the first unit.
 */
export function endsPart(name: string, level = 0): boolean {
  let hash = Math.imul(0x811c9dc5 ^ level, 0x01000193);
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 < 2 ** 32 / USUAL_PART;
}

/**
 * Puts branches over the parts of a big folder until there is one, which stands for the folder.
 * @param put stores a text and returns its digest
 */
export function joinParts(parts: readonly Part[], put: (text: string) => Digest): Part {
  let joined = parts;
  for (let level = 1; joined.length > 1; level += 1) {
    const groups = joined.length <= WHOLE ? [joined] : cutParts(joined, level);
    joined = groups.map((group) => branchOver(group, put));
  }
  const [root] = joined;
  if (root === undefined) throw new RangeError('a folder has at least one part');
  return root;
}

function cutParts(parts: readonly Part[], level: number): Part[][] {
  const groups: Part[][] = [[]];
  for (const part of parts) {
    const group = groups.at(-1);
    group?.push(part);
    // At least two, so that there are fewer on the next level.
    const isEnd = group !== undefined && group.length > 1 && endsPart(part.last, level);
    if (isEnd || group?.length === LARGEST_PART) groups.push([]);
  }
  return groups.filter((group) => group.length > 0);
}

function branchOver(parts: readonly Part[], put: (text: string) => Digest): Part {
  const [size, files] = [sum(parts.map((part) => part.size)), sum(parts.map((part) => part.files))];
  const last = parts.at(-1)?.last ?? '';
  return { last, digest: put(encodeBranch(parts)), size, files };
}

/** The text of a branch (docs/formats.md, `pipe.branch/1`). */
function encodeBranch(parts: readonly Part[]): string {
  const lines = parts.map(
    ({ last, digest, size, files }) => `${String(size)} ${String(files)} ${digest} ${JSON.stringify(last)}`,
  );
  return `${BRANCH_HEADER}\n${lines.join('\n')}\n`;
}

/** Whether some bytes are meant to be a tree, or a branch over trees. */
export function isTree(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, BRANCH_HEADER.length + 1);
  return start === `${BRANCH_HEADER}\n` || start.startsWith(`${HEADER}\n`);
}

/** Whether a text is meant to be a branch rather than a tree. */
export function isBranch(text: string): boolean {
  return text.startsWith(`${BRANCH_HEADER}\n`);
}

const PART_LINE = /^(0|[1-9]\d{0,15}) (0|[1-9]\d{0,15}) (b3:[0-9a-f]{64}) (".*")$/s;

/** Reads a branch that a stranger may have written; `undefined` when it is not as `encodeBranch` would have put it. */
export function decodeBranch(text: string): Part[] | undefined {
  const lines = text.split('\n');
  if (lines.shift() !== BRANCH_HEADER || lines.pop() !== '' || lines.length === 0) return undefined;
  const parts: Part[] = [];
  for (const line of lines) {
    const [, bytes, count, hash, quoted] = PART_LINE.exec(line) ?? [];
    const digest = parseDigest(hash);
    const last = decodeName(quoted ?? '');
    const [size, files] = [Number(bytes), Number(count)];
    if (digest === undefined || last === undefined || !Number.isSafeInteger(size) || !Number.isSafeInteger(files)) {
      return undefined;
    }
    const before = parts.at(-1);
    if (before !== undefined && byCodeUnit(before.last, last) >= 0) return undefined;
    parts.push({ last, digest, size, files });
  }
  return parts;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

const FORBIDDEN = new Set(['', '.', '..', '.git', '.pipe', '.dvc']);
/** Names that are safe whatever they say, but for the forbidden ones, which begin with a point. */
const HARMLESS = /^[\w-][\w .-]*$/;
/** Code points that HFS+ ignores in names: `.g\u200cit` would be `.git` there. */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * Whether a name can be put into a folder without leaving it or touching the tool's own or Git's files, and is not one
 * that never counts as data.
 */
export function isSafeName(name: string): boolean {
  if (HARMLESS.test(name)) return true;
  if (name.startsWith(TEMPORARY_PREFIX)) return false;
  const folded = name.normalize('NFC').replace(IGNORABLE, '').toLowerCase();
  return !FORBIDDEN.has(folded) && !/[/\0]/.test(name) && folded !== 'git~1' && !/\p{Surrogate}/u.test(name);
}
