import { afterEach, expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../project/fixture/folder.ts';
import { endpointInFiles } from './s3-files.ts';
import { openConfiguredS3 } from './s3.ts';

// The variables are those of this process, as they are for a command: AWS' own code reads the files.
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Files of AWS in a home: servers for three profiles. */
function home(): void {
  const folder = temporaryFolder();
  write(folder, {
    '.aws/config': [
      '[default]\nendpoint_url = http://default.example:9000',
      '[profile work]\nservices = mine\nendpoint_url = http://all.example',
      '[services mine]\ns3 =\n  endpoint_url = http://s3.example\nsqs =\n  endpoint_url = http://sqs.example',
      '[profile other]\nservices = without\nendpoint_url = http://other.example',
      '[services without]\nsqs =\n  endpoint_url = http://sqs.example',
      '[profile never]\nendpoint_url = http://never.example\nignore_configured_endpoint_urls = true',
      '[profile none]\nregion = eu-west-1',
    ].join('\n'),
  });
  vi.stubEnv('HOME', folder);
}

const found = (profile?: string): Promise<string | undefined> => endpointInFiles({ env: process.env, profile });

test('a profile names the server, for S3 alone where it has a section for services', async () => {
  home();
  expect(await found()).toBe('http://default.example:9000');
  expect(await found('work')).toBe('http://s3.example');
  expect(await found('other')).toBe('http://other.example');
  expect(await found('none')).toBeUndefined();
  expect(await found('absent')).toBeUndefined();
  vi.stubEnv('AWS_PROFILE', 'work');
  expect(await found()).toBe('http://s3.example');
});

test('the environment is stronger, and both can say that the files do not count', async () => {
  home();
  expect(await found('never')).toBeUndefined();
  vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'true');
  expect(await found()).toBeUndefined();
  vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', '');
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://environment.example');
  expect(await found()).toBeUndefined();
});

test('a place knows which server that is, unless its options name another', async () => {
  home();
  const identityOf = async (endpoint?: string): Promise<string> => {
    const place = await openConfiguredS3({ bucket: 'known', prefix: '', env: process.env, endpoint });
    place.close();
    return place.identity;
  };
  expect(await identityOf()).toBe('http://default.example:9000 s3://known');
  expect(await identityOf('http://option.example')).toBe('http://option.example s3://known');
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://environment.example');
  expect(await identityOf()).toBe('http://environment.example s3://known');
});
