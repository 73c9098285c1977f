import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import type { Machine } from './share/project.ts';
import { commitAll, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

const HURRY = pathToFileURL(join(import.meta.dirname, '../rig/hurry.child.mjs')).href;

/** Fast enough that each transfer takes long, and not so fast that a lease is over before a push has ended. */
const HURRIED = { NODE_OPTIONS: `--import=${HURRY}`, HURRY: '20' };

const FILES = Object.fromEntries(
  Array.from({ length: 6 }, (_, at) => [`data/${at}`, Buffer.alloc(20_000_000, `${at} `)]),
);

describe.each(STORAGES)('in %s', (kind) => {
  test('on a terminal push, fetch and pull tell how much is done, of how much, how fast, and what is left; then the line goes', async ({
    rig,
  }) => {
    const storage = await startStorage(rig, kind, { minio: started.minio, files: FILES });
    await succeed(rig, ['add', 'data']);
    await commitAll(rig);
    const shown = async (command: string, how: Partial<Machine>): Promise<{ told: string[]; left: string }> => {
      const terminal = rig.terminal([command], { columns: 120, ...how, env: { ...how.env, ...HURRIED } });
      expect(await terminal.done, terminal.raw).toBe(0);
      const told = terminal.raw.split('\r\u001b[K').map((line) => line.trim());
      return { told, left: terminal.history().join('\n').trim() };
    };
    const line = (label: string): unknown =>
      expect.stringMatching(
        new RegExp(String.raw`^${label} \d of 7 objects · [\d.]+ [KM]?B of 120 MB · [\d.]+ [KMG]?B/s · .+ left$`),
      );
    const pushed = await shown('push', { env: storage.env });
    expect(pushed.told).toContainEqual(line('pushing to storage'));
    expect(pushed.left).toMatch(/^Pushed 7 objects, 120 MB to storage in 1 pack and 6 large files\.$/);
    const b = await storage.clone('b');
    const fetched = await shown('fetch', b);
    expect(fetched.told).toContainEqual(line('fetching from storage'));
    expect(fetched.left).toMatch(/^Fetched 7 objects, 120 MB from storage\.$/);
    const pulled = await shown('pull', await storage.clone('c'));
    expect(pulled.told).toContainEqual(line('fetching from storage'));
    expect(pulled.left).toMatch(
      /^Fetched 7 objects, 120 MB from storage\.\nA +data +6 added\nFiles: 6 added, 0 modified, 0 deleted\.$/,
    );
  });
});
