import { rm, writeFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { cloneProject, commitAll, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

describe.each(STORAGES)('in %s', (kind) => {
  /** A project whose stage has run, and written a log of so many lines. */
  async function startRun(rig: Rig, lines: number): Promise<Storage> {
    const storage = await startStorage(rig, kind, {
      minio: started.minio,
      files: {
        in: '1',
        'pipeline.yaml': {
          stages: { talk: { cmd: `seq -f 'heard in the log %.0f' ${lines}; cp in out`, deps: ['in'], outs: ['out'] } },
        },
      },
    });
    expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
    await commitAll(rig);
    return storage;
  }

  const holdsLog = async ({ content }: Storage): Promise<boolean> =>
    [...(await content()).values()].some((bytes) => bytes.includes('heard in the log'));

  test('logs stay here unless they are asked for; then another machine shows them', async ({ rig }) => {
    const storage = await startRun(rig, 3);
    await succeed(rig, ['push'], { env: storage.env });
    await succeed(rig, ['push', '--run-cache'], { env: storage.env });
    expect(await holdsLog(storage)).toBe(false);
    const clone = await storage.clone('b');
    await succeed(rig, ['pull'], clone);
    expect((await succeed(rig, ['logs', 'talk'], clone)).stdout).toContain('has no log');
    await succeed(rig, ['pull', '--run-cache'], clone);
    expect((await succeed(rig, ['logs', 'talk'], clone)).stdout).toMatch(/^the log of "talk" is not here: .*--logs/);

    await succeed(rig, ['push', '--logs'], { env: storage.env });
    expect(await holdsLog(storage)).toBe(true);
    await succeed(rig, ['fetch', '--run-cache'], clone);
    expect((await succeed(rig, ['logs', 'talk'], clone)).stdout).toBe(
      'heard in the log 1\nheard in the log 2\nheard in the log 3\n',
    );
    const fresh = await storage.clone('c');
    await succeed(rig, ['pull', '--run-cache'], fresh);
    expect((await succeed(rig, ['logs', 'talk'], fresh)).stdout).toContain('log 3\n');
  });

  test('a log that is too large for a pack goes once, and comes', async ({ rig }) => {
    const storage = await startRun(rig, 250_000);
    await succeed(rig, ['push', '--logs'], { env: storage.env });
    expect((await succeed(rig, ['push', '--logs'], { env: storage.env })).stdout).toContain('Everything is in storage');
    const clone = await storage.clone('b');
    await succeed(rig, ['pull', '--run-cache'], clone);
    const { stdout } = await succeed(rig, ['logs', 'talk'], clone);
    expect(stdout.length).toBeGreaterThan(4 << 20);
    expect(stdout.endsWith('heard in the log 250000\n')).toBe(true);
  });
});

test.for([3, 250_000])('a damaged log of %d lines comes back from the remote', async (lines, { rig }) => {
  const storage = await startStorage(rig, 'a folder', {
    minio: started.minio,
    files: { in: '1', 'pipeline.yaml': { stages: { talk: { cmd: `seq ${lines}; cp in out`, deps: ['in'], outs: ['out'] } } } },
  }); // prettier-ignore
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push', '--logs']);
  const [key = ''] = [...(await storage.content()).keys()].filter((each) => each.startsWith('v1/runs/'));
  const { log } = JSON.parse((await storage.place.read(key))!.toString()) as { log: string };
  const file = rig.path('.pipe/cache/v1/loose', log.slice(3, 5), log.slice(5));
  await rm(file, { force: true });
  await writeFile(file, 'damaged');
  expect((await rig.pipe(['fsck'])).code).toBe(1);
  await succeed(rig, ['fsck', '--repair']);
  expect((await succeed(rig, ['logs', 'talk'])).stdout.trimEnd().split('\n').at(-1)).toBe(String(lines));
});

test('a record that came from a remote makes no log leave the machine', async ({ rig }) => {
  const storage = await startStorage(rig, 'a folder', {
    minio: started.minio,
    files: { in: '1', 'pipeline.yaml': { stages: { talk: { cmd: 'echo hello; cp in out', deps: ['in'], outs: ['out'] } } } },
  }); // prettier-ignore
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await commitAll(rig);
  await succeed(rig, ['push']);
  const blake3 = await loadBlake3();
  const [key = ''] = [...(await storage.content()).keys()].filter((each) => each.startsWith('v1/runs/'));
  const record = JSON.parse((await storage.place.read(key))!.toString()) as Record<string, unknown>;
  // Whoever can write there says that the log of the run is what he knows the digest of.
  const forged = Buffer.from(JSON.stringify({ ...record, log: blake3.hash(Buffer.from('private bytes\n')) }));
  await storage.place.write(`${key.slice(0, key.lastIndexOf('/'))}/${blake3.hash(forged).slice(3)}.json`, [forged]);
  const b = await cloneProject(rig, 'b');
  await rig.write({ '../b/mine': 'private bytes\n' });
  await succeed(rig, ['add', '-q', 'mine'], b);
  await rig.remove('../b/mine.pipe');
  await rig.pipe(['pull', '--run-cache'], b);
  await rig.pipe(['push', '--logs'], b);
  expect([...(await storage.content()).values()].some((bytes) => bytes.includes('private bytes'))).toBe(false);
});
