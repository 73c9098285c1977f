import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault, FaultProxy } from '../../test/rig/fault-proxy.ts';
import { seededFaults, startFaultProxy } from '../../test/rig/fault-proxy.ts';
import { FAULT_SEED } from '../../test/rig/fault-seed.ts';
import type { Minio } from '../../test/rig/s3.ts';
import { startMinio } from '../../test/rig/s3.ts';
import { PipeError } from '../problem/problem.ts';
import type { Place } from '../store/place/place.ts';
import { openS3 } from '../store/place/s3.ts';
import type { Entry } from '../store/tree.ts';
import { fetchRoots } from './fetch.ts';
import type { Files, Machine } from './fixture/share.ts';
import { addFolder, again, asRead, machine, manyFiles, pushOptions, readFolder } from './fixture/share.ts';
import { push } from './push.ts';
import { aged, collect, DAY_MS } from './upkeep/fixture/collect.ts';
import { undoRemoteTrash } from './upkeep/remote-trash.ts';
import { beginRemoteUpkeep } from './upkeep/remote-upkeep.ts';

const SCHEDULES = 200;

/** What went well in spite of faults, over all schedules. */
const went = { push: 0, pushBeside: 0, pull: 0, collection: 0, undo: 0, verify: 0, removed: 0, broughtBack: 0 };
type Work = keyof typeof went;

/** Far less than what goes well; where less does, the schedules try failures alone. */
const LEAST: Readonly<Record<Work, number>> = {
  push: 200,
  pushBeside: 100,
  pull: 100,
  collection: 100,
  removed: 100,
  undo: 30,
  broughtBack: 30,
  verify: 15,
};

const FAULTS: readonly Fault[] = [
  'drop',
  'cut',
  'lose',
  'truncate',
  'corrupt-up',
  'corrupt-down',
  '503',
  '500',
  'delay',
];

/** Silence costs the time that is waited for an answer: it falls in some of the schedules alone. */
const WITH_STALLS: readonly Fault[] = [...FAULTS, 'stall'];
const WAIT_S = 0.5;

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('faults');
  proxy = await startFaultProxy(minio.url);
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
}, 120_000);

function open(prefix: string, endpoint: string, readTimeout?: number): Place {
  const options = { bucket: 'faults', prefix, endpoint, env: {}, ...minio.root, pauseMs: 1, jobs: 8, readTimeout };
  return openS3(options);
}

/** What may be said of a remote that answers badly; nothing else may be. */
const SAID = /^PIPE_(?:REMOTE_(?:FAILED|UNREACHABLE|FORMAT|BUSY|CREDENTIALS|DENIED)|STORE_DAMAGED)$/;

/** Whether something succeeded, which is counted; what fails says why. */
async function tried(what: Work, work: () => Promise<unknown>, story: string): Promise<boolean> {
  try {
    if ((await work()) === false) return false;
    went[what] += 1;
    return true;
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    for (const { code } of error.problems) expect(code, `${story}: ${error.message}`).toMatch(SAID);
    return false;
  }
}

async function send(on: Machine, files: Files): Promise<Entry> {
  const entry = await addFolder(on.store, files);
  const { missing } = await push(on.remote, on.store, pushOptions([{ entry, path: 'data' }]));
  expect(missing).toEqual([]);
  return entry;
}

/** A folder that was sent, and by which schedule. */
interface Sent {
  readonly entry: Entry;
  readonly files: Files;
  readonly story: string;
}

/** Fetches a folder; what comes is right, whatever the remote answered. */
async function bring(on: Machine, { entry, files, story }: Sent): Promise<boolean> {
  const came = await fetchRoots(on.remote, on.store, { roots: [{ entry }] });
  if (came.absent.count + came.wrong.count > 0) return false;
  expect(readFolder(again(on).store, entry), story).toEqual(asRead(files));
  return true;
}

function hasStalls(seed: number): boolean {
  return seed % 10 === 0;
}

/** A file that goes by itself, in parts, or with others. */
function fileOf(seed: number, story: string): Files {
  if (seed % 50 === 0) return { parts: Buffer.alloc(34 << 20, story) };
  return seed % 8 === 0 ? { large: Buffer.alloc(5 << 20, story) } : { mid: Buffer.alloc(80_000, story) };
}

async function undo(on: Machine): Promise<void> {
  const upkeep = await beginRemoteUpkeep(on.remote, { graceMs: 0 });
  try {
    if ((await undoRemoteTrash(on.remote, upkeep)) !== undefined) went.broughtBack += 1;
  } finally {
    await upkeep.end();
  }
}

async function schedule(seed: number): Promise<void> {
  const story = `FAULT_SEED=${seed}`;
  const prefix = `seed${seed}`;
  const [bad, good] = [open(prefix, proxy.url, hasStalls(seed) ? WAIT_S : undefined), open(prefix, minio.url)];
  const mid = fileOf(seed, story);
  const [old, kept] = [manyFiles(12, `${story} old`), { ...manyFiles(12, `${story} new`), ...mid }];
  const gone = manyFiles(12, `${story} gone`);
  const [a, b, c] = [machine(bad), machine(bad), machine(bad)];
  const collector = machine(bad, { wrap: aged });
  const [oldEntry, keptEntry] = [await addFolder(a.store, old), await addFolder(a.store, kept)];

  const roots = [oldEntry, keptEntry].map((entry) => ({ entry, path: 'data' }));
  const isThere = await tried('push', () => push(a.remote, a.store, pushOptions(roots)), story);
  const forgotten: { entry?: Entry } = {};
  const isSent = await tried('push', async () => (forgotten.entry = await send(a, gone)), `${story} gone`);
  // It was long ago: no lease of it counts any more.
  for await (const page of good.list('v1/leases/')) await good.remove(page.map(({ key }) => key));
  // Old objects are relied on again while they are collected: the push comes before, beside, or after.
  await addFolder(b.store, old);
  const state = { isPushed: false };
  const pushing = async (): Promise<void> => {
    state.isPushed = await tried('pushBeside', () => send(b, old), `${story} beside gc`);
  };
  const trash = seed % 3 === 0 ? { trashDays: 1 } : {};
  const collecting = (): Promise<boolean> =>
    tried(
      'collection',
      async () => {
        const { counts } = await collect(collector, [keptEntry], { graceMs: DAY_MS, ...trash });
        if (counts.objects > 0) went.removed += 1;
      },
      story,
    );
  const pulling = (): Promise<boolean> =>
    tried('pull', () => bring(c, { entry: keptEntry, files: kept, story }), story);
  const isAfter = seed % 4 === 1;
  const [isCollected] = await Promise.all([collecting(), pulling(), isAfter ? undefined : pushing()]);
  if (isAfter) await pushing();
  // What was taken out is back as a whole, or it is told that it is not.
  const isUndone =
    'trashDays' in trash && isThere && isCollected && (await tried('undo', () => undo(machine(bad)), story));
  // What the connection makes of right bytes is no reason to lose any.
  if (seed % 5 === 0)
    await tried(
      'verify',
      () => push(a.remote, a.store, pushOptions([roots[1]!], { verify: true })),
      `${story} verified`,
    );

  // From here on nothing gets in the way.
  if (state.isPushed || isUndone)
    expect(await bring(machine(good), { entry: oldEntry, files: old, story }), `${story}: old lost`).toBe(true);
  if (isSent && isUndone)
    expect(await bring(machine(good), { entry: forgotten.entry!, files: gone, story }), `${story}: gone lost`).toBe(
      true,
    );
  const healer = machine(good, { wrap: aged });
  await send(healer, kept);
  if (seed % 4 === 0) await collect(healer, [keptEntry], { graceMs: DAY_MS });
  expect(await bring(machine(good), { entry: keptEntry, files: kept, story }), `${story}: kept lost`).toBe(true);
  bad.close();
  good.close();
}

test(`${SCHEDULES} schedules of faults over push, pull and gc: nothing is lost, nothing believed, seeds from ${FAULT_SEED}`, async () => {
  let faults = 0;
  for (let at = 0; at < SCHEDULES; at += 1) {
    const seed = FAULT_SEED + at;
    proxy.plan(seededFaults(seed, 0.12, hasStalls(seed) ? WITH_STALLS : FAULTS));
    await schedule(seed);
    faults += proxy.seen.filter(({ fault }) => fault !== undefined).length;
  }
  expect(faults).toBeGreaterThan(SCHEDULES * 2);
  for (const what of Object.keys(LEAST) as Work[]) expect(went[what], what).toBeGreaterThan(LEAST[what]);
}, 600_000);
