import { loadSharedConfigFiles } from '@smithy/core/config';
import { PipeError } from '../../problem/problem.ts';
import type { S3Options } from './s3-options.ts';

type FileOptions = Pick<S3Options, 'env' | 'profile' | 'credentialPath' | 'configPath'>;

/** A section of a file of AWS: names and values; those of a nested one as `s3.endpoint_url`. */
type Section = Readonly<Record<string, string | undefined>>;

interface AwsFiles {
  /** The section of the config file, and of the credentials file, that the profile has. */
  readonly profiles: readonly Section[];
  readonly sectionOf: (name: string) => Section | undefined;
}

async function readFiles({ env, profile, credentialPath, configPath }: FileOptions): Promise<AwsFiles> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    ...(credentialPath === undefined ? {} : { filepath: credentialPath }),
    ...(configPath === undefined ? {} : { configFilepath: configPath }),
  });
  const name = profile ?? env['AWS_PROFILE'] ?? 'default';
  const profiles = [configFile[name], credentialsFile[name]].filter((each) => each !== undefined);
  return { profiles, sectionOf: (section) => configFile[section] };
}

/** The region that the AWS files name. */
export async function regionInFiles(options: FileOptions): Promise<string | undefined> {
  const { profiles } = await readFiles(options);
  return profiles.map((profile) => profile['region']).find((region) => region !== undefined);
}

/** The server that the environment names, unless it says that such a name does not count. */
export function endpointInEnvironment(env: S3Options['env']): string | undefined {
  return isIgnored(env) ? undefined : env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined;
}

function isIgnored(env: S3Options['env']): boolean {
  return /^true$/i.test(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? '');
}

/**
 * The server that the AWS files name, unless the environment does, or they do not count
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 * @throws {PipeError} PIPE_CONFIG_VALUE for what is no address
 */
export async function endpointInFiles(options: FileOptions): Promise<string | undefined> {
  const { env } = options;
  if (isIgnored(env) || endpointInEnvironment(env) !== undefined) return undefined;
  const { profiles, sectionOf } = await readFiles(options);
  for (const profile of profiles) {
    if (/^true$/i.test(profile['ignore_configured_endpoint_urls'] ?? '')) return undefined;
    const services = profile['services'];
    const ofService = services === undefined ? undefined : sectionOf(`services.${services}`)?.['s3.endpoint_url'];
    const found = ofService ?? profile['endpoint_url'];
    if (found === undefined) continue;
    if (/^https?:/i.test(found) && URL.canParse(found)) return found;
    const message = 'endpoint_url in the AWS files is not the address of an S3 server';
    throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, hint: 'write https://HOST or http://HOST:PORT' });
  }
  return undefined;
}
