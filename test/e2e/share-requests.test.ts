import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Seen } from '../rig/fault-proxy.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { bucketProject, cloneProject, commitAll, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';

const started = proxiedMinio();

/** What a command asks the server, by kind. */
async function requestsOf(
  rig: Rig,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Record<string, number>> {
  started.proxy.plan(() => undefined);
  await succeed(rig, args, { env });
  const counts: Record<string, number> = {};
  for (const each of started.proxy.seen) counts[kindOf(each)] = (counts[kindOf(each)] ?? 0) + 1;
  return counts;
}

function kindOf({ method, path }: Seen): string {
  const { pathname, searchParams } = new URL(path, 'http://server');
  const prefix = searchParams.get('prefix');
  if (prefix !== null) return `list ${/v1\/(\w+)/.exec(prefix)?.[1] ?? prefix}`;
  return `${method} ${/v1\/(\w+)/.exec(pathname)?.[1] ?? pathname.split('/').at(-1) ?? ''}`;
}

test('a first push of a hundred folders asks for little, and so does one of nothing new', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, started.minio, 'requests');
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url]);
  const files = Array.from({ length: 500 }, (_, at) => [`data/${at % 100}/${at}`, `file ${at}\n`]);
  await rig.write({ ...Object.fromEntries(files), 'data/big': Buffer.alloc(5_000_000, 'big') });
  await succeed(rig, ['add', 'data']);
  const first = await requestsOf(rig, ['push'], env);
  // A large object is looked for by itself; lists of folders lie in packs, or nowhere.
  expect(first).toEqual({
    'GET format': 1,
    'HEAD loose': 1,
    'PUT format': 1,
    'PUT leases': 2,
    'PUT loose': 1,
    'PUT packs': 1,
    'list packs': 1,
    'list tables': 1,
    'list tombstones': 1,
  });
  expect(await requestsOf(rig, ['push'], env)).toEqual({
    'DELETE leases': 1,
    'GET format': 1,
    'HEAD loose': 1,
    'PUT leases': 2,
    'list packs': 1,
    'list tables': 1,
    'list tombstones': 1,
  });
  const looks = { 'GET format': 1, 'HEAD loose': 1, 'list packs': 1, 'list tables': 1 };
  expect(await requestsOf(rig, ['status', '-c'], env)).toEqual(looks);
  // Of what was never pushed as little is asked.
  await rig.write(Object.fromEntries(files.map(([path, text]) => [`more/${path}`, `more ${text}`])));
  await succeed(rig, ['add', 'more']);
  expect(await requestsOf(rig, ['push', '--dry'], env)).toEqual(looks);
});

test('a download of a large file that is killed goes on where it stopped', async ({ rig }) => {
  const MIB = 1 << 20;
  const size = 72 * MIB;
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, started.minio, 'resume');
  await rig.write({ large: Buffer.from(Uint32Array.from({ length: size / 4 }, (_, at) => at).buffer) });
  await succeed(rig, ['add', 'large']);
  await succeed(rig, ['push'], { env });
  await commitAll(rig);
  const clone = await cloneProject(rig, 'clone');
  const machine = { ...clone, env: { ...clone.env, ...env } };
  await succeed(rig, ['remote', 'modify', '-q', '--local', 'storage', 'endpointurl', started.proxy.url], machine);

  const startOf = ({ headers }: Pick<Seen, 'headers'>): number => Number(/^bytes=(\d+)/.exec(String(headers['range']))?.[1]); // prettier-ignore
  const isLarge = ({ method, path }: Pick<Seen, 'method' | 'path'>): boolean => method === 'GET' && path.includes('v1/loose/'); // prettier-ignore
  started.proxy.plan((seen) => (isLarge(seen) && startOf(seen) >= 40 * MIB ? 'stall' : undefined));
  const running = rig.spawn(['pull'], machine);
  const tmp = rig.path('../clone/.pipe/cache/v1/tmp');
  const written = (): number => Math.max(0, ...readdirSync(tmp).map((name) => statSync(join(tmp, name)).size));
  await expect.poll(written, { timeout: 60_000 }).toBe(40 * MIB);
  running.kill('SIGKILL');
  await running.done;

  started.proxy.plan(() => undefined);
  await succeed(rig, ['pull'], machine);
  expect(Math.min(...started.proxy.seen.filter(isLarge).map(startOf))).toBe(40 * MIB);
  expect((await rig.run('cmp', [rig.path('large'), rig.path('../clone/large')])).code).toBe(0);
  expect(readdirSync(tmp)).toEqual([]);
});
