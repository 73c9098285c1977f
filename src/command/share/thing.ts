import type { Selected } from '../../data/select.ts';
import type { Sharing } from '../../lockfile/needed.ts';
import type { Import } from '../../lockfile/pointer-import.ts';
import type { Pointer } from '../../lockfile/pointer.ts';
import type { Entry } from '../../store/tree.ts';

/** Something that is shared with others: an out of a stage, or what a pointer tracks, in the workspace or at revisions. */
export interface SharedThing {
  readonly entry: Entry;
  /** Of the whole that is tracked, relative to the project. */
  readonly path: string;
  /** Path of the part that is meant inside it; empty for the whole. */
  readonly below: string;
  /** Who says so, for people: `data.pipe`, `pipeline.lock:train`. */
  readonly from: string;
  readonly sharing: Sharing;
  /** Where it was imported from. */
  readonly imported?: Import;
  /** What it is in the workspace; absent for things of revisions. */
  readonly selected?: Selected;
}

/** What an out or a pointer says of sharing. */
export function sharingOf({ push, remote }: Sharing): Sharing {
  return { ...(push === false ? { push } : {}), ...(remote === undefined ? {} : { remote }) };
}

/** What a pointer says of sharing: whoever imports from a repository gets it there, unless it is said that it is pushed. */
export function pointerSharing({ imported, out }: Pick<Pointer, 'imported' | 'out'>): Sharing {
  const isElsewhere = imported?.kind === 'repo' && out.push === undefined;
  return sharingOf(isElsewhere ? { ...out, push: false } : out);
}

/** Whether it was imported from a repository. */
export function isFromRepository({ imported }: Pick<SharedThing, 'imported'>): boolean {
  return imported?.kind === 'repo';
}

/** The path of what is meant, relative to the project. */
export function pathOfThing({ path, below }: Pick<SharedThing, 'path' | 'below'>): string {
  return below === '' ? path : `${path}/${below}`;
}
