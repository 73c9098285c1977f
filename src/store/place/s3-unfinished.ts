import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { isAbort } from '../../kit/abort.ts';
import type { S3 } from './s3-client.ts';
import { plainEtag } from './s3-etag.ts';
import { decodeUrl } from './s3-list.ts';

/** An upload in parts that was begun. */
export interface Begun {
  readonly id: string;
  /** The parts that arrived whole, by their numbers from 1. */
  readonly parts: ReadonlyMap<number, { readonly etag: string; readonly size: number }>;
}

/** Uploads of which nothing was heard for so long are nobody's any more. */
const FORGOTTEN_MS = 2 * 24 * 3600 * 1000;

/** The youngest upload of an object that was begun and not ended. Old ones are removed: their parts cost space. */
export async function findBegun(s3: S3, key: string): Promise<Begun | undefined> {
  try {
    const [last, ...others] = await uploadsOf(s3, key);
    const forgotten = (s3.time() ?? 0) - FORGOTTEN_MS;
    for (const { id, at } of others) if (at < forgotten) await abandon(s3, key, id);
    return last && { id: last.id, parts: await partsOf(s3, key, last.id) };
  } catch (error) {
    // Not every server, nor every policy, allows to look: then all parts go again.
    if (isAbort(error)) throw error;
    return undefined;
  }
}

/** Ends an upload and removes its parts. That it cannot be done is no reason to fail. */
export async function abandon(s3: S3, key: string, id: string): Promise<void> {
  const input = { Bucket: s3.subject.bucket, Key: s3.full(key), UploadId: id };
  await s3
    .call(`give ${key} up`, (client, sending) => client.send(new AbortMultipartUploadCommand(input), sending))
    .catch(() => undefined);
}

/** The youngest first. */
async function uploadsOf(s3: S3, key: string): Promise<{ id: string; at: number }[]> {
  const full = s3.full(key);
  const { Uploads = [], EncodingType } = await s3.call('list uploads', (client, sending) =>
    client.send(
      new ListMultipartUploadsCommand({ Bucket: s3.subject.bucket, Prefix: full, EncodingType: 'url' }),
      sending,
    ),
  );
  return Uploads.filter(({ Key = '' }) => (EncodingType === 'url' ? decodeUrl(Key) : Key) === full)
    .map(({ UploadId = '', Initiated }) => ({ id: UploadId, at: Initiated?.getTime() ?? 0 }))
    .sort((a, b) => b.at - a.at);
}

async function partsOf(s3: S3, key: string, id: string): Promise<Begun['parts']> {
  const found = new Map<number, { etag: string; size: number }>();
  for (let marker: string | undefined = '0'; marker !== undefined;) {
    const from: string = marker;
    const answer = await s3.call('list parts', (client, sending) =>
      client.send(
        new ListPartsCommand({
          Bucket: s3.subject.bucket,
          Key: s3.full(key),
          UploadId: id,
          PartNumberMarker: from,
        }),
        sending,
      ),
    );
    for (const { PartNumber = 0, ETag, Size = -1 } of answer.Parts ?? [])
      found.set(PartNumber, { etag: plainEtag(ETag), size: Size });
    const next: string | undefined = answer.IsTruncated === true ? answer.NextPartNumberMarker : undefined;
    marker = next === from ? undefined : next;
  }
  return found;
}
