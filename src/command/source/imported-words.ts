import type { Import } from '../../lockfile/pointer-import.ts';
import { redactUrls } from '../../problem/redact.ts';
import { clean } from '../../report/words.ts';
import type { Entry } from '../../store/tree.ts';
import { amountOfEntry, forGit } from '../data-words.ts';

interface Recorded {
  /** Relative to the project. */
  readonly path: string;
  readonly entry: Entry;
}

/** What was imported, for people. */
export function importedText({ path, entry }: Recorded, written: readonly string[]): string {
  return [`${clean(path)}  ${amountOfEntry(entry)}`, ...forGit(written)].join('\n');
}

/** The same for programs; of what was not downloaded, what its place tells. */
export function importedJson({
  path,
  entry,
  imported,
}: Pick<Recorded, 'path'> & { readonly entry: Entry | undefined; readonly imported: Import }): object {
  if (entry === undefined) {
    const size = imported.kind === 'url' ? (imported.size ?? null) : null;
    return { path, url: redactUrls(imported.url), digest: null, size };
  }
  const files = entry.kind === 'dir' ? { files: entry.files } : {};
  const from = imported.kind === 'repo' ? { commit: imported.revLock, rev: imported.rev ?? null } : {};
  return { path, url: redactUrls(imported.url), ...from, digest: entry.digest, size: entry.size, ...files };
}
