import type { Digest } from '../kit/digest.ts';
import { parseDigest } from '../kit/digest.ts';
import { byCodeUnit } from '../kit/order.ts';

/**
 * What lies at a path: a file, an executable file (`exec`), a symbolic link (its object is the target text), or a
 * folder (its object is a tree).
 */
export type Entry =
  | { readonly kind: 'file' | 'exec' | 'link'; readonly digest: Digest; readonly size: number }
  | { readonly kind: 'dir'; readonly digest: Digest; readonly size: number; readonly files: number };

/** The contents of one folder by name. */
export type Tree = ReadonlyMap<string, Entry>;

const HEADER = 'pipe.tree/1';
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
  const lines = [HEADER];
  for (const name of [...tree.keys()].sort(byCodeUnit)) {
    const entry = tree.get(name);
    if (entry === undefined) continue;
    const files = entry.kind === 'dir' ? `${String(entry.files)} ` : '';
    lines.push(`${LETTER[entry.kind]} ${String(entry.size)} ${files}${entry.digest} ${JSON.stringify(name)}`);
  }
  return `${lines.join('\n')}\n`;
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

function decodeName(quoted: string): string | undefined {
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === 'string' && JSON.stringify(name) === quoted && isSafeName(name) ? name : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const FORBIDDEN = new Set(['', '.', '..', '.git', '.pipe', '.dvc']);
/** Code points that HFS+ ignores in names: `.g\u200cit` would be `.git` there. */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Whether a name can be put into a folder without leaving it or touching the tool's own or Git's files. */
export function isSafeName(name: string): boolean {
  const folded = name.normalize('NFC').replace(IGNORABLE, '').toLowerCase();
  return !FORBIDDEN.has(folded) && !/[/\0]/.test(name) && folded !== 'git~1' && !/\p{Surrogate}/u.test(name);
}
