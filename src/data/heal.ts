import { fingerprintPath } from '../fingerprint/file.ts';
import type { Sink } from '../fingerprint/file.ts';
import type { Blake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { hashFile } from '../kit/hash-file.ts';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { DigestMap, NOWHERE } from '../store/digest-map.ts';
import type { StoreWriter } from '../store/store-writer.ts';

/**
 * Looks in the workspace for objects that the store lacks, and stores those that are there with the right bytes; other
 * files are left alone.
 * @param paths where to look, relative to the project
 */
export async function healFromWorkspace(
  engine: Engine,
  { writer, wanted, paths }: { writer: StoreWriter; wanted: Iterable<Digest>; paths: Iterable<string> },
): Promise<void> {
  const digests = new DigestMap();
  for (const digest of wanted) digests.add(rawOfDigest(digest), 0, NOWHERE);
  const sink = healingSink(engine.blake3, writer, digests);
  try {
    for (const path of paths) {
      try {
        await fingerprintPath(path, { follow: false, sink }, engine.fingerprint);
      } catch (error) {
        // What lies there is something else by now.
        if (!(error instanceof PipeError)) throw error;
      }
    }
    await writer.finish();
  } finally {
    writer.discard();
  }
}

function healingSink(blake3: Blake3, writer: StoreWriter, wanted: DigestMap): Sink {
  return {
    has: (digest, at) => !wanted.has(digest, at),
    add: (digest, bytes) => wanted.has(digest) && writer.addNow(digest, bytes),
    settle: () => writer.settle(),
    async file(path) {
      const digest = await hashFile(path, { blake3 });
      return wanted.has(rawOfDigest(digest)) ? writer.addFile(path) : digest;
    },
  };
}
