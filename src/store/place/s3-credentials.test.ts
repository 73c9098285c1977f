import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { FaultProxy } from '../../../test/rig/fault-proxy.ts';
import { startFaultProxy } from '../../../test/rig/fault-proxy.ts';
import type { Minio } from '../../../test/rig/s3.ts';
import { startMinio } from '../../../test/rig/s3.ts';
import { temporaryFolder, write } from '../../project/fixture/folder.ts';
import { signerOf, unsent } from './fixture/unsent.ts';
import type { S3Options } from './s3-options.ts';
import { openS3 } from './s3.ts';

// The variables are those of this process, as they are for a command: AWS' own code reads the files.

let minio: Minio;
let proxy: FaultProxy;
beforeAll(async () => {
  minio = await startMinio();
  await minio.makeBuckets('known');
  proxy = await startFaultProxy(minio.url);
});
beforeEach(() => {
  proxy.plan(() => undefined);
  // No machine of a cloud is asked.
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

type Signer = ReturnType<typeof signerOf>;

/** Whose key signs a request to the test's own server, which answers it. */
async function ownServer(options: Partial<S3Options> = {}): Promise<Signer> {
  const place = openS3({ bucket: 'known', prefix: '', endpoint: proxy.url, env: process.env, ...options });
  try {
    await place.stat('nothing').catch((error: unknown) => {
      if (proxy.seen.length === 0) throw error;
    });
  } finally {
    place.close();
  }
  return signerOf(proxy.seen[0]?.headers['authorization']);
}

/** The same at Amazon. */
async function amazon(options: Partial<S3Options> = {}): Promise<Signer> {
  return signerOf((await unsent({ bucket: 'known', prefix: '', env: process.env, ...options })).authorization);
}

const SERVERS = [
  ['a server of its own', ownServer],
  ['Amazon', amazon],
] as const;

const keys = (name: string): string => `aws_access_key_id = ${name}\naws_secret_access_key = of-${name}\n`;

/** A home with files of AWS; the names of keys tell where they stand. */
function home(): string {
  const folder = temporaryFolder();
  write(folder, {
    '.aws/credentials': `[default]\n${keys('home-default')}[work]\n${keys('home-work')}`,
    '.aws/config': `[default]\nregion = eu-south-1\n[profile work]\nregion = eu-south-2\n[profile only]\n${keys('home-config')}`,
    'other/credentials': `[default]\n${keys('other-default')}`,
    'other/config': `[default]\nregion = ap-east-1\n[profile only]\n${keys('other-config')}`,
  });
  vi.stubEnv('HOME', folder);
  return folder;
}

test.each(SERVERS)(
  'for %s, keys and region come from the AWS files in the home, where nothing else is said',
  async (_, ask) => {
    home();
    expect(await ask()).toEqual({ key: 'home-default', region: 'eu-south-1' });
  },
);

test.each(SERVERS)('for %s, they come from the files that the environment names', async (_, ask) => {
  const folder = home();
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', `${folder}/other/credentials`);
  expect(await ask()).toEqual({ key: 'other-default', region: 'eu-south-1' });
});

test.each(SERVERS)('for %s, the config file that the environment names tells the region', async (_, ask) => {
  const folder = home();
  vi.stubEnv('AWS_CONFIG_FILE', `${folder}/other/config`);
  expect(await ask()).toEqual({ key: 'home-default', region: 'ap-east-1' });
});

test.each(SERVERS)('for %s, AWS_PROFILE names the profile in them, and the option before it', async (_, ask) => {
  home();
  vi.stubEnv('AWS_PROFILE', 'work');
  expect(await ask()).toEqual({ key: 'home-work', region: 'eu-south-2' });
  proxy.plan(() => undefined);
  expect(await ask({ profile: 'only' })).toEqual({ key: 'home-config', region: 'us-east-1' });
});

test.each(SERVERS)(
  'for %s, files that are named in the configuration come before those of the environment',
  async (_, ask) => {
    const folder = home();
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    const options = { credentialPath: `${folder}/other/credentials`, configPath: `${folder}/other/config` };
    expect(await ask(options)).toEqual({ key: 'other-default', region: 'ap-east-1' });
    proxy.plan(() => undefined);
    expect(await ask({ ...options, profile: 'only' })).toMatchObject({ key: 'other-config' });
  },
);

test.each(SERVERS)(
  'for %s, keys of the environment come before the files, and those of the options before both',
  async (_, ask) => {
    home();
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'variable');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'of-variable');
    expect(await ask()).toEqual({ key: 'variable', region: 'eu-south-1' });
    proxy.plan(() => undefined);
    expect(await ask({ accessKeyId: 'option', secretAccessKey: 'of-option' })).toMatchObject({ key: 'option' });
    proxy.plan(() => undefined);
    expect(await ask({ profile: 'work' })).toMatchObject({ key: 'home-work' });
  },
);

test('keys in the home are what a server knows, and opens with', async () => {
  const folder = temporaryFolder();
  const { accessKeyId, secretAccessKey } = minio.root;
  const text = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  write(folder, { '.aws/credentials': text });
  vi.stubEnv('HOME', folder);
  const place = openS3({ bucket: 'known', prefix: '', endpoint: proxy.url, env: process.env });
  await place.write('key', [Buffer.from('x')]);
  expect((await place.read('key'))?.toString()).toBe('x');
  place.close();
});

test('what a container or a machine is given for Amazon is asked for there, and goes to no other server', async () => {
  const given = {
    AccessKeyId: 'container',
    SecretAccessKey: 'of-container',
    Token: 't',
    Expiration: '2999-01-01T00:00:00Z',
  };
  const container = await startFaultProxy(minio.url);
  container.plan(() => ({ status: 200, body: JSON.stringify(given), headers: { 'content-type': 'application/json' } }));
  vi.stubEnv('HOME', temporaryFolder());
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${container.url}/keys`);
  try {
    for (const endpoint of [proxy.url, 'https://s3.amazonaws.com.example.org', 'https://amazonaws.com']) {
      const refused = { problems: [{ code: 'PIPE_REMOTE_CREDENTIALS' }] };
      await expect(unsent({ bucket: 'known', prefix: '', endpoint, env: process.env })).rejects.toMatchObject(refused);
    }
    expect(container.seen).toEqual([]);
    expect(await amazon()).toMatchObject({ key: 'container' });
    expect(await amazon({ endpoint: 'https://s3.eu-west-1.amazonaws.com' })).toMatchObject({ key: 'container' });
  } finally {
    await container.stop();
  }
});
