import { utimes } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import type { Seen } from '../rig/fault-proxy.ts';
import { openFolder } from '../../src/store/place/folder.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { runAndKill } from './faults/kill.ts';
import { FAULT_SEED, seededRandom } from './faults/random.ts';
import type { Machine, PushDocument } from './share/project.ts';
import {
  REMOTE,
  cloneProject,
  commitAll,
  document,
  remoteFiles,
  smallFiles,
  startProject,
  succeed,
} from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { startStorage } from './share/storage.ts';
import type { GcDocument } from './upkeep/project.ts';

const started = proxiedMinio();

type Shot = Pick<Seen, 'method' | 'path'>;

/** Makes what a remote holds two days old; leases and tombstones only where that is said. */
async function age(rig: Rig, { leases = false } = {}): Promise<void> {
  const then = new Date(Date.now() - 2 * 86_400_000);
  for await (const page of openFolder({ root: rig.path(REMOTE) }).list('v1/')) {
    for (const { key } of page) {
      if (!leases && /\/(?:leases|tombstones)\//.test(key)) continue;
      // A collection may just have taken it out.
      await utimes(rig.path(REMOTE, key), then, then).catch(() => undefined);
    }
  }
}

/** Files that several machines push, and nobody refers to in between. */
function shared(cwd: string, which: number): Record<string, string | Buffer> {
  const folder = `${cwd}/shared${which}`;
  return { ...smallFiles(folder, 60, `shared ${which}`), [`${folder}/big`]: Buffer.alloc(4_300_000, `${which}`) };
}

async function pullsAll(
  rig: Rig,
  machine: Machine,
  { which, story }: { readonly which: number; readonly story: string },
): Promise<void> {
  const folder = `${machine.cwd}/shared${which}`;
  const before = new Map<string, string>();
  for (const name of await rig.files(folder)) before.set(name, await rig.read(`${folder}/${name}`));
  await rig.remove(`${machine.cwd}/.pipe/cache`, folder);
  const pulled = await rig.pipe(['pull', `shared${which}`], machine);
  expect({ code: pulled.code, stderr: pulled.stderr }, `${story}\n${pulled.stdout}`).toEqual({ code: 0, stderr: '' });
  for (const [name, text] of before) expect(await rig.read(`${folder}/${name}`), story).toBe(text);
}

describe(`seed ${FAULT_SEED}`, () => {
  test('four push what is old and needed by nobody, three pull, and a collection goes on beside them: nothing is lost', async ({
    rig,
  }) => {
    const random = seededRandom(FAULT_SEED);
    await startProject(rig, smallFiles('data', 100));
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const pushers: Machine[] = [];
    const pullers: Machine[] = [];
    for (let at = 0; at < 4; at += 1) pushers.push(await cloneProject(rig, `push${at}`));
    for (let at = 0; at < 3; at += 1) pullers.push(await cloneProject(rig, `pull${at}`));
    let collected = 0;
    for (let round = 0; round < 3; round += 1) {
      const story = `seed ${FAULT_SEED}, round ${round}`;
      // Somebody pushed it long ago, and has forgotten it.
      const [first] = pushers;
      for (let which = 0; which < 2; which += 1) await rig.write(shared(first!.cwd, which));
      await succeed(rig, ['add', 'shared0', 'shared1'], first);
      await succeed(rig, ['push'], first);
      await age(rig, { leases: true });
      const choices = pushers.map(() => random.next(2));
      for (const [at, machine] of pushers.entries()) {
        await rig.write({ ...shared(machine.cwd, choices[at]!), [`${machine.cwd}/own`]: `${story} ${at}` });
        await succeed(rig, ['add', `shared${choices[at]!}`, 'own'], machine);
      }
      let isOver = false;
      const collecting = async (): Promise<void> => {
        while (!isOver) {
          const { remotes } = await document<GcDocument>(rig, ['gc', '-w', '-c', '-f']);
          collected += remotes![0]!.objects;
        }
      };
      const pulling = pullers.map(async (machine) => {
        await rig.remove(`${machine.cwd}/.pipe/cache`, `${machine.cwd}/data`);
        await succeed(rig, ['pull'], machine);
      });
      const pushing = pushers.map(async (machine) => {
        const run = await rig.pipe(['push'], machine);
        expect([run.code, run.stderr.replace('waiting for a collection of storage to end\n', '')], story).toEqual([
          0,
          '',
        ]);
        await age(rig);
      });
      const over = Promise.all([...pushing, ...pulling]).finally(() => {
        isOver = true;
      });
      await Promise.all([over, collecting()]);
      await document<GcDocument>(rig, ['gc', '-w', '-c', '-f']);
      for (const [at, machine] of pushers.entries())
        await pullsAll(rig, machine, { which: choices[at]!, story: `${story}, ${at}` });
    }
    expect(collected).toBeGreaterThan(0);
    expect((await rig.pipe(['fsck', '--remote'])).code).toBe(0);
  }, 240_000);

  test('a collection that is killed loses nothing that is kept, and the next one ends what it began', async ({
    rig,
  }) => {
    const random = seededRandom(FAULT_SEED);
    await startProject(rig, { ...smallFiles('data', 100), big: Buffer.alloc(4_300_000, 'b') });
    await succeed(rig, ['add', 'data', 'big']);
    await commitAll(rig);
    await succeed(rig, ['push']);
    const other = await cloneProject(rig, 'other');
    let kills = 0;
    for (let round = 0; round < 5; round += 1) {
      await rig.write({ ...shared(other.cwd, round), ...smallFiles(`${other.cwd}/data`, 90) });
      // What lies there is meant as a whole: the list of what is recorded never came.
      await succeed(rig, ['add', '--force', `shared${round}`, 'data'], other);
      await succeed(rig, ['push'], other);
      await succeed(rig, ['push']);
      await age(rig, { leases: true });
      const args = ['gc', '-w', '-c', '-f', ...(random.next(2) === 0 ? ['--trash', '1'] : [])];
      const killed = await runAndKill(rig, args, { moment: { events: 0, delayMs: 150 + random.next(500) } });
      if (killed.signal === 'SIGKILL') kills += 1;
      // What is left of it counts no more after a minute, since its process is known to be gone.
      await age(rig, { leases: true });
      const story = `seed ${FAULT_SEED}, round ${round}`;
      const pushed = await document<PushDocument>(rig, ['push']);
      expect(pushed.remotes[0], story).toMatchObject({ objects: 0, missing: [] });
      await age(rig, { leases: true });
      await document<GcDocument>(rig, ['gc', '-w', '-c', '-f']);
      const fresh = await cloneProject(rig, `fresh${round}`);
      await succeed(rig, ['pull'], fresh);
      expect((await rig.run('diff', ['-r', rig.path('data'), rig.path(fresh.cwd, 'data')])).stdout, story).toBe('');
      const keys = [...(await remoteFiles(rig)).keys()];
      expect(keys.filter((key) => key.includes('/tombstones/'))).toEqual([]);
      expect(keys.filter((key) => key.startsWith('v1/loose/'))).toHaveLength(1);
    }
    expect(kills).toBeGreaterThan(0);
  }, 240_000);
});

describe('in a bucket', () => {
  const isOf = (kind: string, { method, path }: Shot, verb: string): boolean => method === verb && path.includes(`/v1/${kind}/`); // prettier-ignore

  // Each time that a collection is killed, the server's clock goes on: what a process that is gone left counts no more.
  test.for([
    ['before it removes anything', (seen: Shot) => seen.method === 'POST' && seen.path.includes('?delete')],
    ['while it writes a pack anew', (seen: Shot) => isOf('packs', seen, 'PUT')],
    [
      'before it takes its tombstone back',
      (seen: Shot) =>
        // The first one was to see whether the remote can be collected at all.
        isOf('tombstones', seen, 'DELETE') && started.proxy.seen.filter((each) => isOf('tombstones', each, 'PUT')).length > 1, // prettier-ignore
    ],
  ] as const)(
    'a collection that is killed %s loses nothing that is kept, and the next one ends what it began',
    async ([, isThen], { rig }) => {
      const files = { ...smallFiles('data', 100), big: Buffer.alloc(4_300_000, 'b') };
      const storage = await startStorage(rig, 'a bucket', { minio: started.minio, files });
      const here = { cwd: '.', env: storage.env };
      await succeed(rig, ['add', 'data', 'big']);
      await commitAll(rig);
      const other = await storage.clone('other');
      for (const { cwd } of [here, other])
        await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], { cwd });
      started.proxy.plan(() => undefined);
      await succeed(rig, ['push'], here);
      await rig.write({ ...shared(other.cwd, 0), ...smallFiles(`${other.cwd}/data`, 90) });
      await succeed(rig, ['add', '--force', 'shared0', 'data'], other);
      await succeed(rig, ['push'], other);
      const keys = async (part: string): Promise<string[]> => {
        const found: string[] = [];
        for await (const page of storage.place.list(`v1/${part}/`)) found.push(...page.map(({ key }) => key));
        return found;
      };
      expect(await keys('loose')).toHaveLength(2);
      const args = ['gc', '-w', '-c', '-f', '--grace', '0'];
      started.proxy.plan((seen) => (isThen(seen) ? 'stall' : undefined));
      const collecting = rig.spawn(args, here);
      await expect
        .poll(() => started.proxy.seen.some(({ fault }) => fault === 'stall'), { timeout: 60_000 })
        .toBe(true);
      collecting.kill('SIGKILL');
      expect((await collecting.done).signal).toBe('SIGKILL');
      expect(await keys('tombstones')).toHaveLength(1);
      started.proxy.plan(() => undefined);
      // Two minutes later.
      started.proxy.header('date', (real) => new Date(Date.parse(real) + 120_000).toUTCString());
      try {
        const pushed = await document<PushDocument>(rig, ['push'], here);
        expect(pushed.remotes[0]).toMatchObject({ objects: 0, missing: [] });
        await document<GcDocument>(rig, args, here);
      } finally {
        started.proxy.header('date', (real) => real);
      }
      expect(await keys('tombstones')).toEqual([]);
      expect(await keys('loose')).toHaveLength(1);
      const fresh = await storage.clone('fresh');
      await succeed(rig, ['pull'], fresh);
      expect((await rig.run('diff', ['-r', rig.path('data'), rig.path(fresh.cwd, 'data')])).stdout).toBe('');
      expect((await rig.pipe(['fsck', '--remote'], here)).code).toBe(0);
    },
  );
});
