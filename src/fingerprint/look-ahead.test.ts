import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderMemory } from '../index/folder-memory.ts';
import type { Section } from '../index/section.ts';
import { SectionWriter } from '../index/section.ts';
import type { HelperThreads } from '../kit/helper-threads.ts';
import type { LookAheadInput } from './look-ahead.ts';
import { LookAhead, lookAhead } from './look-ahead.ts';

let root: string;
let jobs: LookAheadInput[];

/** The threads of a machine with so many of them to spare, whose jobs wait until they are done by hand. */
function threads(count: number): () => HelperThreads {
  return () => ({
    count,
    isRunning: () => true,
    run: <O>(_at: number, _job: string, input: unknown) => {
      jobs.push(input as LookAheadInput);
      return new Promise<O>(() => undefined);
    },
    isWhole: () => true,
    runAnywhere: () => Promise.reject(new Error('no thread is asked by name')),
  });
}

/** A remembered folder of files that need not be there. */
function section(folder: string, names: readonly string[]): Section {
  const writer = new SectionWriter();
  const stat = { mtimeMs: 1, ctimeMs: 1, ino: 1, size: 1 };
  for (const name of names) writer.addFile(name, { kind: 0, stat, digest: Buffer.alloc(32), at: 0, isReliable: true });
  return writer.end(folder, undefined);
}

const MANY = Array.from({ length: 8_000 }, (_, at) => `f${String(at).padStart(5, '0')}`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-look-'));
  jobs = [];
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function memoryAt(of: Section, name: string): FolderMemory {
  const memory = new FolderMemory([of]);
  expect(memory.seek(name)).toBe(true);
  return memory;
}

test('few files are looked at sooner than a thread has started', () => {
  expect(LookAhead.of([section('a', MANY)], root, threads(1))).toBeUndefined();
  expect(LookAhead.of([section('a', MANY), section('b', MANY)], root, () => undefined)).toBeUndefined();
});

test('stat values are those of the disk, and only of plain files that are there', () => {
  mkdirSync(join(root, 'b/f00003'), { recursive: true });
  writeFileSync(join(root, 'b/f00001'), 'text');
  chmodSync(join(root, 'b/f00001'), 0o755);
  symlinkSync('f00001', join(root, 'b/f00002'));
  const [a, b] = [section('a', MANY), section('b', MANY)];
  const ahead = LookAhead.of([a, b], root, threads(1));
  for (const job of jobs) lookAhead(job);
  const { mtimeMs, ctimeMs, ino, size, mode } = statSync(join(root, 'b/f00001'));
  expect(ahead?.statAt(memoryAt(b, 'f00001'))).toEqual({ mtimeMs, ctimeMs, ino, size, mode });
  for (const name of ['f00000', 'f00002', 'f00003']) expect(ahead?.statAt(memoryAt(b, name)), name).toBeUndefined();
  ahead?.end();
});

test('helper threads come from behind, and leave alone what the main thread has come to', () => {
  const all = ['a', 'b', 'c', 'd', 'e'].map((folder) => section(folder, MANY));
  mkdirSync(join(root, 'e'));
  mkdirSync(join(root, 'b'));
  writeFileSync(join(root, 'e/f00007'), '');
  writeFileSync(join(root, 'b/f00007'), '');
  const ahead = LookAhead.of(all, root, threads(2));
  expect(jobs.map(({ from, step }) => [from, step])).toEqual([[4, 2], [3, 2]]); // prettier-ignore
  // The main thread is at the second folder before the others begin.
  expect(ahead?.statAt(memoryAt(all[1]!, 'f00007'))).toBeUndefined();
  for (const job of jobs) lookAhead(job);
  expect(ahead?.statAt(memoryAt(all[1]!, 'f00007'))).toBeUndefined();
  expect(ahead?.statAt(memoryAt(all[4]!, 'f00007'))).toMatchObject({ size: 0 });
  ahead?.end();
});

test('after its end nothing is looked at any more', () => {
  const all = ['a', 'b'].map((folder) => section(folder, MANY));
  const ahead = LookAhead.of(all, root, threads(1));
  ahead?.end();
  let looked = 0;
  const [job] = jobs;
  const port = { postMessage: () => (looked += 1), close: () => undefined } as unknown as LookAheadInput['port'];
  lookAhead({ ...job!, port });
  expect(looked).toBe(0);
});
