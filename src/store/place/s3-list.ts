import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { PipeError } from '../../problem/problem.ts';
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
  const tokens = new Set<string>();
  let next: Promise<ListObjectsV2CommandOutput> | undefined = page(undefined);
  while (next !== undefined) {
    const answer: ListObjectsV2CommandOutput = await next;
    const token = nextToken(s3, answer, tokens);
    next = token === undefined ? undefined : page(token);
    // Whoever stops in the middle does not wait for it.
    next?.catch(() => undefined);
    yield entriesOf(s3, answer);
  }
}

/**
 * What the next page is asked for with; `undefined` after the last one.
 * @param known those of the pages before: a list that begins anew would never end
 * @throws {PipeError} PIPE_REMOTE_FAILED when there is more that cannot be had: what is missing in a list would count as gone
 */
function nextToken(
  { subject }: S3,
  { IsTruncated, NextContinuationToken: token }: ListObjectsV2CommandOutput,
  known: Set<string>,
): string | undefined {
  const isMore = IsTruncated ?? (token !== undefined && token !== '');
  if (!isMore) return undefined;
  if (token !== undefined && token !== '' && !known.has(token)) {
    known.add(token);
    return token;
  }
  throw new PipeError({
    code: 'PIPE_REMOTE_FAILED',
    message: `${subject.endpoint} says that its list of ${subject.name} goes on, and not where`,
    hint: 'this is a fault of the server, or of a gateway before it: a list that ends too early would hide what is there',
  });
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
