/** What a bucket is opened with. Absent options take what AWS' own tools take. */
export interface S3Options {
  readonly bucket: string;
  /** Keys begin with it and a slash; empty for the whole bucket. */
  readonly prefix: string;
  /** What commands call the remote, for hints. */
  readonly remote?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** How many calls go out at once. */
  readonly jobs?: number | undefined;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly useSsl?: boolean | undefined;
  /** `false`, or a file with the certificates to trust; absolute. */
  readonly sslVerify?: string | undefined;
  readonly profile?: string | undefined;
  /** Absolute paths of the AWS files. */
  readonly credentialPath?: string | undefined;
  readonly configPath?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly isAnonymous?: boolean | undefined;
  readonly sse?: string | undefined;
  readonly sseKmsKeyId?: string | undefined;
  readonly acl?: string | undefined;
  /** Seconds. */
  readonly connectTimeout?: number | undefined;
  /** Seconds without a byte. */
  readonly readTimeout?: number | undefined;
  readonly sizes?: Partial<Sizes> | undefined;
  /** Milliseconds before the first try again, doubled each time: tests do not wait. */
  readonly pauseMs?: number | undefined;
}

/** Where ways of transfer change, in bytes. */
export interface Sizes {
  /** Larger objects go in parts. */
  readonly single: number;
  /** Of a part, unless the object would have more parts than S3 takes. */
  readonly part: number;
  /** Parts in memory at once, over all objects. */
  readonly inFlight: number;
  /** Larger objects are copied in parts of this size. */
  readonly copy: number;
}

const MIB = 1 << 20;

/** S3 copies 5 GiB at once at most; smaller pieces are copied beside each other and answer in time. */
export const SIZES: Sizes = { single: 32 * MIB, part: 16 * MIB, inFlight: 128 * MIB, copy: 1024 * MIB };
