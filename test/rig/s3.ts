import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { goTool, MINIO, MINIO_CLIENT, VERSITYGW } from '../setup/go.ts';
import type { Server, ServerPlan } from './server.ts';
import { startServer } from './server.ts';

/** Who may do what. */
export interface User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An S3 server of a test's own. */
export interface S3Server extends Server {
  readonly root: User;
  /** Makes buckets; their names have three characters at least. */
  makeBuckets(...names: string[]): Promise<void>;
  /** Runs MinIO's client; `t/bucket/key` is what lies in a bucket. */
  mc(...args: string[]): Promise<string>;
}

/** A MinIO, which also knows users and policies. */
export interface Minio extends S3Server {
  /**
   * Adds a user.
   * @param actions such as `s3:GetObject`
   * @param resources without `arn:aws:s3:::`, such as `bucket/*`
   * @param user by default one that is made up
   */
  addUser(actions: readonly string[], resources: readonly string[], user?: User): Promise<User>;
}

const run = promisify(execFile);

/**
 * Starts a MinIO with nothing in it. It encrypts where it is asked to, with a key of its own.
 * @param base where its folder is made; by default that for temporary files
 */
export async function startMinio(base?: string): Promise<Minio> {
  const root = newUser();
  const plan: ServerPlan = {
    command: (port, folder) => [
      goTool(MINIO),
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${String(port)}`,
      join(folder, 'data'),
    ],
    env: {
      MINIO_ROOT_USER: root.accessKeyId,
      MINIO_ROOT_PASSWORD: root.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_PROMETHEUS_AUTH_TYPE: 'public', // so that the benchmark can count requests
      MINIO_KMS_SECRET_KEY: `test-key:${randomBytes(32).toString('base64')}`,
    },
    health: '/minio/health/ready',
  };
  const server = await startServer(plan, base);
  const s3 = withClient(server, root);
  return {
    ...s3,
    async addUser(actions, resources, user = newUser()) {
      const policy = `policy-${user.accessKeyId}`;
      const file = join(server.folder, `${policy}.json`);
      const Resource = resources.map((each) => `arn:aws:s3:::${each}`);
      const Statement = [{ Effect: 'Allow', Action: actions, Resource }];
      writeFileSync(file, JSON.stringify({ Version: '2012-10-17', Statement }));
      await s3.mc('admin', 'user', 'add', 't', user.accessKeyId, user.secretAccessKey);
      await s3.mc('admin', 'policy', 'create', 't', policy, file);
      await s3.mc('admin', 'policy', 'attach', 't', policy, '--user', user.accessKeyId);
      return user;
    },
  };
}

/** Starts a versitygw, an S3 server by others, with nothing in it. */
export async function startVersity(): Promise<S3Server> {
  const root = newUser();
  const server = await startServer({
    command: (port, folder) => {
      const [data, users] = [join(folder, 'data'), join(folder, 'users')];
      mkdirSync(data);
      mkdirSync(users);
      const options = ['--port', `127.0.0.1:${String(port)}`, '--health', '/health', '--iam-dir', users, '--quiet'];
      return [goTool(VERSITYGW), ...options, 'posix', data];
    },
    env: { ROOT_ACCESS_KEY: root.accessKeyId, ROOT_SECRET_KEY: root.secretAccessKey },
    health: '/health',
  });
  return withClient(server, root);
}

function withClient(server: Server, root: User): S3Server {
  const { host } = new URL(server.url);
  const mc = async (...args: string[]): Promise<string> => {
    const env = { MC_HOST_t: `http://${root.accessKeyId}:${root.secretAccessKey}@${host}`, HOME: server.folder };
    const config = ['--config-dir', join(server.folder, 'mc'), '--quiet'];
    return (await run(goTool(MINIO_CLIENT), [...config, ...args], { env })).stdout;
  };
  return {
    ...server,
    root,
    mc,
    makeBuckets: async (...names) => {
      await mc('mb', ...names.map((name) => `t/${name}`));
    },
  };
}

function newUser(): User {
  return { accessKeyId: `user${randomBytes(6).toString('hex')}`, secretAccessKey: randomBytes(16).toString('hex') };
}
