import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { checkAborted } from './abort.ts';

const CHUNK = 1 << 20;

/** Bytes of a file that are read, or copied, in less time than it takes to wait for another thread that does it. */
const SOON = 8 << 20;

/** Whether a file of so many bytes is read, or copied, without waiting for anything. */
export function isDoneNow(size: number): boolean {
  return size <= SOON;
}

/** Bytes that may be read or copied without waiting before signals and timers have their turn: some tens of ms. */
const TURN = 64 << 20;

let untilTurn = TURN;

/** To be called after so many bytes were read or copied without waiting: lets signals and timers have their turn. */
export async function takeTurns(bytes: number): Promise<void> {
  untilTurn -= bytes;
  if (untilTurn > 0) return;
  untilTurn = TURN;
  await setImmediate();
}

/**
 * Hands a file's bytes over piece by piece; the piece is reused, so it must not be kept. Rejects with an AbortError
 * between two pieces once `signal` is aborted.
 */
export async function eachChunk(
  path: string,
  use: (chunk: Buffer) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  checkAborted(signal);
  const { size } = statSync(path);
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size + 1, CHUNK)));
  if (!isDoneNow(size)) return chunksLater(path, buffer, { use, signal });
  await chunksNow(path, buffer, { use, signal });
  await takeTurns(size);
}

interface Receiver {
  readonly use: (chunk: Buffer) => void | Promise<void>;
  readonly signal: AbortSignal | undefined;
}

async function chunksNow(path: string, buffer: Buffer, { use, signal }: Receiver): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      checkAborted(signal);
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) return;
      const using = use(buffer.subarray(0, length));
      if (using !== undefined) await using;
    }
  } finally {
    closeSync(fd);
  }
}

async function chunksLater(path: string, buffer: Buffer, { use, signal }: Receiver): Promise<void> {
  const handle = await open(path, 'r');
  try {
    for (;;) {
      checkAborted(signal);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      await use(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
