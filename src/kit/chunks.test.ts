import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eachChunk } from './chunks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-chunks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function chunksOf(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  await eachChunk(path, (chunk) => void parts.push(Buffer.from(chunk)));
  return Buffer.concat(parts);
}

test('every byte is handed over once and in order, at and around the size of a piece', async () => {
  for (const size of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20]) {
    const bytes = Buffer.alloc(size, 'abcdefg');
    writeFileSync(join(folder, 'file'), bytes);
    expect((await chunksOf(join(folder, 'file'))).equals(bytes)).toBe(true);
  }
});

test('a file whose size the system does not tell is read to its end', async () => {
  expect((await chunksOf('/proc/self/status')).toString()).toContain('Pid:');
});

test('a fault of the receiver ends the reading and closes the file', async () => {
  writeFileSync(join(folder, 'file'), 'x');
  await expect(
    eachChunk(join(folder, 'file'), () => {
      throw new Error('full');
    }),
  ).rejects.toThrow('full');
  await expect(eachChunk(join(folder, 'absent'), () => undefined)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('stops between two pieces when it is asked to', async () => {
  writeFileSync(join(folder, 'large'), Buffer.alloc(3 << 20));
  const stop = new AbortController();
  let pieces = 0;
  const use = (): void => {
    pieces += 1;
    stop.abort('SIGINT');
  };
  await expect(eachChunk(join(folder, 'large'), use, stop.signal)).rejects.toThrow('stopped');
  expect(pieces).toBe(1);
});
