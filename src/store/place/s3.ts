import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { checkAborted } from '../../kit/abort.ts';
import { checkKey } from './key.ts';
import { budgetOf } from './limit.ts';
import type { Place } from './place.ts';
import { openS3Client } from './s3-client.ts';
import type { S3 } from './s3-client.ts';
import { copyS3 } from './s3-copy.ts';
import { listS3 } from './s3-list.ts';
import type { S3Options } from './s3-options.ts';
import { SIZES } from './s3-options.ts';
import { readS3, statS3 } from './s3-read.ts';
import { removeS3 } from './s3-remove.ts';
import { abandonS3, unfinishedS3 } from './s3-unfinished.ts';
import { writeLargeS3 } from './s3-upload.ts';
import { endpointInFiles } from './s3-files.ts';
import { writeS3 } from './s3-write.ts';

/**
 * A bucket of S3, or of a server that speaks it, as a place. Nothing is asked before the first call.
 * @throws {PipeError} PIPE_CONFIG_VALUE for options that make no sense
 */
export function openS3(options: S3Options): Place {
  const s3 = openS3Client(options);
  const memory = budgetOf(options.sizes?.inFlight ?? SIZES.inFlight);
  return {
    name: s3.subject.name,
    identity: `${s3.subject.endpoint} ${s3.subject.name}`,
    concurrency: s3.jobs,
    list: (prefix) => listS3(s3, prefix),
    async stat(key) {
      checkKey(key);
      return statS3(s3, key);
    },
    async read(key, range) {
      checkKey(key);
      return readS3(s3, key, range);
    },
    async write(key, pieces, { ifAbsent = false } = {}) {
      checkKey(key);
      return writeS3(s3, key, { pieces, ifAbsent });
    },
    async writeLarge(key, source) {
      checkKey(key);
      checkAborted(options.signal);
      await writeLargeS3(s3, { key, source, memory });
    },
    async remove(keys) {
      for (const key of keys) checkKey(key);
      checkAborted(options.signal);
      await removeS3(s3, keys);
    },
    async copy(from, to) {
      checkKey(from);
      checkKey(to);
      return copyS3(s3, from, to);
    },
    async unfinished() {
      checkAborted(options.signal);
      return unfinishedS3(s3);
    },
    async abandon(unfinished) {
      checkAborted(options.signal);
      for (const { name, id } of unfinished) await abandonS3(s3, name, id);
    },
    async now() {
      checkAborted(options.signal);
      return s3.time() ?? askTime(s3);
    },
    close: () => {
      s3.close();
    },
  };
}

/** Every answer tells the time, also one that refuses. */
async function askTime(s3: S3): Promise<number> {
  return s3.call('ask for the time', async (client, sending) => {
    try {
      await client.send(new HeadBucketCommand({ Bucket: s3.subject.bucket }), sending);
    } catch (error) {
      if (s3.time() === undefined) throw error;
    }
    return s3.time() ?? Date.now();
  });
}

/**
 * The same on the server that AWS' files name, where the options name none.
 * @throws {PipeError} PIPE_CONFIG_VALUE
 */
export async function openConfiguredS3(options: S3Options): Promise<Place> {
  const endpoint = options.endpoint ?? (await endpointInFiles(options));
  return openS3({ ...options, endpoint });
}
