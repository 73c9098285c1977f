import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Place } from '../store/place/place.ts';
import type { Machine } from './fixture/share.ts';
import { addFolder, keysIn, machine, manyFiles, pushOptions, temporaryFolder } from './fixture/share.ts';
import { push } from './push.ts';
import { aged, collect, DAY_MS, arrives } from './upkeep/fixture/collect.ts';

const leasesIn = (folder: string): string[] => keysIn(folder, 'v1/leases');

async function pushFiles(on: Machine, files: ReturnType<typeof manyFiles>): Promise<void> {
  const entry = await addFolder(on.store, files);
  await push(on.remote, on.store, pushOptions([{ entry, path: 'data' }]));
}

test('a push removes the lease that the last one has left, when its own names all that that one named', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  await pushFiles(a, manyFiles(20));
  const first = leasesIn(folder);
  expect(first).toHaveLength(1);
  for (let at = 0; at < 3; at += 1) await pushFiles(a, manyFiles(20));
  expect(leasesIn(folder)).toHaveLength(1);
  expect(leasesIn(folder)).not.toEqual(first);
  // The new files lie in another pack; the old one is relied on still.
  await pushFiles(a, manyFiles(25));
  expect(leasesIn(folder)).toHaveLength(1);
});

test('a lease stays that names what the next push does not rely on, and so does that of another machine', async () => {
  const folder = temporaryFolder();
  const [a, b] = [machine(folder), machine(folder)];
  await pushFiles(a, manyFiles(20, 'one'));
  await pushFiles(b, manyFiles(20, 'one'));
  expect(leasesIn(folder)).toHaveLength(2);
  for (const salt of ['two', 'three', 'four']) await pushFiles(a, manyFiles(20, salt));
  // The second names what the first has relied on; the third does not name what the second has.
  expect(leasesIn(folder)).toHaveLength(4);
});

test('a push of nothing leaves no lease', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  await push(a.remote, a.store, pushOptions([]));
  expect(leasesIn(folder)).toEqual([]);
});

test('where nothing may be removed, the leases of earlier pushes stay, and pushing goes on', async () => {
  const folder = temporaryFolder();
  const wrap = (place: Place): Place => ({ ...place, remove: () => Promise.reject(new Error('no')) });
  const a = machine(folder, { wrap });
  for (let at = 0; at < 3; at += 1) await pushFiles(a, manyFiles(20));
  expect(leasesIn(folder)).toHaveLength(3);
});

test('what a push relied on stays for the time of grace, though the lease that named it first has been removed', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entry = await addFolder(a.store, manyFiles(20));
  for (let at = 0; at < 2; at += 1) await push(a.remote, a.store, pushOptions([{ entry, path: 'data' }]));
  expect(leasesIn(folder)).toHaveLength(1);
  const collector = machine(folder, { wrap: aged });
  expect((await collect(collector, [], { graceMs: DAY_MS })).counts).toMatchObject({ objects: 0, relied: 21 });
  expect(await arrives(folder, entry, manyFiles(20))).toBe(true);
});

test('leases that were not written for a month go when tables are compacted', async () => {
  const folder = temporaryFolder();
  const [a, b] = [machine(folder), machine(folder)];
  await pushFiles(b, manyFiles(5, 'b'));
  const [left] = leasesIn(folder);
  const month = new Date(Date.now() - 31 * DAY_MS);
  utimesSync(join(folder, left!), month, month);
  for (let at = 0; at < 16; at += 1) await pushFiles(a, manyFiles(5, String(at)));
  expect(keysIn(folder, 'v1/tables')).toHaveLength(1);
  expect(leasesIn(folder)).not.toContain(left);
});
