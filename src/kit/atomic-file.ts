import {
  closeSync,
  fchmodSync,
  fsync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { PipeError } from '../problem/problem.ts';
import { systemFault } from './system-fault.ts';
import { temporaryBeside } from './temporary.ts';

/** What a file is to hold; bytes may come in pieces, so that they need not lie together in memory. */
export type FileData = string | Uint8Array | readonly Uint8Array[];

/**
 * Replaces a file in one step: at every moment, and after a crash, it holds either the old or the new bytes. The mode
 * of a file that is there is kept, a new one gets `mode` less the umask. A symbolic link is replaced, never followed: the project may come from a stranger.
 * @param path absolute; its folder exists
 * @throws {PipeError} PIPE_FILE_WRITE when the disk is full, read-only or not ours; nothing is left behind
 */
export function writeFileAtomic(path: string, data: FileData, mode = 0o666): void {
  const temporary = temporaryBeside(path);
  try {
    writeDurably(temporary, data, { mode, keep: modeOf(path) });
    renameSync(temporary, path);
  } catch (error) {
    discard(temporary);
    throw writeProblem(path, error);
  }
}

/** What keeps a file from being removed kept it from being written, and that is told. */
function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
  }
}

/** Files whose new bytes lie durably beside their places. */
interface PreparedFiles {
  /**
   * Puts one in its place, in one step.
   * @throws {PipeError} PIPE_FILE_WRITE
   */
  put(path: string): void;
  /** Removes what was not put in its place; to be called in any case. */
  discard(): void;
}

/** So many files are open at once. */
const AT_ONCE = 64;

/**
 * The part of {@link writeFileAtomic} that takes long, for many files: their new bytes are written beside them and made
 * durable, many at once, since a disk does so in one go. Nothing is in its place before `put`.
 * @param files absolute paths, whose folders exist, and what they are to hold
 * @throws {PipeError} PIPE_FILE_WRITE; nothing is left behind
 */
export async function prepareFiles(files: ReadonlyMap<string, string>): Promise<PreparedFiles> {
  const temporaries = new Map<string, string>();
  const discardAll = (): void => {
    for (const temporary of temporaries.values()) discard(temporary);
    temporaries.clear();
  };
  try {
    const all = [...files];
    for (let at = 0; at < all.length; at += AT_ONCE) await prepareSome(all.slice(at, at + AT_ONCE), temporaries);
  } catch (error) {
    discardAll();
    throw error;
  }
  return {
    put(path) {
      const temporary = temporaries.get(path);
      if (temporary === undefined) return;
      try {
        renameSync(temporary, path);
        temporaries.delete(path);
      } catch (error) {
        throw writeProblem(path, error);
      }
    },
    discard: discardAll,
  };
}

const durable = promisify(fsync);

async function prepareSome(
  files: readonly (readonly [path: string, data: string])[],
  temporaries: Map<string, string>,
): Promise<void> {
  const open: { readonly path: string; readonly file: number }[] = [];
  const toProblem = (path: string) => (error: unknown) => {
    throw writeProblem(path, error);
  };
  try {
    for (const [path, data] of files) {
      const temporary = temporaryBeside(path);
      try {
        const file = openSync(temporary, 'wx', 0o666);
        temporaries.set(path, temporary);
        open.push({ path, file });
        fill(file, data, modeOf(path));
      } catch (error) {
        toProblem(path)(error);
      }
    }
    // All are waited for, also where one fails: a file must not be closed under a call that works on it.
    const ends = await Promise.allSettled(open.map(({ path, file }) => durable(file).catch(toProblem(path))));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    for (const { file } of open) closeSync(file);
  }
}

/** The error to throw when writing `path` failed: a problem for the user where it is one, else the error itself. */
export function writeProblem(path: string, error: unknown): unknown {
  const fault = systemFault(error);
  if (fault === undefined) return error;
  const message = `cannot write ${path}: ${fault.reason}`;
  return new PipeError({ code: 'PIPE_FILE_WRITE', message, hint: fault.hint }, { cause: error });
}

function writeDurably(path: string, data: FileData, modes: { mode: number; keep: number | undefined }): void {
  const file = openSync(path, 'wx', modes.mode);
  try {
    fill(file, data, modes.keep);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function fill(file: number, data: FileData, mode: number | undefined): void {
  if (mode !== undefined) fchmodSync(file, mode);
  const pieces = typeof data === 'string' || data instanceof Uint8Array ? [data] : joined(data);
  // To a file that is open already, each goes behind the one before.
  for (const piece of pieces) writeFileSync(file, piece);
}

/** Pieces of at least a MiB, as far as there are so many bytes: small ones cost more calls than time to join. */
function* joined(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let [some, bytes]: [Uint8Array[], number] = [[], 0];
  for (const piece of pieces) {
    some.push(piece);
    bytes += piece.length;
    if (bytes < 1 << 20) continue;
    yield Buffer.concat(some);
    [some, bytes] = [[], 0];
  }
  yield Buffer.concat(some);
}

function modeOf(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.mode & 0o777 : undefined;
}
