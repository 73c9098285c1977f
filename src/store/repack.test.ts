import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import type { StoreLayout } from './layout.ts';
import { storeLayout } from './layout.ts';
import { repack } from './repack.ts';
import { openStore, pack, texts } from './store.fixture.ts';
import { storedPacks } from './stored-objects.ts';
import { beginUpkeep } from './upkeep.ts';

const blake3 = await loadBlake3();
let folder: string;
let layout: StoreLayout;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-repack-'));
  layout = storeLayout(join(folder, 'cache'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Merges all packs into one; returns how many were taken out. */
async function merge(): Promise<number> {
  // Ends the lease that this process has on the store.
  for (const name of readdirSync(layout.leases)) rmSync(join(layout.leases, name));
  const upkeep = await beginUpkeep(layout, blake3);
  try {
    const packs = [...storedPacks(layout, blake3)].map(({ frames = [], ...each }) => {
      return { ...each, frames, dispose: (path: string): void => { rmSync(path); } }; // prettier-ignore
    });
    return await repack(packs, { layout, blake3, upkeep, isWanted: () => true });
  } finally {
    upkeep.end();
  }
}

test.for([2, 3, 7, 20])(
  '%d packs that could not go are merged again with what they were merged to, and nothing is lost',
  async (count) => {
    const digests: Digest[] = [];
    for (let at = 0; at < count; at += 1) {
      digests.push(...(await pack(openStore(folder, blake3), blake3, texts(20, `of ${String(at)}`))));
    }
    const before = readdirSync(layout.packs).map((name) => [name, readFileSync(join(layout.packs, name))] as const);
    expect(await merge()).toBe(count);
    const merged = readdirSync(layout.packs);
    expect(merged).toHaveLength(1);
    // A process relied on them, or the merge was killed before it took them out.
    for (const [name, bytes] of before) writeFileSync(join(layout.packs, name), bytes);
    expect(await merge()).toBe(count);
    expect(readdirSync(layout.packs)).toEqual(merged);
    const store = openStore(folder, blake3);
    expect(digests.filter((digest) => store.read(digest) === undefined)).toEqual([]);
  },
);
