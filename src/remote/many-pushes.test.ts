import { expect, test } from 'vitest';
import type { Place } from '../store/place/place.ts';
import type { Entry } from '../store/tree.ts';
import { fetchRoots } from './fetch.ts';
import type { Machine } from './fixture/share.ts';
import {
  addFolder,
  again,
  asRead,
  keysIn,
  machine,
  pushOptions,
  readFolder,
  temporaryFolder,
} from './fixture/share.ts';
import { push } from './push.ts';

/** As many as take some seconds: what grows with them shows. */
const PUSHES = 200;

/** Files of tables, and packs that are in none of them, that a remote may have whatever its number of packs. */
const MOST_TABLES = 8;
const MOST_UNLISTED = 16;

/** A machine, and the requests that it makes: how, and where to. */
function watched(folder: string): Machine & { readonly asked: string[] } {
  const asked: string[] = [];
  const wrap = (place: Place): Place => ({
    ...place,
    read: (key, range) => {
      asked.push(`read ${key}`);
      return place.read(key, range);
    },
    stat: (key) => {
      asked.push(`stat ${key}`);
      return place.stat(key);
    },
    write: (key, pieces, options) => {
      asked.push(`write ${key}`);
      return place.write(key, pieces, options);
    },
    remove: (keys) => {
      asked.push(...keys.map((key) => `remove ${key}`));
      return place.remove(keys);
    },
    list: (prefix) => {
      asked.push(`list ${prefix}`);
      return place.list(prefix);
    },
  });
  return { ...machine(folder, { wrap }), asked };
}

/** What a machine with nothing asks for to get folders. */
async function pull(folder: string, roots: readonly Entry[]): Promise<string[]> {
  const fresh = watched(folder);
  const came = await fetchRoots(fresh.remote, fresh.store, { roots: roots.map((entry) => ({ entry })) });
  expect([came.absent.count, came.wrong.count]).toEqual([0, 0]);
  for (const [at, entry] of roots.entries())
    expect(readFolder(again(fresh).store, entry)).toEqual(asRead({ only: `push ${at}` }));
  return fresh.asked;
}

test(`after ${PUSHES} pushes neither a push nor a pull asks for more than a number that has an end`, async () => {
  const folder = temporaryFolder();
  const a = watched(folder);
  const entries: Entry[] = [];
  const pushOne = async (): Promise<number> => {
    a.asked.length = 0;
    const entry = await addFolder(a.store, { only: `push ${entries.length}` });
    entries.push(entry);
    const sent = await push(a.remote, a.store, pushOptions([{ entry, path: 'data' }]));
    expect(sent).toMatchObject({ objects: 2, packs: 1, missing: [] });
    return a.asked.length;
  };
  const first = await pushOne();
  const early = await pull(folder, entries);
  const requests: number[] = [];
  while (entries.length < PUSHES) requests.push(await pushOne());
  // Most ask for as much as the first one; every now and then one writes a file of tables for all before it.
  expect(requests.filter((count) => count > first + 2).length).toBeLessThan(PUSHES / (MOST_UNLISTED / 2));
  expect(Math.max(...requests)).toBeLessThan(first + 2 * MOST_TABLES);
  expect(keysIn(folder, 'v1/packs')).toHaveLength(PUSHES);
  expect(keysIn(folder, 'v1/tables').length).toBeLessThanOrEqual(MOST_TABLES);

  const late = await pull(folder, entries.slice(0, 1));
  const lists = (asked: readonly string[]): string[] => asked.filter((each) => each.startsWith('list '));
  expect(lists(late)).toEqual(lists(early));
  expect(late.length).toBeLessThanOrEqual(early.length + MOST_TABLES + MOST_UNLISTED);
  // Whoever wants all of it reads each pack once.
  expect((await pull(folder, entries)).length).toBeLessThanOrEqual(PUSHES + lists(early).length + MOST_TABLES + MOST_UNLISTED); // prettier-ignore

  const b = watched(folder);
  expect((await b.remote.look()).rows.packs.length).toBe(PUSHES);
  b.asked.length = 0;
  await b.remote.look();
  expect(b.asked.filter((each) => !each.startsWith('list '))).toEqual([]);
}, 120_000);
