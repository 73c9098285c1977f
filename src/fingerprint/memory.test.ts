import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const COUNT = 100_000;
const MOST_BYTES = 300 * 1024 * 1024;

/** Walks a folder and says how much memory the process had at its largest. */
const PROGRAM = `
  const [file, indexes, kit, hashes, fixture, sinks] = await Promise.all(JSON.parse(process.argv[1]).map((each) => import(each)));
  const [, , root, isStored] = process.argv;
  const blake3 = await kit.loadBlake3();
  const index = indexes.openStatIndex(root + '/.index', root, await hashes.loadXxh64Raw());
  const writer = fixture.openStore(root, blake3).writer();
  const how = { follow: false, ...(isStored === 'stored' && { sink: sinks.storeSink(writer) }) };
  const options = { root, index, blake3, ignored: () => false, now: () => Date.now() + 60000 };
  const entry = await file.fingerprintPath('data', how, options);
  await writer.finish();
  index.save();
  console.log(JSON.stringify({ ...entry, bytes: process.resourceUsage().maxRSS * 1024 }));`;

test('a folder of 100,000 files is stored, and looked at again, within 300 MB', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-memory-')));
  const modules = ['./file.ts', '../index/stat-index.ts', '../kit/blake3.ts', '../kit/xxhash.ts', '../store/store.fixture.ts', '../run/sink.ts'].map((each) => pathToFileURL(join(import.meta.dirname, each)).href); // prettier-ignore
  const walk = async (isStored: string): Promise<{ digest: string; files: number; bytes: number }> => {
    const options = ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, JSON.stringify(modules), root, isStored];
    return JSON.parse((await promisify(execFile)(process.execPath, options)).stdout);
  };
  try {
    mkdirSync(join(root, 'data'));
    for (let at = 0; at < COUNT; at += 1) writeFileSync(join(root, `data/sample-${String(at)}.json`), String(at));
    const first = await walk('stored');
    expect(first.files).toBe(COUNT);
    expect(first.bytes).toBeLessThan(MOST_BYTES);
    const second = await walk('looked at');
    expect(second.digest).toBe(first.digest);
    expect(second.bytes).toBeLessThan(MOST_BYTES);
    const third = await walk('stored');
    expect(third.digest).toBe(first.digest);
    expect(third.bytes).toBeLessThan(MOST_BYTES);
  } finally {
    rmSync(root, { recursive: true });
  }
}, 600_000);
