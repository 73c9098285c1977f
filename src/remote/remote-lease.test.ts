import { expect, onTestFinished, test, vi } from 'vitest';
import { openFolder } from '../store/place/folder.ts';
import { PipeError } from '../problem/problem.ts';
import type { Place } from '../store/place/place.ts';
import { addFolder, keysIn, machine, manyFiles, pushOptions, readFolder, temporaryFolder } from './fixture/share.ts';
import { fetchRoots } from './fetch.ts';
import { push } from './push.ts';
import { openRemoteLease } from './remote-lease.ts';

const { signal } = new AbortController();

function tombstone(place: Place, keys: readonly string[], name = 'host+boot+1+1+00000000'): Promise<boolean> {
  const text = JSON.stringify({ schema: 'pipe.tombstone/1', at: 0, keys });
  return place.write(`v1/tombstones/${name}`, [Buffer.from(text)]);
}

/** Something that is called, and waited for. */
function signalled(): { readonly call: () => void; readonly called: Promise<void>; readonly times: () => number } {
  let times = 0;
  let resolve = (): void => undefined;
  const called = new Promise<void>((done) => {
    resolve = done;
  });
  const call = (): void => {
    times += 1;
    resolve();
  };
  return { call, called, times: () => times };
}

test('a lease names what it covers without v1/, and stays when it ends', async () => {
  const folder = temporaryFolder();
  const place = openFolder({ root: folder });
  const lease = await openRemoteLease(place, { signal });
  lease.add(['v1/packs/a', 'v1/loose/b']);
  expect(lease.covers(['v1/packs/a'])).toBe(false);
  expect(await lease.settle()).toBe(false);
  expect(lease.covers(['v1/packs/a', 'v1/loose/b'])).toBe(true);
  expect(lease.covers(['v1/packs/c'])).toBe(false);
  const [key] = keysIn(folder);
  const read = async () =>
    JSON.parse((await place.read(key!))!.toString()) as { schema: string; at: number; keys: string[] };
  const written = await read();
  expect(written).toEqual({ schema: 'pipe.lease/1', at: written.at, keys: ['packs/a', 'loose/b'] });
  expect(await lease.finish()).toBe(true);
  await lease.close();
  expect(await read()).toMatchObject({ keys: ['packs/a', 'loose/b'], ended: true });
  expect(Math.abs(written.at - (await place.now()))).toBeLessThan(60_000);
});

test('a lease of a push that did not come to its end goes', async () => {
  const folder = temporaryFolder();
  const lease = await openRemoteLease(openFolder({ root: folder }), { signal });
  lease.add(['v1/packs/a']);
  await lease.settle();
  expect(keysIn(folder)).toHaveLength(1);
  await lease.close();
  expect(keysIn(folder)).toEqual([]);
});

test('where nothing may be removed, a lease of a push that did not come to its end names nothing any more', async () => {
  const folder = temporaryFolder();
  const place = openFolder({ root: folder });
  const denied = new PipeError({ code: 'PIPE_REMOTE_DENIED', message: 'no' });
  const lease = await openRemoteLease({ ...place, remove: () => Promise.reject(denied) }, { signal });
  lease.add(['v1/packs/a']);
  await lease.settle();
  await lease.close();
  const [key] = keysIn(folder);
  expect(JSON.parse((await place.read(key!))!.toString())).toMatchObject({ keys: [], ended: true });
});

test('a lease that names nothing is not written, and is in no way, however long the machine slept', async () => {
  const folder = temporaryFolder();
  const lease = await openRemoteLease(openFolder({ root: folder }), { signal });
  const wall = vi.spyOn(Date, 'now');
  onTestFinished(() => {
    wall.mockRestore();
  });
  wall.mockReturnValue(Date.now() + 16 * 60_000);
  expect(await lease.settle()).toBe(false);
  expect(lease.holds()).toBe(true);
  expect(await lease.finish()).toBe(true);
  await lease.close();
  expect(keysIn(folder)).toEqual([]);
});

test.each(['the clock went on', 'the clock went on while it was written'])(
  'a lease that was not written for long does not hold: %s',
  async (when) => {
    const place = openFolder({ root: temporaryFolder() });
    let sleeps = false;
    const wall = vi.spyOn(Date, 'now');
    onTestFinished(() => {
      wall.mockRestore();
    });
    const sleep = (): void => {
      const woken = Date.now() + 16 * 60_000;
      wall.mockImplementation(() => woken);
    };
    const sleepy: Place = {
      ...place,
      async write(...args) {
        const isWritten = await place.write(...args);
        if (sleeps) sleep();
        sleeps = false;
        return isWritten;
      },
    };
    const lease = await openRemoteLease(sleepy, { signal });
    lease.add(['v1/packs/a']);
    await lease.settle();
    expect(lease.holds()).toBe(true);
    if (when.includes('written')) sleeps = true;
    else sleep();
    lease.add(['v1/packs/b']);
    if (sleeps) await lease.settle();
    expect(lease.holds()).toBe(false);
    // It has not ended, and all is to be looked at again.
    expect(await lease.finish()).toBe(false);
    expect(await lease.settle()).toBe(true);
    expect(lease.holds()).toBe(true);
    expect(await lease.finish()).toBe(true);
    await lease.close();
  },
);

test('a tombstone that names a key is waited for; one that names others is not', async () => {
  const place = openFolder({ root: temporaryFolder() });
  await tombstone(place, ['packs/other']);
  const waits = signalled();
  const lease = await openRemoteLease(place, { signal, onWait: waits.call });
  lease.add(['v1/packs/mine']);
  expect(await lease.settle()).toBe(false);
  await tombstone(place, ['packs/mine']);
  const waiting = lease.settle();
  await waits.called;
  await place.remove(['v1/tombstones/host+boot+1+1+00000000']);
  expect(await waiting).toBe(true);
  expect(waits.times()).toBe(1);
  await lease.close();
});

test.each([
  ['makes no sense', 'rubbish'],
  ['is of another kind', '{"schema":"pipe.tombstone/9","keys":[]}'],
])('a tombstone that %s counts as naming everything', async (_, text) => {
  const place = openFolder({ root: temporaryFolder() });
  await place.write('v1/tombstones/x', [Buffer.from(text)]);
  const waits = signalled();
  const lease = await openRemoteLease(place, { signal, onWait: waits.call });
  expect(await lease.settle()).toBe(false);
  lease.add(['v1/packs/mine']);
  const waiting = lease.settle();
  await waits.called;
  await place.remove(['v1/tombstones/x']);
  expect(await waiting).toBe(true);
  await lease.close();
});

test('a tombstone of a collection that died is removed', async () => {
  const place = openFolder({ root: temporaryFolder() });
  await tombstone(place, ['packs/mine']);
  const late: Place = { ...place, now: async () => (await place.now()) + 21 * 60_000 };
  const lease = await openRemoteLease(late, { signal });
  lease.add(['v1/packs/mine']);
  expect(await lease.settle()).toBe(false);
  expect(await place.stat('v1/tombstones/host+boot+1+1+00000000')).toBeUndefined();
  await lease.close();
});

test('waiting ends when somebody asks to stop', async () => {
  const place = openFolder({ root: temporaryFolder() });
  await tombstone(place, ['packs/mine']);
  const stop = new AbortController();
  const lease = await openRemoteLease(place, { signal: stop.signal });
  lease.add(['v1/packs/mine']);
  const waiting = lease.settle();
  stop.abort('SIGINT');
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await lease.close();
});

test('what a collection removes just when a push relies on it is sent again', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const entry = await addFolder(a.store, manyFiles(40));
  const options = pushOptions([{ entry, path: 'data' }]);
  await push(a.remote, a.store, options);
  const [pack] = keysIn(folder).filter((key) => key.endsWith('.pack'));
  // It has read all leases before this push wrote its own, and removes the pack while the push waits.
  await tombstone(a.place, [pack!.slice('v1/'.length)]);
  const b = machine(folder);
  const onWait = (): void => {
    void a.place.remove([pack!]).then(() => a.place.remove(['v1/tombstones/host+boot+1+1+00000000']));
  };
  const sent = await push(a.remote, a.store, { ...options, onWait });
  expect(sent.objects).toBe(41);
  await fetchRoots(b.remote, b.store, { roots: [{ entry }] });
  expect(readFolder(b.store, entry)).toBeDefined();
});

test('whatever a push relies on or writes stands in a lease before it is relied on or written', async () => {
  const folder = temporaryFolder();
  const order: string[] = [];
  const a = machine(folder, {
    wrap: (place) => ({
      ...place,
      write: async (key, pieces, options) => {
        const name = key.includes('/leases/') ? `lease ${JSON.stringify(parseKeys(pieces))}` : `write ${key}`;
        order.push(name);
        return place.write(key, pieces, options);
      },
      list: (prefix) => {
        order.push(`list ${prefix}`);
        return place.list(prefix);
      },
    }),
  });
  const first = await addFolder(a.store, manyFiles(40));
  await push(a.remote, a.store, pushOptions([{ entry: first, path: 'data' }]));
  const second = await addFolder(a.store, { ...manyFiles(40), more: 'more' });
  order.length = 0;
  await push(a.remote, a.store, pushOptions([{ entry: second, path: 'data' }]));
  const covered = new Set<string>();
  let isChecked = false;
  for (const step of order) {
    if (step.startsWith('lease ')) {
      for (const key of JSON.parse(step.slice(6)) as string[]) covered.add(`v1/${key}`);
      isChecked = false;
    }
    if (step === 'list v1/tombstones/') isChecked = true;
    if (step.startsWith('write v1/')) expect([covered.has(step.slice(6)), isChecked]).toEqual([true, true]);
  }
  const packs = keysIn(folder).filter((key) => key.endsWith('.pack'));
  expect(packs).toHaveLength(2);
  for (const pack of packs) expect(covered).toContain(pack);
  // The last look at the packs comes after the lease that names them and the look for tombstones.
  const lastLook = order.lastIndexOf('list v1/packs/');
  expect(order.slice(0, lastLook)).toContain('list v1/tombstones/');
});

function parseKeys(pieces: readonly Uint8Array[]): string[] {
  return (JSON.parse(Buffer.concat(pieces).toString()) as { keys: string[] }).keys;
}
