import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkAborted, isAbort } from '../../kit/abort.ts';
import { systemFault } from '../../kit/system-fault.ts';
import { PipeError } from '../../problem/problem.ts';
import { listFolder } from './folder-list.ts';
import { ifThere, isAbsent, pathInside, statFile } from './folder-path.ts';
import type { Unfinished } from './folder-write.ts';
import { begin, discard, publish, removeUnfinished, sweep, unfinishedIn } from './folder-write.ts';
import { checkKey } from './key.ts';
import { limitOf } from './limit.ts';
import type { ByteRange, LargeSource, Place } from './place.ts';
import { roomFor, within } from './range.ts';

/** What a folder is opened with. */
export interface FolderOptions {
  /** Absolute path of the folder. It need not be there: the first write makes it. */
  readonly root: string;
  readonly signal?: AbortSignal | undefined;
  /** How many calls go out at once. */
  readonly jobs?: number | undefined;
}

/** More calls than threads that serve them, so that none of these waits. */
const JOBS = 16;

/** Large objects are read and written in such pieces. */
const PIECE = 4 << 20;

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A folder as a place: a disk, or a share of the network. Objects are plain files. Symbolic links in it count as not
 * there, so that nothing outside is read or written. What is written while it is not finished lies in a folder of its own.
 */
export function openFolder({ root, signal, jobs = JOBS }: FolderOptions): Place {
  const limit = limitOf(jobs);
  let swept: Promise<void> | undefined;

  /** Not after an abort, and with the system's refusals in words. */
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    checkAborted(signal);
    try {
      const result = await work();
      checkAborted(signal);
      return result;
    } catch (error) {
      throw isAbort(error) ? error : refusal(`cannot ${what}`, error);
    }
  };
  const call = <T>(what: string, work: () => Promise<T>): Promise<T> => limit(() => attempt(what, work));

  const writing = async (
    key: string,
    ifAbsent: boolean,
    fill: (handle: FileHandle) => Promise<void>,
  ): Promise<boolean> => {
    const file = await begin(root);
    swept ??= sweep(root, Date.now()).catch(() => undefined);
    try {
      await fill(file.handle);
      checkAborted(signal);
      return await publish(file, { root, key, ifAbsent });
    } finally {
      await discard(file);
    }
  };

  const fillFrom = async (handle: FileHandle, { size, read }: Omit<LargeSource, 'check'>): Promise<void> => {
    for (let offset = 0; offset < size; offset += PIECE) {
      checkAborted(signal);
      const length = Math.min(PIECE, size - offset);
      const bytes = await read(offset, length);
      if (bytes.length !== length) throw new Error(`${String(bytes.length)} bytes instead of ${String(length)}`);
      await handle.writeFile(bytes);
    }
  };

  return {
    name: root,
    identity: root,
    concurrency: jobs,
    async *list(prefix) {
      const pages = listFolder(root, prefix);
      for (;;) {
        const page = await call(`list ${root}`, () => pages.next());
        if (page.done === true) return;
        yield page.value;
      }
    },
    async stat(key) {
      checkKey(key);
      return call(`look at ${root}/${key}`, async () => {
        const path = await pathInside(root, key);
        const stat = path === undefined ? undefined : await statFile(path);
        return stat && { key, size: stat.size, modifiedAt: stat.mtimeMs };
      });
    },
    async read(key, range) {
      checkKey(key);
      return call(`read ${root}/${key}`, () => reading(root, key, (handle, size) => readRange(handle, size, range)));
    },
    async write(key, pieces, { ifAbsent = false } = {}) {
      checkKey(key);
      return call(`write ${root}/${key}`, () =>
        writing(key, ifAbsent, async (handle) => {
          for (const piece of pieces) await handle.writeFile(piece);
        }),
      );
    },
    async writeLarge(key, source) {
      checkKey(key);
      // Not limited: its source may itself read from this place.
      await attempt(`write ${root}/${key}`, () =>
        writing(key, false, async (handle) => {
          await fillFrom(handle, source);
          await source.check();
        }),
      );
    },
    async remove(keys) {
      for (const key of keys) checkKey(key);
      await Promise.all(keys.map((key) => call(`remove ${root}/${key}`, () => removeFile(root, key))));
    },
    async copy(from, to) {
      checkKey(from);
      checkKey(to);
      const copied = await call(`copy ${root}/${from}`, () =>
        reading(root, from, async (source, size) =>
          writing(to, false, (handle) =>
            fillFrom(handle, { size, read: (offset, length) => readRange(source, size, { offset, length }) }),
          ),
        ),
      );
      return copied === true;
    },
    async unfinished() {
      return call(`look into ${root}`, () => unfinishedIn(root));
    },
    async abandon(unfinished) {
      for (const each of unfinished) await call(`remove ${root}/${each.name}`, () => removeUnfinished(root, each));
    },
    async now() {
      return call(`write into ${root}`, () => clockOf(root));
    },
    isAbsent: () => call(`look at ${root}`, async () => (await ifThere(stat(root))) === undefined),
    close: () => undefined,
  };
}

/** Opens a plain file for something to be done; `undefined` when there is none. */
async function reading<T>(
  root: string,
  key: string,
  work: (handle: FileHandle, size: number) => Promise<T>,
): Promise<T | undefined> {
  const path = await pathInside(root, key);
  const handle = path === undefined ? undefined : await ifThere(open(path, READ));
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    return stat.isFile() ? await work(handle, stat.size) : undefined;
  } finally {
    await handle.close();
  }
}

async function readRange(handle: FileHandle, size: number, range: ByteRange | undefined): Promise<Buffer> {
  const { offset, length } = within(size, range);
  const bytes = roomFor(length, range);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Removes a file, and folders that are empty then, so that emptied parts of a remote vanish as they do from S3. */
async function removeFile(root: string, key: string): Promise<void> {
  const path = await pathInside(root, key);
  if (path === undefined || (await statFile(path)) === undefined) return;
  await ifThere(unlink(path));
  for (let folder = dirname(key), at = dirname(path); folder !== '.'; folder = dirname(folder), at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EBUSY' || isAbsent(error)) return;
      throw error;
    }
  }
}

/** What the disk gives a file as its time: that of another machine where the folder is a share. */
async function clockOf(root: string): Promise<number> {
  let file: Unfinished;
  try {
    file = await begin(root);
  } catch (error) {
    // Who may only read has to take the clock that is at hand.
    if (systemFault(error) !== undefined) return Date.now();
    throw error;
  }
  try {
    await file.handle.writeFile('.');
    return (await file.handle.stat()).mtimeMs;
  } finally {
    await discard(file);
  }
}

/** Rights are one matter, everything else that a disk says is another. */
function refusal(what: string, error: unknown): unknown {
  const fault = systemFault(error);
  if (fault === undefined) return error;
  const { code } = error as NodeJS.ErrnoException;
  const isDenied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  const problem = { message: `${what}: ${fault.reason}`, hint: fault.hint };
  return new PipeError({ code: isDenied ? 'PIPE_REMOTE_DENIED' : 'PIPE_REMOTE_FAILED', ...problem }, { cause: error });
}
