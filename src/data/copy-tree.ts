import type { Stats } from 'node:fs';
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { specialFile } from '../fingerprint/file-problem.ts';
import { checkAborted } from '../kit/abort.ts';
import { eachChunk } from '../kit/chunks.ts';
import type { OnProgress } from '../kit/file-progress.ts';
import { FileProgress } from '../kit/file-progress.ts';
import { reflink } from '../store/copy.ts';

export interface CopyOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
  /** Whether times are those of the source. */
  readonly keepTimes?: boolean;
}

/** Larger files are copied piece by piece: the system's own copy is not broken off once it runs. */
const AT_ONCE = 1 << 20;

const PAUSE_EVERY = 200;

/**
 * Copies a file or folder as it is: links stay links, modes are kept, blocks are shared where the disk can.
 * @param from absolute
 * @param to absolute; nothing lies there, its folder exists
 * @throws {PipeError} PIPE_FILE_KIND for sockets and the like; an AbortError; what the system says. What is there of the
 * copy is for the caller to remove
 */
export async function copyTree(from: string, to: string, options: CopyOptions): Promise<void> {
  const { signal, onProgress, keepTimes } = options;
  const progress = new FileProgress(onProgress);
  let entries = 0;
  const copy = async (source: string, target: string): Promise<void> => {
    checkAborted(signal);
    const stat = lstatSync(source);
    if (stat.isDirectory()) {
      mkdirSync(target, 0o700);
      for (const name of readdirSync(source)) await copy(`${source}/${name}`, `${target}/${name}`);
      chmodSync(target, stat.mode & 0o7777);
    } else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (!stat.isFile()) throw specialFile(source);
    else if (stat.size <= AT_ONCE) copyFileSync(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    else await copyLarge(source, { target, stat, signal, onBytes: progress.passing(stat.size) });
    if (keepTimes === true) lutimesSync(target, stat.atimeMs / 1000, stat.mtimeMs / 1000);
    if (!stat.isDirectory()) progress.file(stat.size);
    entries += 1;
    if (entries % PAUSE_EVERY === 0) await setImmediate();
  };
  await copy(from, to);
  progress.tell();
}

async function copyLarge(
  source: string,
  {
    target,
    stat,
    signal,
    onBytes,
  }: {
    readonly target: string;
    readonly stat: Stats;
    readonly signal: AbortSignal;
    readonly onBytes: (bytes: number) => void;
  },
): Promise<void> {
  if (reflink(source, target)) return;
  const handle = await open(target, 'wx', 0o600);
  try {
    const write = async (chunk: Buffer): Promise<void> => {
      await handle.writeFile(chunk);
      onBytes(chunk.length);
    };
    await eachChunk(source, write, signal);
    await handle.chmod(stat.mode & 0o7777);
  } finally {
    await handle.close();
  }
}
