import { describe, expect, test } from 'vitest';
import type { Place } from '../../store/place/place.ts';
import { addFolder, keysIn, machine, manyFiles, pushOptions, temporaryFolder } from '../fixture/share.ts';
import { push } from '../push.ts';
import { openRemoteLease } from '../remote-lease.ts';
import { collectRemote } from './collect-remote.ts';
import { aged, arrives, collect, DAY_MS, large, pushed } from './fixture/collect.ts';
import { beginRemoteUpkeep } from './remote-upkeep.ts';

describe('what was pushed lately stays', () => {
  test('for the grace period, by the clock of the remote', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const files = { ...manyFiles(30), big: large() };
    const entry = await pushed(a, files);
    expect((await collect(a, [], { graceMs: DAY_MS })).counts).toMatchObject({ objects: 0, recent: 32 });
    const late = machine(folder, {
      wrap: (place) => ({ ...place, now: async () => (await place.now()) + 2 * DAY_MS }),
    });
    expect((await collect(late, [], { graceMs: 3 * DAY_MS })).counts).toMatchObject({ objects: 0 });
    expect(await arrives(folder, entry, files)).toBe(true);
    expect((await collect(late, [], { graceMs: DAY_MS })).counts).toMatchObject({ objects: 32 });
    expect(keysIn(folder)).toEqual([]);
  });

  test('what a push that runs relies on stays without any grace', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const files = manyFiles(30);
    const entry = await pushed(a, files);
    const [pack] = keysIn(folder).filter((key) => key.endsWith('.pack'));
    const lease = await openRemoteLease(a.place, { signal: a.remote.signal });
    lease.add([pack!]);
    await lease.settle();
    expect((await collect(a, [])).counts).toMatchObject({ objects: 0, recent: 31 });
    await lease.end(true);
    expect(await arrives(folder, entry, files)).toBe(true);
    expect((await collect(a, [])).counts).toMatchObject({ objects: 31 });
  });

  test('a lease that makes no sense counts as naming everything', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    await pushed(a, manyFiles(30));
    await a.place.write('v1/leases/x', [Buffer.from('{"schema":"pipe.lease/9"}')]);
    expect((await collect(a, [])).counts).toMatchObject({ objects: 0, recent: 31 });
  });
});

describe('a push beside a collection that reuses an old object nobody needs', () => {
  /** Gets in the way of one call of a place, once. */
  function once(
    when: 'write' | 'remove' | 'list',
    isMeant: (keys: readonly string[]) => boolean,
    work: () => Promise<void>,
  ) {
    let isDone = false;
    const trip = async (keys: readonly string[]): Promise<void> => {
      if (isDone || !isMeant(keys)) return;
      isDone = true;
      await work();
    };
    return (place: Place): Place => ({
      ...place,
      async write(key, ...rest) {
        if (when === 'write') await trip([key]);
        return place.write(key, ...rest);
      },
      async remove(keys) {
        if (when === 'remove') await trip(keys);
        return place.remove(keys);
      },
      async *list(prefix) {
        if (when === 'list') await trip([prefix]);
        yield* place.list(prefix);
      },
    });
  }

  const files = { ...manyFiles(30), big: large() };
  const isPack = (keys: readonly string[]): boolean => keys.some((key) => key.endsWith('.pack'));

  test.each([
    ['before anything is condemned', 'list', (keys: readonly string[]) => keys[0] === 'v1/packs/'],
    ['when leases are read', 'list', (keys: readonly string[]) => keys[0] === 'v1/leases/'],
    ['when the tombstone is written', 'write', (keys: readonly string[]) => keys[0]!.includes('/tombstones/')],
  ] as const)('%s loses nothing', async (_, when, isMeant) => {
    const folder = temporaryFolder();
    const entry = await pushed(machine(folder), files);
    const b = machine(folder);
    await addFolder(b.store, files);
    const wrap = once(when, isMeant, async () => {
      await push(b.remote, b.store, pushOptions([{ entry, path: 'data' }]));
    });
    // The push has ended when the collection reads leases: it counts for the grace period, and is older than no day.
    await collect(machine(folder, { wrap: (place) => aged(wrap(place)) }), [], { graceMs: DAY_MS });
    expect(await arrives(folder, entry, files)).toBe(true);
  });

  test('too late, waits for it, and sends again what has gone', async () => {
    const folder = temporaryFolder();
    const entry = await pushed(machine(folder), files);
    const b = machine(folder);
    await addFolder(b.store, files);
    let waiting = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    let pushing: Promise<unknown> | undefined;
    const wrap = once('remove', isPack, async () => {
      pushing = push(b.remote, b.store, { ...pushOptions([{ entry, path: 'data' }]), onWait: waiting });
      await waits;
    });
    expect((await collect(machine(folder, { wrap }), [])).counts.objects).toBe(32);
    expect(await pushing).toMatchObject({ objects: 32, missing: [] });
    expect(await arrives(folder, entry, files)).toBe(true);
  });
});

describe('one collection at a time', () => {
  test('a second one says that the remote is busy, and takes its tombstone back', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    const upkeep = await beginRemoteUpkeep(a.remote, { graceMs: 0 });
    await expect(beginRemoteUpkeep(machine(folder).remote, { graceMs: 0, waitMs: 0 })).rejects.toThrow(
      'PIPE_REMOTE_BUSY',
    );
    expect(keysIn(folder).filter((key) => key.includes('/tombstones/'))).toHaveLength(1);
    await upkeep.end();
    await (await beginRemoteUpkeep(a.remote, { graceMs: 0, waitMs: 0 })).end();
    expect(keysIn(folder).filter((key) => key.includes('/tombstones/'))).toEqual([]);
  });

  test('one that died long ago is in nobody’s way', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    await a.place.write('v1/tombstones/elsewhere+boot+1+1+00000000', [Buffer.from('{}')]);
    const late = machine(folder, {
      wrap: (place) => ({ ...place, now: async () => (await place.now()) + 21 * 60_000 }),
    });
    await (await beginRemoteUpkeep(late.remote, { graceMs: 0, waitMs: 0 })).end();
    expect(keysIn(folder)).toEqual([]);
  });

  test('when somebody asks to stop, the tombstone goes', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    await pushed(a, manyFiles(30));
    const stop = new AbortController();
    const before = keysIn(folder).filter((key) => !key.includes('/leases/'));
    const stopped = {
      ...a.remote,
      signal: stop.signal,
      place: { ...a.place, remove: (keys: readonly string[]) => {
        if (stop.signal.aborted) return Promise.reject(new DOMException('stopped', 'AbortError'));
        return a.place.remove(keys);
      } },
      lasting: () => Promise.resolve(a.place),
    }; // prettier-ignore
    const roots = () => Promise.resolve([]);
    const confirm = () => {
      stop.abort('SIGINT');
      return Promise.resolve(true);
    };
    await expect(collectRemote(stopped, a.store, { roots, graceMs: 0, confirm })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(keysIn(folder).filter((key) => !key.includes('/leases/'))).toEqual(before);
  });
});
