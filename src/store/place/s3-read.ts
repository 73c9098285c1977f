import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { DirectBody } from './direct-body.ts';
import type { ByteRange, PlaceEntry } from './place.ts';
import { roomFor, within } from './range.ts';
import type { S3 } from './s3-client.ts';
import { faultOf, isNothing, TruncatedBody } from './s3-fault.ts';

/** The entry of an object; `undefined` when it is not there. */
export async function statS3(s3: S3, key: string): Promise<PlaceEntry | undefined> {
  return s3.call(`look at ${key}`, async (client, sending) => {
    const input = { Bucket: s3.subject.bucket, Key: s3.full(key) };
    const firstByte = (): Promise<GetObjectCommandOutput> =>
      client.send(new GetObjectCommand({ ...input, Range: 'bytes=0-0' }), sending);
    try {
      const { ContentLength, LastModified, ETag } = await client.send(new HeadObjectCommand(input), sending);
      const size = ContentLength ?? (await sizeByRange(firstByte()));
      return { key, size, modifiedAt: LastModified?.getTime() ?? 0, ...(ETag === undefined ? {} : { etag: ETag }) }; // prettier-ignore
    } catch (error) {
      if (isNothing(error)) return undefined;
      const { status } = faultOf(error);
      // Answers to HEAD have no body, and so no reason: the same is asked in another way.
      if (status === 400 || status === 403) await drop(firstByte());
      throw error;
    }
  });
}

/** What is between a server and us may leave the length out of an answer to HEAD: that of a part says what the whole has. */
async function sizeByRange(sent: Promise<GetObjectCommandOutput>): Promise<number> {
  try {
    const { ContentRange, ContentLength, Body } = await sent;
    Body?.transformToByteArray().catch(() => undefined);
    const total = ContentRange === undefined ? ContentLength : /\/(\d+)$/.exec(ContentRange)?.[1];
    if (total !== undefined) return Number(total);
  } catch (error) {
    // There is no first byte.
    if (faultOf(error).status === 416) return 0;
    throw error;
  }
  throw new Error('the server does not say how large it is');
}

async function drop(sent: Promise<GetObjectCommandOutput>): Promise<void> {
  (await sent).Body?.transformToByteArray().catch(() => undefined);
}

/** What was read of an object so far, over all tries. */
interface Progress {
  /** Where the answer begins in the object. */
  readonly start: number;
  /** Whether it is all of the object, whatever was asked for. */
  readonly isWhole: boolean;
  readonly bytes: Buffer;
  done: number;
  readonly etag: string | undefined;
}

/** Bytes of an object; `undefined` when it is not there. An answer that breaks off is gone on with where it broke. */
export async function readS3(s3: S3, key: string, range: ByteRange | undefined): Promise<Buffer | undefined> {
  if (range !== undefined && ('last' in range ? range.last : range.length) <= 0) {
    return (await statS3(s3, key)) && Buffer.alloc(0);
  }
  let progress: Progress | undefined;
  return s3.call(`read ${key}`, async (client, sending) => {
    try {
      const answer = await client.send(
        new GetObjectCommand({
          Bucket: s3.subject.bucket,
          Key: s3.full(key),
          ...(progress === undefined ? rangeOf(range) : restOf(progress)),
        }),
        sending,
      );
      if (progress !== undefined && !isRestOf(answer, progress)) {
        progress = undefined;
        // All of it is as good as a first answer; what begins anywhere else is asked for anew.
        if (!isWhole(answer)) throw stray(answer);
      }
      // Every server says how long its answer is, but perhaps not what is between it and us.
      if (answer.ContentLength === undefined && progress === undefined) return await readUnknown(answer, range);
      progress ??= begin(answer, range);
      await fill(progress, answer.Body as Readable);
      return progress.isWhole && range !== undefined ? cut(progress.bytes, range) : progress.bytes;
    } catch (error) {
      if (isNothing(error)) return undefined;
      const { status } = faultOf(error);
      if (status === 416 && progress === undefined) return Buffer.alloc(0);
      // Replaced by other bytes in the meantime: from the beginning.
      if (status !== 412 && status !== 416) throw error;
      progress = undefined;
      throw new TruncatedBody(0, 1);
    }
  });
}

function rangeOf(range: ByteRange | undefined): { Range?: string } {
  if (range === undefined) return {};
  if ('last' in range) return { Range: `bytes=-${String(range.last)}` };
  return { Range: `bytes=${String(range.offset)}-${String(range.offset + range.length - 1)}` };
}

function restOf({ start, bytes, done, etag }: Progress): { Range?: string; IfMatch?: string } {
  if (bytes.length === 0) return {};
  const Range = `bytes=${String(start + done)}-${String(start + bytes.length - 1)}`;
  return etag === undefined ? { Range } : { Range, IfMatch: etag };
}

/**
 * Whether an answer is what was asked for of an object that broke off: not where a server, or a gateway before it, paid no
 * heed to the range and sends all from the beginning.
 */
function isRestOf({ ContentRange }: GetObjectCommandOutput, { start, bytes, done }: Progress): boolean {
  return bytes.length === 0 || startOf(ContentRange) === start + done;
}

/** Gives an answer up that begins where nobody asked it to. */
function stray({ Body }: GetObjectCommandOutput): Error {
  (Body as Readable).destroy();
  return new TruncatedBody(0, 1);
}

/** Where an answer begins in its object; `undefined` for one that is all of it. */
function startOf(contentRange: string | undefined): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(contentRange ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

/** No object is larger that is read without saying how much of it. */
const MOST_WHOLE = 1 << 30;

/** A server may not make us take more than was asked for. One that knows no ranges sends all, if it is not much. */
const MOST_UNASKED = 64 << 20;

function begin(
  { ContentLength: length = 0, ContentRange, ETag }: GetObjectCommandOutput,
  range: ByteRange | undefined,
): Progress {
  const asked = range === undefined ? MOST_WHOLE : 'last' in range ? range.last : range.length;
  if (length > asked && (ContentRange !== undefined || length > MOST_UNASKED)) throw tooMuch();
  const start = startOf(ContentRange);
  return { start: start ?? 0, isWhole: start === undefined, bytes: roomFor(length, range), done: 0, etag: ETag };
}

function tooMuch(): Error {
  const $metadata = { httpStatusCode: 400 };
  return Object.assign(new Error('more bytes than were asked for'), { name: 'InvalidRange', $metadata });
}

/** Whether a server has paid no heed to the range that was asked for. */
function isWhole({ ContentRange }: GetObjectCommandOutput): boolean {
  return ContentRange === undefined;
}

function cut(bytes: Buffer, range: ByteRange): Buffer {
  const { offset, length } = within(bytes.length, range);
  return bytes.subarray(offset, offset + length);
}

/** An answer that does not say how long it is; should it break off, all of it is asked for again. */
async function readUnknown(answer: GetObjectCommandOutput, range: ByteRange | undefined): Promise<Buffer> {
  const most = range === undefined ? MOST_WHOLE : ('last' in range ? range.last : range.length) + MOST_UNASKED;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.Body as Readable) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > most) throw tooMuch();
  }
  const bytes = Buffer.concat(chunks);
  return isWhole(answer) && range !== undefined ? cut(bytes, range) : bytes;
}

/** Copies a body into its place. What has arrived counts, also when it breaks off. */
async function fill(progress: Progress, body: Readable): Promise<void> {
  const { bytes } = progress;
  if (body instanceof DirectBody) {
    await body.readInto(bytes.subarray(progress.done), (count) => {
      progress.done += count;
    });
    return;
  }
  await new Promise<void>((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      progress.done += chunk.copy(bytes, progress.done);
    });
    body.on('end', resolve);
    body.on('error', reject);
    body.on('close', () => {
      reject(new TruncatedBody(progress.done, bytes.length));
    });
  });
  if (progress.done < bytes.length) throw new TruncatedBody(progress.done, bytes.length);
}
