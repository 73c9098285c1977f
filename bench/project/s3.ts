import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { goTool, MINIO_CLIENT } from '../../test/setup/go.ts';
import type { Minio } from '../../test/rig/s3.ts';
import type { Environment } from '../../test/rig/environment.ts';

/** How often a server was asked for what, such as `PutObject`. */
export type Requests = Readonly<Record<string, number>>;

/** A server as the contenders see it. */
export interface S3 {
  readonly url: string;
  /** Credentials, as AWS' own tools read them. */
  readonly env: Environment;
  /** Makes an empty bucket of a name that was not there. */
  makeBucket(): string;
  /** Removes a bucket with all that is in it. */
  removeBucket(name: string): void;
  /** The sizes of the objects in a bucket; one that is written again counts as another. */
  objects(bucket: string): ReadonlyMap<string, number>;
  /** All requests so far. The server counts anew every 10 s, so it takes longer than that. */
  requests(): Requests;
}

/** Waits for longer than the server keeps its counts, and prints them. */
const COUNT = `
await new Promise((resolve) => setTimeout(resolve, 11_000));
console.log(await (await fetch(process.argv[1] + '/minio/metrics/v3/api/requests')).text());
`;

/** Everything that a server does here is waited for: contenders are set up, run and checked one after the other. */
export function s3Of({ url, root, folder }: Minio): S3 {
  const { host } = new URL(url);
  const env = { MC_HOST_t: `http://${root.accessKeyId}:${root.secretAccessKey}@${host}`, HOME: folder };
  const mc = (...args: readonly string[]): string =>
    run(goTool(MINIO_CLIENT), ['--config-dir', join(folder, 'mc'), '--quiet', ...args], env);
  let buckets = 0;
  return {
    url,
    env: {
      AWS_ACCESS_KEY_ID: root.accessKeyId,
      AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
    },
    makeBucket() {
      const name = `bench-${String((buckets += 1))}`;
      mc('mb', `t/${name}`);
      return name;
    },
    removeBucket(name) {
      mc('rb', '--force', `t/${name}`);
      emptyTrash(join(folder, 'data'));
    },
    objects: (bucket) => parseObjects(mc('ls', '--recursive', '--json', `t/${bucket}`)),
    requests: () => parseRequests(run(process.execPath, ['--input-type=module', '-e', COUNT, url], {})),
  };
}

/**
 * Frees what a server has removed. It takes its time to do so by itself: a dozen buckets of 2 GB filled the memory that a
 * tmpfs is made of, and everything stood still.
 */
function emptyTrash(data: string): void {
  const trash = join(data, '.minio.sys', 'tmp', '.trash');
  // The server is at it, too.
  for (const name of readdirSync(trash)) rmSync(join(trash, name), { recursive: true, force: true, maxRetries: 5 });
}

/** What was asked for since an earlier count. */
export function countSince(before: Requests, after: Requests): Requests {
  const counts = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** A line of JSON for each object, as MinIO's client lists them. */
export function parseObjects(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '');
  const objects = lines.map((line) => JSON.parse(line) as { key: string; size: number; lastModified: string });
  return new Map(objects.map(({ key, size, lastModified }) => [`${key} ${lastModified}`, size]));
}

/** Prometheus' text format: `minio_api_requests_total{name="PutObject",…,type="s3"} 3`. */
export function parseRequests(text: string): Requests {
  const lines = text.matchAll(/^minio_api_requests_total\{name="(\w+)",[^}]*type="s3"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', count]) => [name, Number(count)]));
}

function run(file: string, args: readonly string[], env: Record<string, string>): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { env, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${file} ${args.join(' ')} ended with ${String(status)}: ${stderr}`, { cause: error });
  return stdout;
}
