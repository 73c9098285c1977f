import { randomUUID } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectCannedACL, S3Client, ServerSideEncryption } from '@aws-sdk/client-s3';
import type { S3, Sending } from './s3-client.ts';
import { faultOf } from './s3-fault.ts';

/** What every object of a place is written with. */
export interface Keeping {
  readonly ACL?: ObjectCannedACL;
  readonly ServerSideEncryption?: ServerSideEncryption;
  readonly SSEKMSKeyId?: string;
}

/** Reads it from the options. */
export function keepingOf({ options: { acl, sse, sseKmsKeyId } }: S3): Keeping {
  return {
    ...(acl === undefined ? {} : { ACL: acl as ObjectCannedACL }),
    ...(sse === undefined ? {} : { ServerSideEncryption: sse as ServerSideEncryption }),
    ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }),
  };
}

/** Writes an object in one request. Tells whether it did: not when there is one and it was told not to replace it. */
export async function writeS3(
  s3: S3,
  key: string,
  { pieces, ifAbsent }: { readonly pieces: readonly Uint8Array[]; readonly ifAbsent: boolean },
): Promise<boolean> {
  const [first = new Uint8Array(0)] = pieces;
  const body = pieces.length === 1 ? first : Buffer.concat(pieces);
  // Tells our own object from that of another writer, when the answer to the first try was lost.
  const writer = ifAbsent ? randomUUID() : undefined;
  const input = { Bucket: s3.subject.bucket, Key: s3.full(key) };
  return s3.call(`write ${key}`, async (client, sending, tries) => {
    try {
      await client.send(
        new PutObjectCommand({
          ...input,
          ...keepingOf(s3),
          Body: body,
          ...(writer === undefined ? {} : { IfNoneMatch: '*', Metadata: { writer } }),
        }),
        sending,
      );
      return true;
    } catch (error) {
      if (writer === undefined || faultOf(error).status !== 412) throw error;
      return tries > 0 && (await writerOf(client, input, sending)) === writer;
    }
  });
}

async function writerOf(
  client: S3Client,
  input: { readonly Bucket: string; readonly Key: string },
  sending: Sending,
): Promise<string | undefined> {
  return (await client.send(new HeadObjectCommand(input), sending)).Metadata?.['writer'];
}
