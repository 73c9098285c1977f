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

/** Whether a place told enough, both times, to know that nothing changed since. */
export function isUnchanged(before: Told, now: Told): boolean {
  if (before.etag !== undefined && now.etag !== undefined) return before.etag === now.etag;
  if (before.digest !== undefined && now.digest !== undefined) return before.digest === now.digest;
  if (before.mtime === undefined || now.mtime === undefined || before.size === undefined) return false;
  return before.mtime === now.mtime && before.size === now.size && before.files === now.files;
}
