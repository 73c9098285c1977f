import { clean } from '../../report/words.ts';
import { amountOfEntry, forGit } from '../data-words.ts';
import { importedJson } from './imported-words.ts';
import type { BroughtAll } from './pending.ts';

/** What was downloaded for the first time, for people. */
export function broughtLines({ brought, written }: BroughtAll): string[] {
  if (brought.length === 0) return [];
  const lines = brought.map(({ path, entry, imported }) => `Downloaded ${clean(path)} from ${clean(imported.url)}: ${amountOfEntry(entry)}.`); // prettier-ignore
  return [...lines, ...forGit(written), ''];
}

/** The same for programs; nothing where nothing was. */
export function broughtJson({ brought, written }: BroughtAll): object {
  return brought.length === 0 ? {} : { downloaded: { imports: brought.map(importedJson), written } };
}
