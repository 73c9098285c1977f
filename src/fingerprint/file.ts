import type { Stats } from 'node:fs';
import { lstatSync, readFileSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { StatIndex } from '../index/stat-index.ts';
import { checkAborted } from '../kit/abort.ts';
import type { Blake3 } from '../kit/blake3.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { Digest } from '../kit/digest.ts';
import { TEMPORARY_PREFIX } from '../kit/temporary.ts';
import { readProblem as faultProblem } from '../kit/text-file.ts';
import { PipeError } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import { encodeTree, isSafeName } from '../store/tree.ts';

const SMALL = 1 << 20;

/** Entries of folders between two turns of the event loop. */
const PAUSE_EVERY = 500;

export interface FingerprintOptions {
  /** Absolute path of the project. */
  readonly root: string;
  readonly index: StatIndex;
  readonly blake3: Blake3;
  /** Whether a path relative to the root is left out of folders (`.pipeignore`). */
  readonly ignored: (path: string, isFolder: boolean) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Receives what a walk finds, so that a store can take it in while it is hashed. */
export interface Sink {
  /** Whether the object is there already. */
  has(digest: Digest): boolean;
  /** Takes a file in; returns the digest of the bytes it read. */
  file(path: string): Promise<Digest>;
  /** Takes in a tree or the target of a link. */
  bytes(text: string): Promise<Digest>;
}

/** How a walk goes about it. */
export interface WalkOptions {
  /** Whether symbolic links count as what they point to (deps), or as links (outs). */
  readonly follow: boolean;
  readonly sink?: Sink;
  /** Makes the walk reject with an AbortError. */
  readonly signal?: AbortSignal;
}

/**
 * What lies at `path` (relative to the root, or absolute); `undefined` when nothing does. Files that the stat
 * index knows are not read.
 * @throws {PipeError} for sockets and other special files, names that are not UTF-8, and links in a circle.
 */
export async function fingerprintPath(
  path: string,
  how: WalkOptions,
  options: FingerprintOptions,
): Promise<Entry | undefined> {
  return new Walk(how, options).entry(path, []);
}

class Walk {
  readonly #how: WalkOptions;
  readonly #options: FingerprintOptions;
  #entries = 0;

  constructor(how: WalkOptions, options: FingerprintOptions) {
    this.#how = how;
    this.#options = options;
  }

  /** `above` holds the real paths of the folders that are being walked, to find links in a circle. */
  async entry(path: string, above: readonly string[]): Promise<Entry | undefined> {
    await this.#pause();
    const absolute = path.startsWith('/') ? path : join(this.#options.root, path);
    try {
      return await this.#entry(path, absolute, above);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).path === absolute ? readProblem(path, error) : error;
    }
  }

  /** Lets signals and timers have their turn now and then: small files are read without waiting for anything. */
  async #pause(): Promise<void> {
    checkAborted(this.#how.signal);
    this.#entries += 1;
    if (this.#entries % PAUSE_EVERY === 0) await setImmediate();
  }

  async #entry(path: string, absolute: string, above: readonly string[]): Promise<Entry | undefined> {
    const stat = statOf(absolute, this.#how.follow);
    if (stat === undefined) return undefined;
    if (stat.isFile()) return this.#file(path, absolute, stat);
    if (stat.isDirectory()) return this.#folder(path, absolute, above);
    if (stat.isSymbolicLink()) return this.#link(path, absolute);
    throw new PipeError({
      code: 'PIPE_FILE_KIND',
      message: `${path} is a socket, pipe or device: it cannot be tracked`,
      hint: 'remove it, or name it in .pipeignore',
    });
  }

  async #file(path: string, absolute: string, stat: Stats): Promise<Entry> {
    const { index, now } = this.#options;
    const { sink } = this.#how;
    const known = index.lookup(path, stat);
    let digest = known;
    if (digest === undefined || sink?.has(digest) === false) {
      const at = now();
      digest = sink === undefined ? await this.#hash(absolute, stat) : await sink.file(absolute);
      const after = statOf(absolute, this.#how.follow);
      if (after?.mtimeMs !== stat.mtimeMs || after.size !== stat.size || after.ino !== stat.ino) {
        throw changed(path);
      }
      index.record(path, stat, { digest, at });
    }
    return { kind: (stat.mode & 0o100) === 0 ? 'file' : 'exec', digest, size: stat.size };
  }

  async #hash(absolute: string, stat: Stats): Promise<Digest> {
    const { blake3 } = this.#options;
    if (stat.size <= SMALL) return blake3.hash(readFileSync(absolute));
    const hasher = blake3.hasher();
    const update = (chunk: Buffer): void => {
      hasher.update(chunk);
    };
    await eachChunk(absolute, update, this.#how.signal);
    return hasher.digest();
  }

  async #link(path: string, absolute: string): Promise<Entry> {
    const target = readlinkSync(absolute);
    if (target.includes(REPLACEMENT)) throw notUtf8(`the target of ${JSON.stringify(path)}`, 'make the link anew');
    return { kind: 'link', digest: await this.#bytes(target), size: Buffer.byteLength(target) };
  }

  async #folder(path: string, absolute: string, above: readonly string[]): Promise<Entry> {
    const inside = this.#how.follow ? descend(path, absolute, above) : above;
    const tree = new Map<string, Entry>();
    let size = 0;
    let files = 0;
    for (const each of readdirSync(absolute, { withFileTypes: true })) {
      const child = path === '.' ? each.name : `${path}/${each.name}`;
      if (each.name.startsWith(TEMPORARY_PREFIX) || this.#options.ignored(child, each.isDirectory())) continue;
      // Before anything is looked at: a name that could not be decoded finds nothing, and must not pass for absent.
      checkName(child, each.name);
      const entry = await this.entry(child, inside);
      // A link that points nowhere is left out of deps: there are no bytes to depend on.
      if (entry === undefined) continue;
      tree.set(each.name, entry);
      size += entry.size;
      files += entry.kind === 'dir' ? entry.files : 1;
    }
    return { kind: 'dir', digest: await this.#bytes(encodeTree(tree)), size, files };
  }

  #bytes(text: string): Promise<Digest> {
    return this.#how.sink?.bytes(text) ?? Promise.resolve(this.#options.blake3.hash(text));
  }
}

function statOf(absolute: string, follow: boolean): Stats | undefined {
  try {
    return (follow ? statSync : lstatSync)(absolute, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw circle(absolute);
    throw error;
  }
}

function descend(path: string, absolute: string, above: readonly string[]): readonly string[] {
  const real = realpathSync(absolute);
  if (above.includes(real)) throw circle(path);
  return [...above, real];
}

function circle(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_LINK_CYCLE',
    message: `${path} is a symbolic link that leads back to itself`,
    hint: 'remove the link, or name it in .pipeignore',
  });
}

function changed(path: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_CHANGED',
    message: `${path} changed while it was being read`,
    hint: 'something else is writing it: wait until it is done, then try again',
  });
}

/** The error to throw when `path` could not be read: a problem for the user where it is one, else the error itself. */
export function readProblem(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' ? changed(path) : faultProblem(path, error);
}

/** What Node puts in place of bytes that it cannot decode. */
const REPLACEMENT = '\ufffd';

function notUtf8(what: string, hint: string): PipeError {
  return new PipeError({
    code: 'PIPE_NAME_NOT_UTF8',
    message: `${what} is not UTF-8, or holds the replacement character`,
    hint,
  });
}

/** @throws {PipeError} PIPE_NAME_NOT_UTF8 for a name that could not be decoded: its file could not be found by it. */
export function checkDecoded(path: string, name: string): void {
  if (name.includes(REPLACEMENT)) throw notUtf8(`the name of ${JSON.stringify(path)}`, 'rename the file');
}

function checkName(path: string, name: string): void {
  checkDecoded(path, name);
  if (!isSafeName(name)) {
    throw new PipeError({
      code: 'PIPE_NAME_UNSAFE',
      message: `${JSON.stringify(path)} has a name that cannot be stored: .git, .dvc and .pipe are refused`,
      hint: 'rename it, or name it in .pipeignore',
    });
  }
}
