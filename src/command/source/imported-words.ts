import type { Import } from '../../lockfile/pointer-import.ts';
import { redactUrls } from '../../problem/redact.ts';
import { formatCount, formatSize } from '../../report/size.ts';
import { clean } from '../../report/words.ts';
import type { Entry } from '../../store/tree.ts';

interface Recorded {
  /** Relative to the project. */
  readonly path: string;
  readonly entry: Entry;
}

/** What was imported, for people. */
export function importedText({ path, entry }: Recorded, written: readonly string[]): string {
  const what = entry.kind === 'dir' ? `${formatCount(entry.files)} files, ` : '';
  const line = `${clean(path)}  ${what}${formatSize(entry.size)}`;
  return written.length === 0 ? line : `${line}\n\nFor Git: git add ${written.map(clean).join(' ')}`;
}

/** The same for programs. */
export function importedJson({ path, entry, imported }: Recorded & { readonly imported: Import }): object {
  const files = entry.kind === 'dir' ? { files: entry.files } : {};
  const from = imported.kind === 'repo' ? { commit: imported.revLock, rev: imported.rev ?? null } : {};
  return { path, url: redactUrls(imported.url), ...from, digest: entry.digest, size: entry.size, ...files };
}
