import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AgentOptions } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import type { ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { state as sdkState } from '@aws-sdk/core/client';
import type {
  AwsCredentialIdentity,
  AwsCredentialIdentityProvider,
  BuildMiddleware,
  DeserializeMiddleware,
} from '@smithy/types';
import { checkAborted, isAbort } from '../../kit/abort.ts';
import { trustOf } from '../../kit/tls-trust.ts';
import { PipeError } from '../../problem/problem.ts';
import { DirectHandler } from './direct-handler.ts';
import { limitOf } from './limit.ts';
import { retrying } from './retry.ts';
import { tellNotice } from '../../kit/notice.ts';
import { credentialsOf } from './s3-credentials.ts';
import { isTransient, isSilent, isUnconnected } from './s3-fault.ts';
import { endpointInEnvironment, regionInFiles } from './s3-files.ts';
import type { S3Options } from './s3-options.ts';
import { problemOf } from './s3-problem.ts';
import type { Subject } from './s3-problem.ts';

/** Given to each request of the SDK. */
export interface Sending {
  readonly abortSignal: AbortSignal;
}

/** The connections to a bucket. */
export interface S3 {
  readonly options: S3Options;
  readonly subject: Subject;
  readonly jobs: number;
  /** The key in the bucket. */
  readonly full: (key: string) => string;
  /**
   * Makes a call: when it is its turn, again when that helps, and with what went wrong in words.
   * @param what completes "cannot …"
   * @throws {PipeError} when it does not succeed, AbortError
   */
  readonly call: <T>(
    what: string,
    work: (client: S3Client, sending: Sending, tries: number) => Promise<T>,
  ) => Promise<T>;
  /** The server's time as its last answer told it, in milliseconds since 1970; `undefined` before the first answer. */
  readonly time: () => number | undefined;
  readonly close: () => void;
}

/** More connections than this are not faster anywhere; each of them costs the server memory. */
const JOBS = 32;

/** The pauses add up to about ten seconds. */
const TRIES = 8;

/** A server that was never there will not be there in a second: who mistyped its address need not wait. */
const TRIES_UNCONNECTED = 3;

/** Each try takes as long as is waited for an answer. */
const TRIES_SILENT = 2;

/** One that has answered before may be busy, or away for a moment. */
const TRIES_SILENT_KNOWN = 4;

/** Whoever waits for the first answer for so long is told. */
const TELL_AFTER_MS = 12_000;

const PAUSE_MS = 100;

/** Opens connections; none is made before the first call. */
export function openS3Client(options: S3Options): S3 {
  const { bucket, prefix, remote, env, signal, jobs = JOBS, pauseMs = PAUSE_MS } = options;
  const endpoint = endpointOf(options);
  const secrets: string[] = [];
  const subject: Subject = {
    name: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    bucket,
    remote: remote ?? 'NAME',
    endpoint: endpoint ?? 'Amazon S3',
    secrets,
  };
  const clock = new Clock();
  const client = makeClient({ ...options, endpoint }, noting(credentialsOf({ ...options, endpoint }), secrets));
  client.middlewareStack.add(md5OfRemovals, { step: 'build', priority: 'low', name: 'md5OfRemovals' });
  client.middlewareStack.add(seeing(clock), { step: 'deserialize', priority: 'low', name: 'clock' });
  const limit = limitOf(jobs);
  // A signal of its own, for it gets as many listeners as there are requests.
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const onAbort = (): void => {
    stop.abort();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) stop.abort();
  const said = new Set<string>();
  const tell = (text: string): void => {
    // Many calls wait at once: one line is enough.
    if (!said.has(text)) tellNotice(text);
    said.add(text);
  };
  const again = (error: unknown, tries: number): boolean => {
    const most = triesFor(error, clock.now() !== undefined);
    const isAgain = isTransient(error) && tries < most;
    if (isAgain && isSilent(error)) {
      tell(`no answer from ${subject.endpoint}, trying again (${String(tries + 1)} of ${String(most)})`);
    }
    return isAgain;
  };
  const tellOfSilence = (): void => {
    if (clock.now() === undefined) tell(`no answer from ${subject.endpoint} so far; waiting`);
  };
  return {
    options: { ...options, env },
    subject,
    jobs,
    full: (key) => (prefix === '' ? key : `${prefix}/${key}`),
    async call(what, work) {
      try {
        return await retrying({ again, pauseMs, signal: stop.signal }, (tries) =>
          limit(async () => {
            checkAborted(stop.signal);
            const timer = setTimeout(tellOfSilence, TELL_AFTER_MS).unref();
            try {
              return await work(client, { abortSignal: stop.signal }, tries);
            } finally {
              clearTimeout(timer);
            }
          }),
        );
      } catch (error) {
        checkAborted(stop.signal);
        throw isAbort(error) ? error : problemOf(error, what, subject);
      }
    },
    time: () => clock.now(),
    close: () => {
      signal?.removeEventListener('abort', onAbort);
      client.destroy();
    },
  };
}

function triesFor(error: unknown, isKnown: boolean): number {
  if (isSilent(error)) return isKnown ? TRIES_SILENT_KNOWN : TRIES_SILENT;
  return isUnconnected(error) && !isKnown ? TRIES_UNCONNECTED : TRIES;
}

function makeClient(options: S3Options, credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider): S3Client {
  const { endpoint, jobs = JOBS, connectTimeout = 20, readTimeout = 60, profile, bucket } = options;
  const agent = { keepAlive: true, maxSockets: jobs, maxFreeSockets: jobs };
  const tls: AgentOptions = trustOf(options.sslVerify, options.env['AWS_CA_BUNDLE']);
  // Else it tells the user to update Node.js, on stderr.
  sdkState.warningEmitted = true;
  return new S3Client({
    region: () => regionOf(options),
    ...(endpoint === undefined ? plainly(options) : { endpoint }),
    // Names with dots do not fit the certificates of AWS; servers of one's own seldom have a host for each bucket.
    forcePathStyle: endpoint !== undefined || !/^[a-z0-9-]+$/.test(bucket),
    ...(profile === undefined ? {} : { profile }),
    ...(options.isAnonymous === true
      ? {
          signer: { sign: (request) => Promise.resolve(request) },
          credentials: { accessKeyId: '', secretAccessKey: '' },
        }
      : { credentials }),
    defaultsMode: 'legacy',
    maxAttempts: 1,
    // Bodies are protected by the SHA-256 in the signature, which every server checks; newer checksums not all of them know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    followRegionRedirects: true,
    // Who opens the place has asked them: else nobody knew whose server it is.
    ignoreConfiguredEndpointUrls: true,
    disableS3ExpressSessionAuth: true,
    logger: SILENT,
    requestHandler: new DirectHandler(
      {
        httpAgent: new HttpAgent(agent),
        httpsAgent: new HttpsAgent({ ...agent, ...tls }),
        connectionTimeout: connectTimeout * 1000,
        socketTimeout: readTimeout * 1000,
        logger: SILENT,
      },
      { tls, connectTimeout: connectTimeout * 1000, readTimeout: readTimeout * 1000 },
    ),
  });
}

/** The address of AWS without TLS, where that is asked for. */
function plainly(options: S3Options): { endpoint?: () => Promise<{ url: URL }> } {
  if (options.useSsl !== false) return {};
  return { endpoint: async () => ({ url: new URL(`http://s3.${await regionOf(options)}.amazonaws.com`) }) };
}

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Nothing is printed but by commands.
}

/** The address of the server, with its scheme and without user and password; `undefined` for AWS. */
function endpointOf({ endpoint, env, useSsl }: S3Options): string | undefined {
  const given = endpoint || endpointInEnvironment(env);
  if (!given) return undefined;
  const text = given.includes('://') ? given : `${useSsl === false ? 'http' : 'https'}://${given}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const message = `${endpoint ? 'endpointurl' : 'AWS_ENDPOINT_URL'} is not the address of an S3 server`;
    throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, hint: 'write https://HOST or http://HOST:PORT' });
  }
  [url.username, url.password] = ['', ''];
  return url.href.replace(/\/$/, '');
}

const REGION = 'us-east-1';

async function regionOf(options: S3Options): Promise<string> {
  const { region, env } = options;
  return (region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'])) || ((await regionInFiles(options)) ?? REGION);
}

/** Notes what must never be shown. */
function noting(
  credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider,
  secrets: string[],
): AwsCredentialIdentityProvider {
  return async (about) => {
    const found = typeof credentials === 'function' ? await credentials(about) : credentials;
    secrets.push(found.secretAccessKey, ...(found.sessionToken === undefined ? [] : [found.sessionToken]));
    return found;
  };
}

/** Removing many objects at once needs a checksum; of all kinds, every server knows this one. */
const md5OfRemovals: BuildMiddleware<Input, Output> = (next, context) => (args) => {
  if (context['commandName'] !== 'DeleteObjectsCommand') return next(args);
  const request = args.request as { headers: Record<string, string>; body: string | Uint8Array };
  for (const name of Object.keys(request.headers)) {
    if (/^x-amz-(?:sdk-)?checksum-/i.test(name)) Reflect.deleteProperty(request.headers, name);
  }
  request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
  return next(args);
};

type Input = ServiceInputTypes;
type Output = ServiceOutputTypes;

function seeing(clock: Clock): DeserializeMiddleware<Input, Output> {
  return (next) => async (args) => {
    const result = await next(args);
    clock.see((result.response as { headers?: Record<string, string> }).headers?.['date']);
    return result;
  };
}

/** The time of the server, carried on by this machine's clock that nobody sets. */
class Clock {
  #offset: number | undefined;

  see(date: string | undefined): void {
    const time = Date.parse(date ?? '');
    if (!Number.isNaN(time)) this.#offset = time - performance.now();
  }

  now(): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + performance.now();
  }
}
