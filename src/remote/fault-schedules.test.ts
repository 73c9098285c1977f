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

const SCHEDULES = 200;

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

function open(prefix: string, endpoint: string): Place {
  return openS3({ bucket: 'faults', prefix, endpoint, env: {}, ...minio.root, pauseMs: 1, jobs: 8 });
}

/** What may be said of a remote that answers badly; nothing else may be. */
const SAID = /^PIPE_(?:REMOTE_(?:FAILED|UNREACHABLE|FORMAT|BUSY|CREDENTIALS|DENIED)|STORE_DAMAGED)$/;

/** Whether something succeeded; what fails says why. */
async function tried(work: () => Promise<unknown>, story: string): Promise<boolean> {
  try {
    await work();
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

async function schedule(seed: number): Promise<void> {
  const story = `FAULT_SEED=${seed}`;
  const prefix = `seed${seed}`;
  const [bad, good] = [open(prefix, proxy.url), open(prefix, minio.url)];
  const mid = seed % 8 === 0 ? { large: Buffer.alloc(5 << 20, story) } : { mid: Buffer.alloc(80_000, story) };
  const [old, kept] = [manyFiles(12, `${story} old`), { ...manyFiles(12, `${story} new`), ...mid }];
  const [a, b, c] = [machine(bad), machine(bad), machine(bad)];
  const collector = machine(bad, { wrap: aged });
  const [oldEntry, keptEntry] = [await addFolder(a.store, old), await addFolder(a.store, kept)];

  const roots = [oldEntry, keptEntry].map((entry) => ({ entry, path: 'data' }));
  await tried(() => push(a.remote, a.store, pushOptions(roots)), story);
  // Old objects are relied on again while they are collected: the push comes before, beside, or after.
  await addFolder(b.store, old);
  const state = { isPushed: false };
  const pushing = async (): Promise<void> => {
    state.isPushed = await tried(() => send(b, old), `${story} beside gc`);
  };
  const collecting = (): Promise<boolean> =>
    tried(
      () => collect(collector, [keptEntry], { graceMs: DAY_MS, ...(seed % 3 === 0 ? { trashDays: 1 } : {}) }),
      story,
    );
  await Promise.all([pushing(), collecting(), tried(() => bring(c, { entry: keptEntry, files: kept, story }), story)]);

  // From here on nothing gets in the way.
  if (state.isPushed)
    expect(await bring(machine(good), { entry: oldEntry, files: old, story }), `${story}: old lost`).toBe(true);
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
    proxy.plan(seededFaults(FAULT_SEED + at, 0.12, FAULTS));
    await schedule(FAULT_SEED + at);
    faults += proxy.seen.filter(({ fault }) => fault !== undefined).length;
  }
  expect(faults).toBeGreaterThan(SCHEDULES * 2);
}, 600_000);
