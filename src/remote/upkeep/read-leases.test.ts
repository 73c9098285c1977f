import { expect, test } from 'vitest';
import type { Place, PlaceEntry } from '../../store/place/place.ts';
import { machine, temporaryFolder } from '../fixture/share.ts';
import { openRemoteLease } from '../remote-lease.ts';
import { DAY_MS } from './fixture/collect.ts';
import { readLeases } from './read-leases.ts';

const MIB = 1 << 20;

/** A place with notes of some sizes, of which none may be read. */
function withNotes(sizes: readonly number[], { modifiedAt = Date.now(), isRead = false } = {}): Place {
  const { place } = machine(temporaryFolder());
  return {
    ...place,
    async *list(prefix): AsyncGenerator<PlaceEntry[]> {
      await Promise.resolve();
      if (/leases|tombstones/.test(prefix))
        yield sizes.map((size, at) => ({ key: `${prefix}${at}`, size, modifiedAt }));
    },
    read: () =>
      isRead ? Promise.resolve(Buffer.from('{"schema":"pipe.lease/1","keys":[]}')) : Promise.reject(new Error('read')),
  };
}

test('a lease of very many bytes is not read, and counts as naming everything', async () => {
  const leases = await readLeases(withNotes([700 * MIB]), 0);
  expect(leases.has('v1/packs/any')).toBe(true);
  expect(leases.stale).toEqual([]);
});

test('leases of very many bytes together count as naming everything', async () => {
  const leases = await readLeases(
    withNotes(
      Array.from({ length: 20 }, () => 60 * MIB),
      { isRead: true },
    ),
    0,
  );
  expect(leases.has('v1/packs/any')).toBe(true);
});

test('one that does not count any more is superfluous, whatever its size', async () => {
  const leases = await readLeases(withNotes([700 * MIB], { modifiedAt: Date.now() - 2 * DAY_MS }), 0);
  expect(leases.has('v1/packs/any')).toBe(false);
  expect(leases.stale).toHaveLength(1);
});

test('what is no text in a lease or a tombstone is no key', async () => {
  const { place } = machine(temporaryFolder());
  const keys = '["packs/x",{"toString":1,"valueOf":1},[[]],null]';
  await place.write('v1/leases/x', [Buffer.from(`{"schema":"pipe.lease/1","keys":${keys}}`)]);
  const leases = await readLeases(place, 0);
  expect([leases.has('v1/packs/x'), leases.has('v1/packs/y')]).toEqual([true, false]);
  await place.write('v1/tombstones/x', [Buffer.from(`{"schema":"pipe.tombstone/1","keys":${keys}}`)]);
  const lease = await openRemoteLease(place, { signal: new AbortController().signal });
  lease.add(['v1/packs/y']);
  expect(await lease.settle()).toBe(false);
  await lease.close();
});

test('a tombstone of very many bytes is not read, and counts as naming everything', async () => {
  const stop = new AbortController();
  const place = withNotes([700 * MIB]);
  const onWait = (): void => {
    stop.abort();
  };
  const lease = await openRemoteLease(place, { signal: stop.signal, onWait });
  lease.add(['v1/packs/mine']);
  await expect(lease.settle()).rejects.toMatchObject({ name: 'AbortError' });
  await lease.close();
});
