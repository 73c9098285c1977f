import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Place } from '../store/place/place.ts';
import { openInPlace } from './place-data.ts';

/** A place whose reads end when so many run at once, or no more can. */
function placeOf(keys: readonly string[], together: number, broken?: string): { place: Place; most: () => number } {
  const entries = keys.map((key) => ({ key, size: 3, modifiedAt: 1, etag: '"x"' }));
  const waiting: (() => void)[] = [];
  let [now, most] = [0, 0];
  const place = {
    name: 's3://bucket',
    concurrency: together,
    stat: () => Promise.resolve(undefined),
    async *list() {
      yield await Promise.resolve(entries);
    },
    async read(key: string) {
      now += 1;
      most = Math.max(most, now);
      if (now < together) await new Promise<void>((resolve) => waiting.push(resolve));
      for (const go of waiting.splice(0)) go();
      now -= 1;
      return key === broken ? undefined : Buffer.from('abc');
    },
  } as unknown as Place;
  return { place, most: () => most };
}

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'pipe-place-')), 'data');

test('the files of a folder come as many at once as the place can do', async () => {
  const { place, most } = placeOf(Array.from({ length: 40 }, (_, at) => `d/f${String(at)}`), 8); // prettier-ignore
  const target = fresh();
  await openInPlace(place, 'd', await loadBlake3()).download(target, () => undefined);
  expect(most()).toBe(8);
  expect(readFileSync(join(target, 'f39'), 'utf8')).toBe('abc');
});

test('one that fails fails the whole', async () => {
  const { place } = placeOf(['d/a', 'd/b', 'd/c'], 1, 'd/b');
  const data = openInPlace(place, 'd', await loadBlake3());
  await expect(data.download(fresh(), () => undefined)).rejects.toThrow(/changed while it was read/);
});

test.each([[['d/a', 'd/a/b']], [['d/a/b/c', 'd/a']]])('what no disk can hold is named: %j', async (keys) => {
  const data = openInPlace(placeOf(keys, 1).place, 'd', await loadBlake3());
  await expect(data.download(fresh(), () => undefined)).rejects.toThrow(/PIPE_NAME_UNSAFE.*"d\/a" as a file/);
});
