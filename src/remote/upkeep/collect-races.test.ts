import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkAborted } from '../../kit/abort.ts';
import type { Place } from '../../store/place/place.ts';
import type { Machine } from '../fixture/share.ts';
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
    expect((await collect(a, [])).counts).toMatchObject({ objects: 0, recent: 0, relied: 31 });
    expect(await lease.finish()).toBe(true);
    await lease.close();
    expect(await arrives(folder, entry, files)).toBe(true);
    expect((await collect(a, [])).counts).toMatchObject({ objects: 31 });
  });

  test('a lease that makes no sense counts as naming everything', async () => {
    const folder = temporaryFolder();
    const a = machine(folder);
    await pushed(a, manyFiles(30));
    await a.place.write('v1/leases/x', [Buffer.from('{"schema":"pipe.lease/9"}')]);
    expect((await collect(a, [])).counts).toMatchObject({ objects: 0, recent: 0, relied: 31 });
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

describe('a push whose machine sleeps longer than the grace period beside a collection', () => {
  /** The machine sleeps when something is written for the first time that is meant; meanwhile somebody collects. */
  function sleeper(folder: string, isMeant: (key: string) => boolean): Machine {
    const late = machine(folder, {
      wrap: (place) => ({ ...place, now: async () => (await place.now()) + 2 * DAY_MS }),
    });
    let isDone = false;
    const sleep = async (key: string): Promise<void> => {
      if (isDone || !isMeant(key)) return;
      isDone = true;
      expect((await collect(late, [], { graceMs: DAY_MS })).counts.objects).toBeGreaterThan(0);
      const woken = Date.now() + 2 * DAY_MS;
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => woken);
      onTestFinished(() => {
        clock.mockRestore();
      });
    };
    return machine(folder, {
      wrap: (place) => ({
        ...place,
        async write(key, ...rest) {
          await sleep(key);
          return place.write(key, ...rest);
        },
        async writeLarge(key, ...rest) {
          await sleep(key);
          return place.writeLarge(key, ...rest);
        },
      }),
    });
  }

  const old = manyFiles(30);

  test.each([
    ['while it sends', (key: string) => key.includes('/loose/')],
    ['when it says that it has ended', undefined],
  ])('%s, looks again, and sends what has gone', async (_, isMeant) => {
    const folder = temporaryFolder();
    await pushed(machine(folder), old);
    let writes = 0;
    // The first lease names what is there, the second what is written, the third says that the push has ended.
    const b = sleeper(folder, isMeant ?? ((key) => key.includes('/leases/') && (writes += 1) === 3));
    const files = { old, big: large() };
    const entry = await addFolder(b.store, files);
    const sent = await push(b.remote, b.store, pushOptions([{ entry, path: 'data' }]));
    expect(sent.missing).toEqual([]);
    expect(await arrives(folder, entry, files)).toBe(true);
  });
});

test('a push that was stopped, or failed, relies on nothing: a collection takes out what it has sent', async () => {
  const folder = temporaryFolder();
  const stop = new AbortController();
  const a = machine(folder);
  const files = { ...manyFiles(30), big: large() };
  const entry = await addFolder(a.store, files);
  const place: Place = {
    ...a.place,
    async writeLarge(key, source) {
      await a.place.writeLarge(key, source);
      stop.abort('SIGINT');
      checkAborted(stop.signal);
    },
    write: (key, ...rest) => (stop.signal.aborted ? Promise.reject(aborted()) : a.place.write(key, ...rest)),
  };
  const stopped = { ...a.remote, place, signal: stop.signal, lasting: () => Promise.resolve(a.place) };
  const pushing = push(stopped, a.store, pushOptions([{ entry, path: 'data' }]));
  await expect(pushing).rejects.toMatchObject({ name: 'AbortError' });
  expect(keysIn(folder).some((key) => key.includes('/loose/'))).toBe(true);
  expect((await collect(a, [])).counts).toMatchObject({ relied: 0, recent: 0 });
  expect(keysIn(folder)).toEqual([]);
});

function aborted(): Error {
  return new DOMException('stopped', 'AbortError');
}

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
