import { describe, expect } from 'vitest';
import type { Rig, Content } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { FetchDocument } from './share/project.ts';
import { commitAll, document, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

describe.each(STORAGES)('in %s', (kind) => {
  function start(rig: Rig, files: Readonly<Record<string, Content>>): Promise<Storage> {
    return startStorage(rig, kind, { minio: started.minio, files });
  }

  test('a remote of a newer pipe is neither written nor read', async ({ rig }) => {
    const { env, place } = await start(rig, { x: 'x' });
    await place.write('format', [Buffer.from('pipe.remote/9\n')]);
    await succeed(rig, ['add', 'x']);
    await rig.remove('.pipe/cache');
    for (const args of [
      ['push'],
      ['fetch'],
      ['pull'],
      ['status', '-c'],
      ['gc', '-w', '-c', '-f'],
      ['fsck', '--remote'],
    ]) {
      expectProblems(await rig.pipe(args, { env }), 'PIPE_REMOTE_FORMAT');
    }
    expect((await place.read('format'))?.toString()).toBe('pipe.remote/9\n');
    const keys: string[] = [];
    for await (const page of place.list('')) keys.push(...page.map(({ key }) => key));
    expect(keys).toEqual(['format']);
  });

  test('fetch --type and --max-size choose among what is fetched', async ({ rig }) => {
    const stages = {
      train: {
        cmd: 'echo 1 > score.json && echo 2 > curve.csv && head -c 5000 /dev/zero > model',
        deps: ['tiny'],
        outs: ['model'],
        metrics: ['score.json'],
        plots: ['curve.csv'],
      },
    };
    const storage = await start(rig, { 'pipeline.yaml': { stages }, tiny: 'x' });
    await succeed(rig, ['add', 'tiny']);
    await succeed(rig, ['repro', '-q']);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    const b = await storage.clone('b');
    const fetched = async (...args: string[]): Promise<number | undefined> =>
      (await document<FetchDocument>(rig, ['fetch', ...args], b)).remotes[0]?.objects;
    expect(await fetched('--type', 'metrics')).toBe(1);
    expect(await fetched('--type', 'plots', '--max-size', '1')).toBeUndefined();
    expect(await fetched('--max-size', '2')).toBe(2);
    expect(await fetched()).toBe(1);
    expectProblems(await rig.pipe(['fetch', '--type', 'models'], b), 'PIPE_USAGE');
    const c = await storage.clone('c');
    for (const [flags, records] of [
      [['--dry'], 1],
      [[], 1],
      [['--dry'], 0],
    ] as const) {
      const { remotes } = await document<FetchDocument>(rig, ['fetch', '--run-cache', '--max-size', '2', ...flags], c);
      expect(remotes[0]).toMatchObject({ objects: 3 * records, records });
    }
    expectProblems(await rig.pipe(['fetch', '--max-size', '1k'], b), 'PIPE_USAGE');
    expectProblems(await rig.pipe(['fetch', '--type', 'plots', '-A'], b), 'PIPE_USAGE');
  });

  test('fetch --max-size measures the part that is asked for', async ({ rig }) => {
    const storage = await start(rig, { 'd/small': 'x', 'd/s/large': Buffer.alloc(5000) });
    await succeed(rig, ['add', 'd']);
    await commitAll(rig);
    await succeed(rig, ['push'], { env: storage.env });
    const b = await storage.clone('b');
    const fetched = async (...args: string[]): Promise<number | undefined> =>
      (await document<FetchDocument>(rig, ['fetch', '--max-size', '100', ...args], b)).remotes[0]?.objects;
    expect(await fetched()).toBeUndefined();
    expect(await fetched('d/s')).toBe(0);
    expect(await fetched('--dry', 'd/small')).toBe(1);
    expect(await fetched('d/small')).toBe(1);
  });
});
