import { DEEPEST } from '../store/count-folders.ts';
import type { ReadTree } from '../store/read-tree.ts';
import type { Entry } from '../store/tree.ts';

/** All files and links below a folder, with their paths; what cannot be read is left out. */
export function* listTree(
  { path, entry: folder, depth = 0 }: { readonly path: string; readonly entry: Entry; readonly depth?: number },
  readTree: ReadTree,
): Generator<{ readonly path: string; readonly entry: Entry }, void, undefined> {
  if (depth >= DEEPEST) return;
  for (const [name, entry] of readTree(folder) ?? []) {
    const child = `${path}/${name}`;
    // A few lists can stand for very many folders without a file.
    if (entry.kind === 'dir' && entry.files === 0) continue;
    if (entry.kind === 'dir') yield* listTree({ path: child, entry, depth: depth + 1 }, readTree);
    else yield { path: child, entry };
  }
}
