import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { isAbort } from '../../kit/abort.ts';
import { isKey } from './key.ts';
import type { UnfinishedWrite } from './place.ts';
import type { S3 } from './s3-client.ts';
import { isNothing } from './s3-fault.ts';
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

/** Every upload below the prefix that was begun and not ended. */
export async function unfinishedS3(s3: S3): Promise<UnfinishedWrite[]> {
  const own = await uploadsBelow(s3, s3.full(''));
  if (own.length > 0 || s3.full('') === '') return own;
  // MinIO lists them by the key of one object, or for the whole bucket, which perhaps is not ours to look at.
  return uploadsBelow(s3, '').catch((error: unknown) => {
    if (isAbort(error)) throw error;
    return [];
  });
}

async function uploadsBelow(s3: S3, prefix: string): Promise<UnfinishedWrite[]> {
  const above = s3.full('');
  const found: UnfinishedWrite[] = [];
  let from: { readonly key: string | undefined; readonly id: string | undefined } | undefined;
  do {
    const answer: ListMultipartUploadsCommandOutput = await s3.call('list uploads', (client, sending) =>
      client.send(
        new ListMultipartUploadsCommand({
          Bucket: s3.subject.bucket,
          Prefix: prefix,
          EncodingType: 'url',
          KeyMarker: from?.key,
          UploadIdMarker: from?.id,
        }),
        sending,
      ),
    );
    for (const { Key = '', UploadId = '', Initiated } of answer.Uploads ?? []) {
      const full = answer.EncodingType === 'url' ? decodeUrl(Key) : Key;
      const key = full.slice(above.length);
      const isOurs = full.startsWith(above) && isKey(key);
      if (isOurs) found.push({ name: key, id: UploadId, at: Initiated?.getTime() ?? 0 });
    }
    const next = { key: answer.NextKeyMarker, id: answer.NextUploadIdMarker };
    const isMore = answer.IsTruncated === true && (next.key !== from?.key || next.id !== from?.id);
    from = isMore ? next : undefined;
  } while (from !== undefined);
  return found;
}

/**
 * Ends an upload and removes its parts; one that has ended counts as removed.
 * @throws {PipeError} when it cannot be done
 */
export async function abandonS3(s3: S3, key: string, id: string): Promise<void> {
  const input = { Bucket: s3.subject.bucket, Key: s3.full(key), UploadId: id };
  await s3.call(`give ${key} up`, async (client, sending) => {
    try {
      await client.send(new AbortMultipartUploadCommand(input), sending);
    } catch (error) {
      if (!isNothing(error)) throw error;
    }
  });
}

/** Ends an upload and removes its parts. That it cannot be done is no reason to fail. */
export async function abandon(s3: S3, key: string, id: string): Promise<void> {
  await abandonS3(s3, key, id).catch(() => undefined);
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
