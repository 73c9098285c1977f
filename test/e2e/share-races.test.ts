import { describe, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { runAndKill } from './faults/kill.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import type { Machine, PushDocument } from './share/project.ts';
import { cloneProject, commitAll, document, smallFiles, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { startStorage } from './share/storage.ts';

const started = proxiedMinio();

/** From the start of Node.js to the end of a push, about, before one has been timed. */
const FIRST_MS = 200;

/** What a machine with nothing of it gets of the project; it must be all. */
async function expectAll(rig: Rig, name: string, story: string): Promise<void> {
  const fresh = await cloneProject(rig, name);
  const pulled = await rig.pipe(['pull'], fresh);
  expect({ code: pulled.code, stderr: pulled.stderr }, `${story}\n${pulled.stdout}`).toEqual({ code: 0, stderr: '' });
  const same = await rig.run('diff', ['-r', rig.path('data'), rig.path(fresh.cwd, 'data')]);
  expect(same.stdout, story).toBe('');
  await rig.remove(fresh.cwd);
}

describe(`pushes and pulls are killed, seed ${FAULT_SEED}`, () => {
  test('nothing half-sent is believed, and the same command ends what it began', async ({ rig }) => {
    const random = seededRandom(FAULT_SEED);
    await startProject(rig, { 'data/large': Buffer.alloc(20_000_000, 'l') });
    let kills = 0;
    let longestMs = FIRST_MS;
    for (let round = 0; round < 6; round += 1) {
      const told = `seed ${FAULT_SEED}, round ${round}`;
      await rig.write({
        ...smallFiles(`data/${round}`, 200 + random.next(500), told),
        [`data/mid${round}`]: Buffer.alloc(3_000_000, told),
        'data/large': Buffer.alloc(20_000_000, told),
      });
      await succeed(rig, ['add', 'data']);
      await commitAll(rig, told);
      for (let time = 0; time < 2; time += 1) {
        const delayMs = random.next(longestMs);
        const killed = await runAndKill(rig, ['push'], { moment: { events: 0, delayMs } });
        if (killed.signal === 'SIGKILL') kills += 1;
      }
      const start = performance.now();
      const pushed = await document<PushDocument>(rig, ['push']);
      longestMs = Math.ceil(performance.now() - start);
      expect(pushed.remotes[0]!.missing, told).toEqual([]);
      const fresh = await cloneProject(rig, `killed${round}`);
      for (let time = 0; time < 2; time += 1) {
        await runAndKill(rig, ['pull'], { ...fresh, moment: { events: 0, delayMs: random.next(longestMs) } });
      }
      const pulled = await rig.pipe(['pull', '-f'], fresh);
      expect({ code: pulled.code, stderr: pulled.stderr }, told + pulled.stdout).toEqual({ code: 0, stderr: '' });
      const same = await rig.run('diff', ['-r', rig.path('data'), rig.path(fresh.cwd, 'data')]);
      expect(same.stdout, told).toBe('');
      await rig.remove(fresh.cwd);
    }
    expect(kills).toBeGreaterThan(2);
  });
});

test('eight push and pull at once, and everything arrives', async ({ rig }) => {
  await startProject(rig, { ...smallFiles('data', 300), 'data/large': Buffer.alloc(8_000_000, 'l') });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const machines: Machine[] = [];
  for (let at = 0; at < 8; at += 1) machines.push(await cloneProject(rig, `m${at}`));
  // The first four push what they made, all of it partly the same; those of the others that are too early get it later.
  for (let round = 0; round < 3; round += 1) {
    const pushes = [rig.pipe(['push', '--json'])];
    for (const [at, machine] of machines.entries()) {
      if (at >= 4) continue;
      await rig.write({
        ...smallFiles(`${machine.cwd}/shared`, 100, `round ${round}`),
        ...smallFiles(`${machine.cwd}/own${at}`, 50, `round ${round} of ${at}`),
        [`${machine.cwd}/big`]: Buffer.alloc(7_000_000, `round ${round}`),
      });
      await succeed(rig, ['add', 'shared', `own${at}`, 'big'], machine);
    }
    for (const machine of machines.slice(0, 4)) pushes.push(rig.pipe(['push', '--json'], machine));
    const pulls = machines.slice(4).map((machine) => rig.pipe(['pull', '--json'], machine));
    for (const run of await Promise.all(pushes)) {
      expect({ code: run.code, stderr: run.stderr }, run.stdout).toEqual({ code: 0, stderr: '' });
    }
    for (const run of await Promise.all(pulls)) expect([0, 1], run.stderr).toContain(run.code);
  }
  for (const [at, machine] of machines.entries()) {
    if (at < 4) {
      await rig.remove(
        `${machine.cwd}/.pipe/cache`,
        `${machine.cwd}/own${at}`,
        `${machine.cwd}/big`,
        `${machine.cwd}/shared`,
      );
    }
    await succeed(rig, ['pull'], machine);
    expect(await rig.read(`${machine.cwd}/data/7.txt`)).toBe('file 7 \n');
    if (at < 4) expect(await rig.read(`${machine.cwd}/own${at}/3.txt`)).toBe(`file 3 round 2 of ${at}\n`);
  }
  await expectAll(rig, 'last', 'after all');
});

test('Ctrl-C ends a push and a pull in good order', async ({ rig }) => {
  const files = Object.fromEntries(
    Array.from({ length: 4 }, (_, at) => [`data/${at}`, Buffer.alloc(9_000_000, `${at}`)]),
  );
  const storage = await startStorage(rig, 'a bucket', { minio: started.minio, files });
  const here = { cwd: '.', env: storage.env };
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const b = await storage.clone('b');
  for (const { cwd } of [here, b])
    await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], { cwd });
  const leases = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const page of storage.place.list('v1/leases/')) keys.push(...page.map(({ key }) => key));
    return keys;
  };
  /** Runs a command of which one transfer never ends, until Ctrl-C does. */
  const stopped = async (command: string, method: string, machine: Machine): Promise<void> => {
    const isLarge = (seen: { method: string; path: string }): boolean => seen.method === method && seen.path.includes('/v1/loose/'); // prettier-ignore
    let large = 0;
    started.proxy.plan((seen) => (isLarge(seen) && (large += 1) === 3 ? 'stall' : undefined));
    const running = rig.spawn([command], machine);
    await expect.poll(() => started.proxy.seen.some(({ fault }) => fault === 'stall'), { timeout: 60_000 }).toBe(true);
    if (command === 'push') expect(await leases()).toHaveLength(1);
    running.killGroup('SIGINT');
    const { code, signal, stderr, stdout } = await running.done;
    expect({ code, signal, stdout }, stderr).toEqual({ code: 130, signal: null, stdout: '' });
    expect(stderr).toMatch(/^PIPE_CANCELLED /);
    expect(await rig.leftovers()).toEqual([]);
    started.proxy.plan(() => undefined);
  };
  await stopped('push', 'PUT', here);
  // It relies on nothing there any more.
  expect(await leases()).toEqual([]);
  const pushed = await document<PushDocument>(rig, ['push'], here);
  expect(pushed.remotes).toMatchObject([{ missing: [], wrong: 0 }]);
  await stopped('pull', 'GET', b);
  // What lies there is whole, and nothing half-come is in its way.
  if (await rig.exists('../b/data')) {
    for (const name of await rig.files('../b/data')) expect((await rig.run('cmp', [rig.path('data', name), rig.path('../b/data', name)])).code).toBe(0); // prettier-ignore
  }
  await succeed(rig, ['pull'], b);
  expect((await rig.run('diff', ['-r', rig.path('data'), rig.path('../b/data')])).stdout).toBe('');
});
