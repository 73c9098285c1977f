import { expect } from 'vitest';
import type { Seen } from '../rig/fault-proxy.ts';
import { test } from '../rig/test.ts';
import { bucketProject, cloneProject, commitAll, keysOf, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { reproPull } from './share/pull-run.ts';

const started = proxiedMinio();

const STAGES = 100;

/** A chain: each stage reads what the one before it made. */
const CHAIN = Object.fromEntries(
  Array.from({ length: STAGES }, (_, at) => [
    `s${at}`,
    {
      cmd: `cat ${at === 0 ? 'in' : `out${at - 1}`} > out${at}`,
      deps: [at === 0 ? 'in' : `out${at - 1}`],
      outs: [`out${at}`],
    },
  ]),
);

/** Stages beside each other, of which each makes a folder. */
const WIDE = Object.fromEntries(
  Array.from({ length: STAGES }, (_, at) => [
    `s${at}`,
    {
      cmd: `mkdir -p out${at} && cat in > out${at}/copy && echo ${at} > out${at}/own`,
      deps: ['in'],
      outs: [`out${at}`],
    },
  ]),
);

function listsOf(seen: readonly Seen[], prefix: string): number {
  return seen.filter(({ method, path }) => method === 'GET' && decodeURIComponent(path).includes(`prefix=some/where/${prefix}`)).length; // prettier-ignore
}

test.for([
  { title: 'a chain', bucket: 'chain', stages: CHAIN },
  { title: 'a hundred beside each other', bucket: 'wide', stages: WIDE },
])('of $title few requests ask for what others have run', { timeout: 120_000 }, async ({ bucket, stages }, { rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, started.minio, bucket);
  await rig.write({ in: '1\n', 'pipeline.yaml': { stages } });
  await succeed(rig, ['repro', '-q'], { env });
  await commitAll(rig);
  await succeed(rig, ['push'], { env });
  const b = await cloneProject(rig, 'b');
  await rig.write({ in: '2\n' });
  await succeed(rig, ['repro', '-q'], { env });
  await succeed(rig, ['push', '--run-cache'], { env });

  await rig.write({ '../b/in': '2\n' });
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], b);
  started.proxy.plan(() => undefined);
  const run = await reproPull(rig, ['--pull', '--allow-missing'], {
    ...b,
    env: { ...b.env, ...keysOf(started.minio.root) },
  });
  expect(new Set(Object.values(run.ends).map(({ outcome }) => outcome))).toEqual(new Set(['restored']));
  const { seen } = started.proxy;
  // Those that were asked for one by one, and the list of all.
  expect(listsOf(seen, 'v1/runs/')).toBeLessThanOrEqual(9);
  expect(listsOf(seen, 'v1/packs/') + listsOf(seen, 'v1/tables/')).toBeLessThanOrEqual(4);
  const records = seen.filter(({ method, path }) => method === 'GET' && /\/v1\/runs\/.*\.json/.test(path));
  expect(records.length).toBeLessThanOrEqual(2 * STAGES);
  // All others together.
  expect(seen.length - records.length).toBeLessThanOrEqual(20);
});
