import { PipeError } from '../../problem/problem.ts';
import type { Problem } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { parseJson } from '../../kit/parse-json.ts';
import { faultOf } from './s3-fault.ts';
import type { Fault } from './s3-fault.ts';

/** What a problem may tell of the place it is about. */
export interface Subject {
  /** `s3://bucket/prefix`. */
  readonly name: string;
  readonly bucket: string;
  /** What commands call the remote. */
  readonly remote: string;
  /** Address of the server, without user and password. */
  readonly endpoint: string;
  /** Texts that are never shown. */
  readonly secrets: readonly string[];
}

type Said = Pick<Problem, 'code' | 'message' | 'hint'>;

/** One kind of fault, and how it is said. */
interface Rule {
  readonly names: readonly string[];
  readonly say: (subject: Subject, fault: Fault) => Said;
}

const modify = ({ remote }: Subject, option: string): string => `\`pipe remote modify ${remote} ${option}\``;

const RULES: readonly Rule[] = [
  {
    names: ['CredentialsProviderError'],
    say: (subject, { message }) => ({
      code: 'PIPE_REMOTE_CREDENTIALS',
      message: `no credentials for ${subject.name}: ${message}`,
      hint: `set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (${modify(subject, 'profile …')}), or \`pipe remote modify --local ${subject.remote} access_key_id …\``,
    }),
  },
  {
    names: [
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'InvalidToken',
      'InvalidTokenId',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
    ],
    // MinIO does not tell a token whose time is over from one that was never valid.
    say: (subject, fault) =>
      subject.secrets.some((secret) => isOver(secret))
        ? expired(subject, fault)
        : {
            code: 'PIPE_REMOTE_CREDENTIALS',
            message: `${subject.endpoint} does not accept the credentials: ${said(fault)}`,
            hint: 'check access key and secret key, and that they belong to this server; `aws configure list` shows what AWS tools use; keys that hold for a time may have expired',
          },
  },
  {
    names: ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'],
    say: expired,
  },
  {
    names: ['RequestTimeTooSkewed'],
    say: (subject) => ({
      code: 'PIPE_REMOTE_SKEW',
      message: `the clock of this machine and that of ${subject.endpoint} are too far apart`,
      hint: 'set the clock (`timedatectl set-ntp true`), then run again',
    }),
  },
  {
    names: ['NoSuchBucket'],
    say: ({ bucket, endpoint }) => ({
      code: 'PIPE_REMOTE_NO_BUCKET',
      message: `there is no bucket "${bucket}" on ${endpoint}`,
      hint: 'check the name, or make the bucket first (`aws s3 mb`, `mc mb`)',
    }),
  },
  {
    names: ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'IllegalLocationConstraintException'],
    say: (subject, fault) => ({
      code: 'PIPE_REMOTE_FAILED',
      message: `${subject.name} lies in another region: ${said(fault)}`,
      hint: `set it: ${modify(subject, `region ${/expecting '([a-z0-9-]+)'/.exec(fault.message)?.[1] ?? '…'}`)}`,
    }),
  },
];

/** What TLS says of certificates that it does not trust. */
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/;

/** An error of a call in words for the user, without secrets. What is no fault of a remote is given back as it is. */
export function problemOf(error: unknown, what: string, subject: Subject): unknown {
  if (error instanceof PipeError) return error;
  const fault = faultOf(error);
  const rule = RULES.find(({ names }) => names.includes(fault.name));
  const told =
    rule?.say(subject, fault) ?? (fault.status === undefined ? ofConnection : ofServer)(subject, fault, what);
  if (told === undefined) return error;
  return new PipeError({
    code: told.code,
    message: discreet(told.message, subject),
    ...(told.hint === undefined ? {} : { hint: told.hint }),
  });
}

function expired(subject: Subject, fault: Fault): Said {
  return {
    code: 'PIPE_REMOTE_EXPIRED',
    message: `the credentials for ${subject.name} have expired: ${said(fault)}`,
    hint: 'get new ones (for example `aws sso login`) and run again; what was done so far is kept',
  };
}

/** Whether a session token says itself that its time is over, as those of MinIO do (JSON Web Tokens). */
function isOver(token: string): boolean {
  const [, claims, signature] = token.split('.');
  if (claims === undefined || signature === undefined) return false;
  const said = parseJson(Buffer.from(claims, 'base64url').toString()) as { readonly exp?: unknown } | null | undefined;
  return typeof said?.exp === 'number' && said.exp * 1000 < Date.now();
}

/** What the SDK says of an answer that is not one of S3: a web page, or what a console says. */
const UNREADABLE =
  /^(?:Expected closing tag|XML parse error|Deserialization error|Unexpected token|char '.*' is not expected)|Deserialization error|is not valid JSON|Unclosed|closing tag/i;

function isNoS3({ name, status = 0, message }: Fault): boolean {
  return (status < 400 || /^(?:\d*|Unknown\w*|Error|SyntaxError)$/.test(name)) && UNREADABLE.test(message);
}

function ofServer(subject: Subject, fault: Fault, what: string): Said {
  const { status = 0, name } = fault;
  if (isNoS3(fault)) {
    return {
      code: 'PIPE_REMOTE_FAILED',
      message: `cannot ${what} in ${subject.name}: ${subject.endpoint} does not answer as S3 does (HTTP ${String(status)})`,
      hint: `is it an S3 endpoint, and no web page or console of one? The address is set by ${modify(subject, 'endpointurl …')}`,
    };
  }
  if (status === 401 || status === 403) {
    return {
      code: 'PIPE_REMOTE_DENIED',
      message: `${subject.name} does not allow to ${what}: ${said(fault)}`,
      hint: 'the credentials are known, but their policy does not allow this; take others, or ask for the right',
    };
  }
  const message = `cannot ${what} in ${subject.name}: ${said(fault)} (HTTP ${String(status)})`;
  if (name === 'NotImplemented')
    return { code: 'PIPE_REMOTE_FAILED', message, hint: 'this server lacks a part of S3 that pipe needs' };
  const isBusy = status >= 500 || status === 429;
  return isBusy
    ? {
        code: 'PIPE_REMOTE_FAILED',
        message,
        hint: 'it was tried several times; run again later, what was done is kept',
      }
    : { code: 'PIPE_REMOTE_FAILED', message };
}

function ofConnection(subject: Subject, { name, message }: Fault): Said | undefined {
  const code = 'PIPE_REMOTE_UNREACHABLE';
  if (CERTIFICATE.test(name)) {
    return {
      code,
      message: `the certificate of ${subject.endpoint} is not trusted: ${message}`,
      hint: `name the file of your authority: ${modify(subject, 'ssl_verify FILE')}`,
    };
  }
  if (name === 'EPROTO' || name.startsWith('ERR_SSL')) {
    return {
      code,
      message: `${subject.endpoint} does not speak TLS`,
      hint: `if it is meant to be plain http: ${modify(subject, 'endpointurl http://…')}`,
    };
  }
  if (!/^(?:E[A-Z_]+|HPE_\w+|TimeoutError|TruncatedBody|ERR_STREAM\w+)$/.test(name)) return undefined;
  const hint = `check the address and the network; the address is set by ${modify(subject, 'endpointurl …')}`;
  return { code, message: `cannot reach ${subject.endpoint}: ${REASONS.get(name) ?? message}`, hint };
}

const REASONS = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection breaks again and again'],
  ['EPIPE', 'the connection breaks again and again'],
  ['TruncatedBody', 'the connection breaks again and again'],
  ['EHOSTUNREACH', 'no way leads to this host'],
  ['ENETUNREACH', 'no way leads to this network'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name of the host cannot be looked up now'],
  ['ETIMEDOUT', 'no answer in time'],
  ['TimeoutError', 'no answer in time'],
]);

/** A server's words, on one line of reasonable length. */
function said({ name, message }: Fault): string {
  // eslint-disable-next-line no-control-regex -- a server may say anything
  const words = message.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();
  const short = words.length > 300 ? `${words.slice(0, 300)}…` : words;
  if (/^(?:\d*|Unknown\w*)$/.test(name)) return short === '' || short.startsWith('Unknown') ? 'no reason given' : short;
  return short === '' || short === name ? name : `${name}: ${short}`;
}

function discreet(text: string, { secrets }: Subject): string {
  const hidden = secrets.filter((secret) => secret.length > 3).reduce((all, each) => all.replaceAll(each, '***'), text);
  return redactUrls(hidden);
}
