import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import type { S3Options } from './s3-options.ts';

type CredentialOptions = Pick<
  S3Options,
  'env' | 'profile' | 'credentialPath' | 'configPath' | 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'endpoint'
>;

/**
 * Where credentials come from, in the order of AWS' own tools: the configuration, a profile that it names, the
 * environment, then shared files, single sign-on, containers and the machine. The last ones are loaded when it comes to
 * them; a server that is not AWS is not one that the machine has credentials for.
 */
export function credentialsOf(options: CredentialOptions): AwsCredentialIdentity | AwsCredentialIdentityProvider {
  const { env, profile, accessKeyId, secretAccessKey, sessionToken } = options;
  const own = identity(accessKeyId, secretAccessKey, sessionToken);
  if (own !== undefined) return own;
  const ofEnvironment = identity(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']);
  if (profile === undefined && ofEnvironment !== undefined) return ofEnvironment;
  return profile !== undefined || isForeign(options.endpoint) ? ofFiles(options) : ofChain(options);
}

function identity(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): AwsCredentialIdentity | undefined {
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function isForeign(endpoint: string | undefined): boolean {
  return endpoint !== undefined && !/\.amazonaws\.com(?:\.cn)?$/.test(new URL(endpoint).hostname);
}

function ofFiles(options: CredentialOptions): AwsCredentialIdentityProvider {
  let provider: AwsCredentialIdentityProvider | undefined;
  return async () => {
    const { fromIni } = await import('./s3-providers.ts');
    provider ??= fromIni(filesOf(options));
    return provider();
  };
}

function ofChain(options: CredentialOptions): AwsCredentialIdentityProvider {
  let provider: AwsCredentialIdentityProvider | undefined;
  return async () => {
    const { defaultProvider } = await import('./s3-providers.ts');
    provider ??= defaultProvider(filesOf(options));
    return provider();
  };
}

function filesOf({ env, profile, credentialPath, configPath }: CredentialOptions): {
  profile?: string;
  filepath?: string;
  configFilepath?: string;
} {
  const name = profile ?? env['AWS_PROFILE'];
  return {
    ...(name === undefined ? {} : { profile: name }),
    ...(credentialPath === undefined ? {} : { filepath: credentialPath }),
    ...(configPath === undefined ? {} : { configFilepath: configPath }),
  };
}
