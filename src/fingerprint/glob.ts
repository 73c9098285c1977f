import { readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { globBase, globMatcher } from '../graph/glob.ts';
import { sortedBy } from '../kit/order.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import type { Entry } from '../store/tree.ts';
import type { FingerprintOptions, WalkOptions } from './file.ts';
import { fingerprintPath } from './file.ts';
import { checkDecoded, readProblem } from './file-problem.ts';

/** Every file that matches, as one set: its digest covers paths, relative to the working folder, and bytes. */
export async function fingerprintGlob(
  { pattern, wdir }: { readonly pattern: string; readonly wdir: string },
  how: WalkOptions,
  options: FingerprintOptions,
): Promise<Entry | undefined> {
  const matches = globMatcher(pattern);
  const rows: string[] = [];
  let size = 0;
  for (const path of filesBelow(options, globBase(pattern))) {
    const entry = matches(path) ? await fingerprintPath(path, how, options) : undefined;
    if (entry === undefined || entry.kind === 'dir') continue;
    rows.push(JSON.stringify([posix.relative(wdir, path), entry.digest]));
    size += entry.size;
  }
  const text = sortedBy(rows, (row) => row).join('\n');
  return rows.length === 0 ? undefined : { kind: 'dir', digest: options.blake3.hash(text), size, files: rows.length };
}

function* filesBelow(options: FingerprintOptions, folder: string): Generator<string> {
  let entries;
  try {
    entries = readdirSync(resolve(options.root, folder), { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    throw readProblem(folder, error);
  }
  for (const entry of entries) {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name.startsWith(TEMPORARY_PREFIX) || options.ignored(path, entry.isDirectory())) continue;
    checkDecoded(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(options, path);
    else yield path;
  }
}
