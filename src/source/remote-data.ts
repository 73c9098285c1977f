import type { Told } from '../lockfile/pointer-import.ts';

/** A file or folder behind a URL. */
export interface RemoteData {
  /** For messages; holds no secret. */
  readonly name: string;
  /**
   * What the place tells of it now, without handing it over.
   * @throws {PipeError} PIPE_SOURCE_MISSING when nothing is there, PIPE_URL_FAILED
   */
  readonly tell: () => Promise<Told>;
  /**
   * Of what may hold many files: downloads a batch of them after another into a folder (absolute), hands it on, and
   * removes it. A path is relative to what is named here; empty for a file.
   * @returns what the place told of the very bytes that came
   */
  readonly inBatches?: (
    folder: string,
    work: (files: readonly { readonly path: string; readonly file: string }[]) => Promise<void>,
  ) => Promise<Told>;
  /**
   * Writes it to a path (absolute) where nothing lies yet.
   * @returns what the place told of the very bytes that came
   */
  readonly download: (target: string, onBytes: (bytes: number, total: number | undefined) => void) => Promise<Told>;
}

/** Whether a place that was asked twice holds the same; `unknown` where it told too little, and only its bytes can say. */
export type Change = 'same' | 'changed' | 'unknown';

/** What two looks at a place tell of what it holds. */
export function compareTold(before: Told, now: Told): Change {
  const compared = (name: keyof Told): Change =>
    before[name] === undefined || now[name] === undefined ? 'unknown' : before[name] === now[name] ? 'same' : 'changed';
  for (const name of ['etag', 'digest'] as const) if (compared(name) !== 'unknown') return compared(name);
  const others = (['mtime', 'size', 'files'] as const).map(compared);
  if (others.includes('changed')) return 'changed';
  return compared('mtime') === 'same' && compared('size') === 'same' ? 'same' : 'unknown';
}

/** Whether a place tells anything by which a change could be known later without reading it. */
export function isTelling({ etag, digest, mtime }: Told): boolean {
  return etag !== undefined || digest !== undefined || mtime !== undefined;
}
