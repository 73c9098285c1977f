import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { isAbort } from '../../kit/abort.ts';
import type { Budget } from './limit.ts';
import type { LargeSource } from './place.ts';
import type { S3 } from './s3-client.ts';
import { faultOf } from './s3-fault.ts';
import { SIZES } from './s3-options.ts';
import { isObjectOf, md5 } from './s3-etag.ts';
import type { Begun } from './s3-unfinished.ts';
import { abandon, findBegun } from './s3-unfinished.ts';
import { keepingOf, writeS3 } from './s3-write.ts';

/** What is uploaded, and with what memory. */
export interface LargeUpload {
  readonly key: string;
  readonly source: LargeSource;
  /** Bytes in memory, over all uploads to the place. */
  readonly memory: Budget;
}

/** Buffers that an upload keeps for its next parts, beside the memory that it is given. */
const MOST_FREE = 2;

/** S3 takes no more parts. */
const MOST_PARTS = 10_000;

const MIB = 1 << 20;

/** How often an upload is begun anew that somebody else has ended. */
const TRIES = 8;

/** Somebody else has ended the upload that this one went on with; the cause is what the server said. */
class UploadGone extends Error {
  constructor(cause: unknown) {
    super('the upload has gone', { cause });
  }
}

/** Writes an object of any size. Parts of an earlier try count when their MD5 is that of our bytes. */
export async function writeLargeS3(s3: S3, upload: LargeUpload): Promise<void> {
  const { size } = upload.source;
  if (size <= (s3.options.sizes?.single ?? SIZES.single)) {
    await writeAtOnce(s3, upload);
    return;
  }
  let begun = await findBegun(s3, upload.key);
  for (let tries = 1; ; tries += 1) {
    try {
      await writeParts(s3, upload, begun);
      return;
    } catch (error) {
      if (!(error instanceof UploadGone)) throw error;
      if (await isThereNow(s3, upload)) return;
      if (tries === TRIES) throw error.cause;
      // Others may go on with our own upload, too, and end it before us, as often as it is begun anew.
      begun = undefined;
    }
  }
}

async function writeAtOnce(s3: S3, { key, source, memory }: LargeUpload): Promise<void> {
  await memory.take(source.size);
  try {
    const bytes = await readPiece(source, { offset: 0, length: source.size });
    await source.check();
    await writeS3(s3, key, { pieces: [bytes], ifAbsent: false });
  } finally {
    memory.give(source.size);
  }
}

/** The error of a source, which gives the upload up. */
class GivenUp extends Error {
  constructor(cause: unknown) {
    super('given up', { cause });
  }
}

async function readPiece(
  source: LargeSource,
  { offset, length, into }: { readonly offset: number; readonly length: number; readonly into?: Buffer | undefined },
): Promise<Uint8Array> {
  const bytes = length === 0 ? new Uint8Array(0) : await source.read(offset, length, into);
  if (bytes.length === length) return bytes;
  throw new Error(`a source gave ${String(bytes.length)} bytes instead of ${String(length)}`);
}

async function writeParts(s3: S3, upload: LargeUpload, begun: Begun | undefined): Promise<void> {
  const { key, source } = upload;
  const target = { Bucket: s3.subject.bucket, Key: s3.full(key) };
  const UploadId = begun?.id ?? (await create(s3, key));
  try {
    const Parts = await sendParts(s3, upload, { id: UploadId, parts: begun?.parts ?? new Map() });
    await source.check().catch(giveUp);
    await s3.call(`write ${key}`, async (client, sending) => {
      try {
        await client.send(
          new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
          sending,
        );
      } catch (error) {
        const { name } = faultOf(error);
        // A part of the earlier try was still on its way, and has taken the place of ours.
        if (name === 'InvalidPart' && begun !== undefined) throw new UploadGone(error);
        if (name !== 'NoSuchUpload') throw error;
        // Our own first try may have done it, or somebody who went on with the same upload.
        if (!(await isObjectOf({ client, sending, target, parts: Parts }))) throw new UploadGone(error);
      }
    });
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    // Parts of an interrupted upload stay for the next try; those of wrong bytes do not.
    if (!isAbort(error.cause)) await abandon(s3, key, UploadId);
    throw error.cause;
  }
}

function giveUp(error: unknown): never {
  throw new GivenUp(error);
}

async function create(s3: S3, key: string): Promise<string> {
  const target = { Bucket: s3.subject.bucket, Key: s3.full(key) };
  const { UploadId } = await s3.call(`write ${key}`, (client, sending) =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...keepingOf(s3) }), sending),
  );
  if (UploadId === undefined) throw new Error('a server began an upload without a name');
  return UploadId;
}

/** Of equal size, but for the last one. */
function partSize(s3: S3, size: number): number {
  const least = Math.ceil(size / MOST_PARTS / MIB) * MIB;
  return Math.max(s3.options.sizes?.part ?? SIZES.part, least);
}

/** Reads the parts in order, and sends each while the next ones are read. */
async function sendParts(s3: S3, { key, source, memory }: LargeUpload, begun: Begun): Promise<CompletedPart[]> {
  const size = partSize(s3, source.size);
  const sent: Promise<CompletedPart>[] = [];
  const free: Buffer[] = [];
  const state = { isFailed: false };
  const fail = (): void => {
    state.isFailed = true;
  };
  for (let offset = 0; offset < source.size && !state.isFailed; offset += size) {
    const length = Math.min(size, source.size - offset);
    await memory.take(length);
    const into = free.pop() ?? Buffer.allocUnsafe(length);
    const reading = readPiece(source, { offset, length, into }).catch(giveUp);
    const part = reading
      .then((bytes) => sendPart(s3, key, { begun, number: offset / size + 1, bytes }))
      .then((done) => {
        // New memory costs as much as the reading. After a failure a request may still hold it.
        if (free.length < MOST_FREE) free.push(into);
        return done;
      })
      .finally(() => {
        memory.give(length);
      });
    part.catch(fail);
    sent.push(part);
    // In order: the next piece is read when this one is there. What goes wrong is told below.
    await reading.catch(fail);
  }
  const ends = await Promise.allSettled(sent);
  const wrong = ends.find((end) => end.status === 'rejected');
  if (wrong !== undefined) throw wrong.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
}

interface Part {
  readonly begun: Begun;
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Sends a part, unless an earlier try has done so. */
async function sendPart(s3: S3, key: string, { begun, number, bytes }: Part): Promise<CompletedPart> {
  const there = begun.parts.get(number);
  if (there?.size === bytes.length && there.etag === md5(bytes)) return { PartNumber: number, ETag: `"${there.etag}"` };
  return s3.call(`write ${key}`, async (client, sending) => {
    try {
      const input = {
        Bucket: s3.subject.bucket,
        Key: s3.full(key),
        UploadId: begun.id,
        PartNumber: number,
        Body: bytes,
      };
      const { ETag } = await client.send(new UploadPartCommand(input), sending);
      return { PartNumber: number, ETag };
    } catch (error) {
      if (faultOf(error).name === 'NoSuchUpload') throw new UploadGone(error);
      throw error;
    }
  });
}

/** Whether somebody who uploaded the same bytes beside us has put the object in place. */
async function isThereNow(s3: S3, { key, source }: LargeUpload): Promise<boolean> {
  const size = partSize(s3, source.size);
  const parts: CompletedPart[] = [];
  for (let offset = 0; offset < source.size; offset += size) {
    const bytes = await readPiece(source, { offset, length: Math.min(size, source.size - offset) });
    parts.push({ PartNumber: parts.length + 1, ETag: `"${md5(bytes)}"` });
  }
  const target = { Bucket: s3.subject.bucket, Key: s3.full(key) };
  if (!(await s3.call(`look at ${key}`, (client, sending) => isObjectOf({ client, sending, target, parts }))))
    return false;
  await source.check();
  return true;
}
