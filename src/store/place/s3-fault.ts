/** What an error of the SDK, of Node or of a server says about itself. */
export interface Fault {
  /** `SlowDown`, `AccessDenied`, `ECONNRESET`. */
  readonly name: string;
  /** HTTP status; `undefined` when there was no answer, or none that could be read. */
  readonly status: number | undefined;
  readonly message: string;
}

/** A body that ended before it should. */
export class TruncatedBody extends Error {
  constructor(got: number, expected: number) {
    super(`the answer ended after ${String(got)} of ${String(expected)} bytes`);
    this.name = 'TruncatedBody';
  }
}

interface Thrown {
  readonly name?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly statusCode?: number };
}

/** Reads an error that a call ended with. */
export function faultOf(error: unknown): Fault {
  const { name = '', code, Code, message = '', $metadata, $response } = error as Thrown;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const isOfServer = status !== undefined && status > 0;
  const own = isOfServer ? (Code ?? name) : (code ?? name);
  return { name: own, status: isOfServer ? status : undefined, message };
}

/** What a server says when nothing is wrong with the request, or when its bytes came to harm on their way. */
const TRANSIENT_NAMES = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'InternalError',
  'InvalidPart',
  'MalformedXML',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'SlowDownRead',
  'SlowDownWrite',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'XAmzContentSHA256Mismatch',
]);

const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** What befalls connections. */
const TRANSIENT_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'TimeoutError',
  'TruncatedBody',
]);

/** Whether the same call may well succeed when it is made again. */
export function isTransient(error: unknown): boolean {
  if ((error as Thrown).$metadata?.clockSkewCorrected === true) return true;
  const { name, status } = faultOf(error);
  if (status === undefined) return TRANSIENT_CODES.has(name) || name.startsWith('HPE_');
  // An answer of success that cannot be read was damaged.
  return TRANSIENT_STATUS.has(status) || TRANSIENT_NAMES.has(name) || status < 300;
}

const UNCONNECTED = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH', 'ENOTFOUND']);

/** Whether there was not even a connection. */
export function isUnconnected(error: unknown): boolean {
  return UNCONNECTED.has(faultOf(error).name);
}

const SILENT = new Set(['ETIMEDOUT', 'TimeoutError']);

/** Whether the server took the call and said nothing for as long as is waited for an answer. */
export function isSilent(error: unknown): boolean {
  return SILENT.has(faultOf(error).name);
}

/** Whether an error says that there is no such object, or upload. */
export function isNothing(error: unknown): boolean {
  const { name, status } = faultOf(error);
  return status === 404 && name !== 'NoSuchBucket';
}
