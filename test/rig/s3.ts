import { execFile } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
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
  /** Gives out keys of a user that hold for an hour, with the token that goes with them (AssumeRole). */
  assumeRole(user: User): Promise<SessionKeys>;
  /** The same keys when their time is over: with the token that the server would have written an hour ago. */
  expired(keys: SessionKeys): SessionKeys;
}

/** Keys that hold for a time. */
export interface SessionKeys extends User {
  readonly sessionToken: string;
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
    async assumeRole(user) {
      const answer = await askForKeys(server.url, user);
      const field = (name: string): string => {
        const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer) ?? [];
        if (value === undefined) throw new Error(`no ${name} in ${answer}`);
        return value;
      };
      return {
        accessKeyId: field('AccessKeyId'),
        secretAccessKey: field('SecretAccessKey'),
        sessionToken: field('SessionToken'),
      };
    },
    expired(keys) {
      const [head = '', claims = ''] = keys.sessionToken.split('.');
      const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
      const exp = Math.floor(Date.now() / 1000) - 60;
      const text = `${head}.${Buffer.from(JSON.stringify({ ...said, exp })).toString('base64url')}`;
      const signature = createHmac('sha512', root.secretAccessKey).update(text).digest('base64url');
      return { ...keys, sessionToken: `${text}.${signature}` };
    },
  };
}

/** Asks the token service of a MinIO, with a signature of AWS, version 4. */
async function askForKeys(url: string, { accessKeyId, secretAccessKey }: User): Promise<string> {
  const body = 'Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600';
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = at.slice(0, 8);
  const scope = `${day}/us-east-1/sts/aws4_request`;
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const headers = `host:${new URL(url).host}\nx-amz-date:${at}\n`;
  const request = ['POST', '/', '', headers, 'host;x-amz-date', digest(body)].join('\n');
  const key = [day, 'us-east-1', 'sts', 'aws4_request'].reduce<string | Buffer>(mac, `AWS4${secretAccessKey}`);
  const signature = mac(key, ['AWS4-HMAC-SHA256', at, scope, digest(request)].join('\n')).toString('hex');
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-amz-date': at,
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    },
  });
  return answer.text();
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
