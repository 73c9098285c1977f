import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { S3 } from './s3-client.ts';
import { isNothing } from './s3-fault.ts';
import { SIZES } from './s3-options.ts';
import { statS3 } from './s3-read.ts';
import { keepingOf } from './s3-write.ts';

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

async function copyByParts(s3: S3, { from, to, size, part, CopySource }: PartCopy): Promise<boolean> {
  const target = { Bucket: s3.subject.bucket, Key: s3.full(to) };
  const { UploadId } = await s3.call(`copy ${from}`, (client, sending) =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...keepingOf(s3) }), sending),
  );
  try {
    const Parts = await Promise.all(
      Array.from({ length: Math.ceil(size / part) }, async (_, at) => {
        const range = `bytes=${String(at * part)}-${String(Math.min(size, (at + 1) * part) - 1)}`;
        const { CopyPartResult } = await s3.call(`copy ${from}`, (client, sending) =>
          client.send(
            new UploadPartCopyCommand({ ...target, UploadId, CopySource, CopySourceRange: range, PartNumber: at + 1 }),
            sending,
          ),
        );
        return { PartNumber: at + 1, ETag: CopyPartResult?.ETag };
      }),
    );
    await s3.call(`copy ${from}`, (client, sending) =>
      client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }), sending),
    );
    return true;
  } catch (error) {
    await s3
      .call('give a copy up', (client, sending) =>
        client.send(new AbortMultipartUploadCommand({ ...target, UploadId }), sending),
      )
      .catch(() => undefined);
    throw error;
  }
}
