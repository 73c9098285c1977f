import type { GitObject } from './git-objects.ts';

/** A line of a tree object of Git. */
export interface GitTreeEntry {
  readonly kind: 'folder' | 'file' | 'other';
  readonly name: string;
  readonly id: string;
}

const SPACE = 0x20;

/**
 * What a tree object of Git holds: for each entry its mode in octal digits, a space, its name, a NUL and its id in
 * bytes. Symbolic links and submodules are `other`. `undefined` for what is no tree, or is cut off.
 */
export function parseGitTree(object: GitObject | undefined): GitTreeEntry[] | undefined {
  const { id, type, bytes } = object ?? {};
  if (id === undefined || bytes === undefined || type !== 'tree') return undefined;
  const idBytes = id.length / 2;
  const entries: GitTreeEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const end = bytes.indexOf(0, space);
    const next = end + 1 + idBytes;
    if (space < 0 || end < 0 || next > bytes.length) return undefined;
    const kind = kindOf(bytes.toString('latin1', at, space));
    entries.push({ kind, name: bytes.toString('utf8', space + 1, end), id: bytes.toString('hex', end + 1, next) });
    at = next;
  }
  return entries;
}

function kindOf(mode: string): GitTreeEntry['kind'] {
  if (mode === '40000') return 'folder';
  return mode.startsWith('100') ? 'file' : 'other';
}
