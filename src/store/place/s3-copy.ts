import { setTimeout } from 'node:timers/promises';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { openS3Client } from './s3-client.ts';
import type { S3 } from './s3-client.ts';
import { isObjectOf } from './s3-etag.ts';
import { faultOf, isNothing } from './s3-fault.ts';
import { SIZES } from './s3-options.ts';
import { statS3 } from './s3-read.ts';
import { abandon } from './s3-unfinished.ts';
import { keepingOf } from './s3-write.ts';

/** How often a copy is begun anew whose upload has gone, and the object is not there. */
const TRIES = 3;

/** Who asked to stop does not wait longer than this for the parts to be removed, in milliseconds. */
const LAST_WORD_MS = 5_000;

/** Copies an object on the server; `false` when it is not there. */
export async function copyS3(s3: S3, from: string, to: string): Promise<boolean> {
  const entry = await statS3(s3, from);
  if (entry === undefined) return false;
  const most = s3.options.sizes?.copy ?? SIZES.copy;
  const target = { Bucket: s3.subject.bucket, Key: s3.full(to) };
  const CopySource = [s3.subject.bucket, ...s3.full(from).split('/')].map(encodeURIComponent).join('/');
  if (entry.size > most) return copyByParts(s3, { from, to, size: entry.size, part: most, CopySource });
  return s3.call(`copy ${from}`, async (client, sending) => {
    try {
      await client.send(new CopyObjectCommand({ ...target, ...keepingOf(s3), CopySource }), sending);
      return true;
    } catch (error) {
      if (isNothing(error)) return false;
      throw error;
    }
  });
}

interface PartCopy {
  readonly from: string;
  readonly to: string;
  readonly size: number;
  readonly part: number;
  readonly CopySource: string;
}

async function copyByParts(s3: S3, copy: PartCopy): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    if (await tryByParts(s3, copy, tries === TRIES)) return true;
  }
}

/**
 * @param isLast whether an upload that has gone is thrown as what went wrong
 * @returns whether the object is there; not when somebody else has ended the upload
 */
async function tryByParts(s3: S3, copy: PartCopy, isLast: boolean): Promise<boolean> {
  const { from, to } = copy;
  const target = { Bucket: s3.subject.bucket, Key: s3.full(to) };
  const { UploadId = '' } = await s3.call(`copy ${from}`, (client, sending) =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...keepingOf(s3) }), sending),
  );
  try {
    const Parts = await copyParts(s3, copy, { UploadId, isLast });
    if (Parts === undefined) return false;
    return await s3.call(`copy ${from}`, async (client, sending) => {
      try {
        await client.send(
          new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
          sending,
        );
        return true;
      } catch (error) {
        if (faultOf(error).name !== 'NoSuchUpload') throw error;
        // Our own first try may have done it, and its answer was lost.
        if (await isObjectOf({ client, sending, target, parts: Parts })) return true;
        if (isLast) throw error;
        return false;
      }
    });
  } catch (error) {
    await giveUp(s3, to, UploadId);
    throw error;
  }
}

/**
 * Copies the parts, several at once. Has not ended before all of them have: none comes in when they are removed. After one
 * that fails, no other is begun.
 * @returns `undefined` when somebody else has ended the upload, unless `isLast`
 */
async function copyParts(
  s3: S3,
  { from, to, size, part, CopySource }: PartCopy,
  { UploadId, isLast }: { readonly UploadId: string; readonly isLast: boolean },
): Promise<CompletedPart[] | undefined> {
  const target = { Bucket: s3.subject.bucket, Key: s3.full(to), UploadId };
  let isOver = false as boolean;
  const copied = async (at: number): Promise<CompletedPart[]> => {
    const CopySourceRange = `bytes=${String(at * part)}-${String(Math.min(size, (at + 1) * part) - 1)}`;
    const command = new UploadPartCopyCommand({ ...target, CopySource, CopySourceRange, PartNumber: at + 1 });
    return s3.call(`copy ${from}`, async (client, sending) => {
      if (isOver) return [];
      try {
        const { CopyPartResult } = await client.send(command, sending);
        return [{ PartNumber: at + 1, ETag: CopyPartResult?.ETag }];
      } catch (error) {
        if (isLast || faultOf(error).name !== 'NoSuchUpload') throw error;
        isOver = true;
        return [];
      }
    });
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.ceil(size / part) }, async (_, at) => {
      try {
        return await copied(at);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }),
  );
  const wrong = ends.find((end) => end.status === 'rejected');
  if (wrong !== undefined) throw wrong.reason;
  return isOver ? undefined : ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
}

/**
 * Removes the parts of a copy, which nobody goes on with: they would only be seen on the bill. Also when somebody asked
 * to stop, with connections that this does not end.
 */
async function giveUp(s3: S3, to: string, id: string): Promise<void> {
  if (s3.options.signal?.aborted !== true) {
    await abandon(s3, to, id);
    return;
  }
  const last = openS3Client({ ...s3.options, signal: undefined });
  try {
    await Promise.race([abandon(last, to, id), setTimeout(LAST_WORD_MS, undefined, { ref: false })]);
  } finally {
    last.close();
  }
}
