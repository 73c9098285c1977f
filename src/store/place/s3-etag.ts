import { createHash } from 'node:crypto';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import type { Sending } from './s3-client.ts';
import { isNothing } from './s3-fault.ts';

/** The ETag, without its quotes, of bytes that were written in one piece and are not encrypted by a key of their own. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** An ETag without its quotes. */
export function plainEtag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** What is asked about an object. */
interface Question {
  readonly client: S3Client;
  readonly sending: Sending;
  readonly target: { readonly Bucket: string; readonly Key: string };
  readonly parts: readonly CompletedPart[];
}

/** Whether an object is there that was made of just these parts: its ETag is the MD5 of theirs. */
export async function isObjectOf({ client, sending, target, parts }: Question): Promise<boolean> {
  const hash = createHash('md5');
  for (const { ETag } of parts) hash.update(plainEtag(ETag), 'hex');
  const wanted = `${hash.digest('hex')}-${String(parts.length)}`;
  try {
    const { ETag } = await client.send(new HeadObjectCommand(target), sending);
    return plainEtag(ETag) === wanted;
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}
