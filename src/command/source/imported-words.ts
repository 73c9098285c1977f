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

/** The same for programs. */
export function importedJson({ path, entry, imported }: Recorded & { readonly imported: Import }): object {
  const files = entry.kind === 'dir' ? { files: entry.files } : {};
  const from = imported.kind === 'repo' ? { commit: imported.revLock, rev: imported.rev ?? null } : {};
  return { path, url: redactUrls(imported.url), ...from, digest: entry.digest, size: entry.size, ...files };
}
