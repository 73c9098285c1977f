import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ServeError } from '../problem.ts';

const HINTS = new Map([
  ['ENOENT', 'run `npx pipe repro` first'],
  ['ENOTDIR', 'give the folder of a published model to --model'],
  ['EACCES', 'let the user of this service read it'],
]);

/**
 * Reads one file of a model folder whole. Symbolic links are followed: a pipeline may link its outs from a cache.
 * @param limit most bytes it may hold.
 * @throws {ServeError} if it is missing, unreadable, not a regular file, or too large.
 */
export async function readModelFile(path: string, limit: number): Promise<Buffer> {
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalid(`${path} is not a file`);
    if (stat.size > limit) throw invalid(`${path} has ${String(stat.size)} bytes, more than ${String(limit)}`);
    // A fixed buffer, because the file could grow after its size was looked at.
    const buffer = Buffer.alloc(stat.size);
    const { bytesRead } = await handle.read(buffer, 0, stat.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string) {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const hint = HINTS.get(code);
    if (hint === undefined) throw error;
    const message = code === 'EACCES' ? `${path} may not be read` : `no published model: ${path} is not there`;
    throw new ServeError({ code: 'SERVE_MODEL_MISSING', message, hint }, { cause: error });
  }
}

function invalid(message: string): ServeError {
  return new ServeError({ code: 'SERVE_MODEL_INVALID', message, hint: 'publish the model again: `npx pipe repro`' });
}
