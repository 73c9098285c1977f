import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from '../../rig/process.ts';
import type { Content, Rig, RunOptions } from '../../rig/rig.ts';
import type { S3Server, User } from '../../rig/s3.ts';
import { expectValid } from '../../setup/schema.ts';

/** The folder that is the remote, relative to the project. */
export const REMOTE = '../remote';

/** A project in Git with a remote, which is a folder, and these files. */
export async function startProject(rig: Rig, files: Readonly<Record<string, Content>> = {}): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  await succeed(rig, ['remote', 'add', '-q', '-d', 'storage', rig.path(REMOTE)]);
  await rig.write(files);
}

/** What a user of a bucket has in the environment. */
export function keysOf({ accessKeyId, secretAccessKey }: User): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

/** Gives a project a bucket of its own as its remote. */
export async function bucketProject(
  rig: Rig,
  minio: S3Server,
  bucket: string,
): Promise<{ readonly env: Record<string, string> }> {
  await minio.makeBuckets(bucket);
  await succeed(rig, ['remote', 'add', '-q', '-d', 'storage', `s3://${bucket}/some/where`]);
  await succeed(rig, ['remote', 'modify', '-q', 'storage', 'endpointurl', minio.url]);
  return { env: keysOf(minio.root) };
}

/** Commits everything. */
export async function commitAll(rig: Rig, message = 'change', options: RunOptions = {}): Promise<void> {
  for (const args of [
    ['add', '-A'],
    ['commit', '-q', '--allow-empty', '-m', message],
  ]) {
    const done = await rig.run('git', args, options);
    expect(done, done.stderr).toMatchObject({ code: 0 });
  }
}

/** How to run commands on another machine. */
export interface Machine {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Another clone of the project, with a cache of its own; how to run commands in it. */
export async function cloneProject(rig: Rig, name: string): Promise<Machine> {
  const cwd = `../${name}`;
  const cloned = await rig.run('git', ['clone', '-q', rig.project, rig.path(cwd)]);
  expect(cloned, cloned.stderr).toMatchObject({ code: 0 });
  // What a machine remembers is its own.
  return { cwd, env: { XDG_CACHE_HOME: rig.path(`../cache of ${name}`) } };
}

/** Runs `pipe`, which goes well and says nothing on standard error. */
export async function succeed(rig: Rig, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const run = await rig.pipe(args, options);
  expect(run, `${args.join(' ')}\n${run.stdout}${run.stderr}`).toMatchObject({ code: 0, stderr: '' });
  return run;
}

/** What `pipe … --json` prints, which follows its schema. */
export async function document<T>(
  rig: Rig,
  args: readonly string[],
  options: RunOptions & { readonly code?: number } = {},
): Promise<T> {
  const { code = 0, ...how } = options;
  const run = await rig.pipe([...args, '--json'], how);
  expect({ code: run.code, stderr: run.stderr }, run.stdout).toEqual({ code, stderr: '' });
  const found = run.json<T>();
  expectValid(found);
  return found;
}

export interface Missing {
  readonly path: string;
}

export interface PushDocument {
  readonly remotes: readonly {
    readonly name: string;
    readonly wanted: number;
    readonly objects: number;
    readonly bytes: number;
    readonly packs: number;
    readonly large: number;
    readonly records: number;
    readonly wrong: number;
    readonly missing: readonly Missing[];
  }[];
  readonly leftOut: readonly string[];
}

export interface FetchDocument {
  readonly remotes: readonly {
    readonly objects: number;
    readonly bytes: number;
    readonly records: number;
    readonly absent: readonly Missing[];
    readonly wrong: readonly Missing[];
  }[];
  readonly missing?: number;
}

export interface RemoteStatus {
  readonly upToDate: boolean;
  readonly remotes: readonly {
    readonly paths: readonly {
      readonly path: string;
      readonly new: { readonly objects: number };
      readonly deleted: { readonly objects: number };
      readonly missing: { readonly objects: number };
    }[];
    readonly missing: readonly Missing[];
  }[];
}

/** Everything that a remote holds, by key. */
export async function remoteFiles(rig: Rig, remote = REMOTE): Promise<Map<string, Buffer>> {
  const root = rig.path(remote);
  const found = new Map<string, Buffer>();
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.slice(root.length + 1), await readFile(path));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether a text stands anywhere in a remote. */
export async function holds(rig: Rig, text: string, remote = REMOTE): Promise<boolean> {
  return [...(await remoteFiles(rig, remote)).values()].some((bytes) => bytes.includes(text));
}

/** Writes over a file of a remote, which is read-only perhaps. */
export async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  await chmod(path, 0o600);
  await writeFile(path, bytes);
}

/** So many small files in a folder. */
export function smallFiles(folder: string, count: number, salt = ''): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${folder}/${at}.txt`, `file ${at} ${salt}\n`]));
}
