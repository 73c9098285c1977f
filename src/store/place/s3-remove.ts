import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { _Error as Refusal } from '@aws-sdk/client-s3';
import type { S3 } from './s3-client.ts';
import { faultOf, isNothing } from './s3-fault.ts';

/** As many as S3 takes at once. */
const BATCH = 1000;

/** Removes objects, a thousand with one request. */
export async function removeS3(s3: S3, keys: readonly string[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, at) =>
    keys.slice(at * BATCH, (at + 1) * BATCH),
  );
  await Promise.all(batches.map((batch) => (batch.length === 1 ? removeEach(s3, batch) : removeBatch(s3, batch))));
}

async function removeBatch(s3: S3, batch: readonly string[]): Promise<void> {
  let left = batch.map((key) => s3.full(key));
  const isKnown = await s3.call(`remove ${String(batch.length)} objects`, async (client, sending) => {
    try {
      const { Errors = [] } = await client.send(
        new DeleteObjectsCommand({
          Bucket: s3.subject.bucket,
          Delete: { Quiet: true, Objects: left.map((Key) => ({ Key })) },
        }),
        sending,
      );
      const refused = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      left = refused.flatMap(({ Key }) => Key ?? []);
      if (refused[0] !== undefined) throw errorOf(refused[0]);
      return true;
    } catch (error) {
      const { name, status } = faultOf(error);
      if (status === 501 || name === 'NotImplemented' || name === 'MethodNotAllowed') return false;
      throw error;
    }
  });
  // Some servers only remove one object at a time.
  if (!isKnown) await removeEach(s3, batch);
}

/** One refusal stands for all: what an error of a whole request would have said. */
function errorOf({ Code = '', Message = '' }: Refusal): Error {
  const isDenied = /Denied|Forbidden/.test(Code);
  const httpStatusCode = isDenied ? 403 : Code === 'InternalError' || Code === 'SlowDown' ? 503 : 400;
  return Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode } });
}

async function removeEach(s3: S3, keys: readonly string[]): Promise<void> {
  await Promise.all(
    keys.map((key) =>
      s3.call(`remove ${key}`, async (client, sending) => {
        try {
          await client.send(new DeleteObjectCommand({ Bucket: s3.subject.bucket, Key: s3.full(key) }), sending);
        } catch (error) {
          if (!isNothing(error)) throw error;
        }
      }),
    ),
  );
}
