import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { isKey, isPrefix } from './key.ts';
import type { PlaceEntry } from './place.ts';
import type { S3 } from './s3-client.ts';

/** Everything whose key begins with `prefix`, by the pages of the server. The next page is asked for while one is used. */
export async function* listS3(s3: S3, prefix: string): AsyncGenerator<readonly PlaceEntry[]> {
  const page = (token: string | undefined): Promise<ListObjectsV2CommandOutput> =>
    s3.call('list', (client, sending) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: s3.subject.bucket,
          Prefix: s3.full(prefix),
          // Keys that XML cannot hold would make a whole page unreadable.
          EncodingType: 'url',
          ContinuationToken: token,
        }),
        sending,
      ),
    );
  if (!isPrefix(prefix)) return;
  let next: Promise<ListObjectsV2CommandOutput> | undefined = page(undefined);
  while (next !== undefined) {
    const answer: ListObjectsV2CommandOutput = await next;
    next = answer.NextContinuationToken === undefined ? undefined : page(answer.NextContinuationToken);
    // Whoever stops in the middle does not wait for it.
    next?.catch(() => undefined);
    yield entriesOf(s3, answer);
  }
}

function entriesOf(s3: S3, { Contents = [], EncodingType }: ListObjectsV2CommandOutput): PlaceEntry[] {
  const above = s3.full('').length;
  return Contents.flatMap(({ Key = '', Size = 0, LastModified, ETag }) => {
    const key = (EncodingType === 'url' ? decodeUrl(Key) : Key).slice(above);
    return isKey(key) ? [{ key, size: Size, modifiedAt: LastModified?.getTime() ?? 0, ...(ETag === undefined ? {} : { etag: ETag }) }] : []; // prettier-ignore
  });
}

/** A key as servers write it into URLs; nothing for bytes that are no text, which are nobody's key. */
export function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}
