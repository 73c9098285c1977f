import { lstatSync } from 'node:fs';
import type { Digest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import { checkAborted } from '../kit/abort.ts';
import { systemFault } from '../kit/system-fault.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { PACKED_BYTES } from '../store/pack.ts';
import type { Entry } from '../store/tree.ts';
import { walkObjects } from '../store/walk-objects.ts';

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Told how many objects, and how many of their bytes, have been copied. */
  readonly onProgress?: ((objects: number, bytes: number) => void) | undefined;
}

/** Copies what an entry needs from one store of this machine to another, as far as it is there; all is checked. */
export async function copyObjects(
  { from, to, entry }: { readonly from: ObjectStore; readonly to: ObjectStore; readonly entry: Entry },
  { signal, onProgress }: CopyOptions,
): Promise<void> {
  const wanted = new Map<Digest, number>();
  const read = (digest: Digest): Buffer | undefined => to.read(digest) ?? readFrom(from, digest);
  walkObjects({ read }, entry, {
    path: '',
    visitor: {
      enter({ digest, kind, size }) {
        if (wanted.has(digest)) return false;
        wanted.set(digest, kind === 'dir' || kind === 'part' ? 0 : size);
        return true;
      },
      broken: () => undefined,
    },
  });
  const writer = to.writer();
  try {
    let [objects, bytes] = [0, 0];
    for (const [digest, size] of wanted) {
      checkAborted(signal);
      if (!to.has(digest)) await copyOne(from, { digest, size, writer, signal });
      objects += 1;
      bytes += size;
      onProgress?.(objects, bytes);
    }
    await writer.finish();
  } finally {
    writer.discard();
  }
}

/** Whether an object of somebody's store is a file of its size: to read a pipe or a device may never end. */
function isPlain(path: string, size: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === size;
}

/** Bytes of another store, which may be one that this user cannot write to: wrong bytes cannot be set aside there. */
export function readFrom(from: ObjectStore, digest: Digest): Buffer | undefined {
  try {
    const stat = from.packedPlace(digest) === undefined ? lstatSync(from.layout.loose(digest), { throwIfNoEntry: false }) : undefined; // prettier-ignore
    return stat === undefined || stat.isFile() ? from.read(digest) : undefined;
  } catch (error) {
    if (systemFault(error) === undefined) throw error;
    return undefined;
  }
}

interface Copying {
  readonly digest: Digest;
  readonly size: number;
  readonly writer: ReturnType<ObjectStore['writer']>;
  readonly signal: AbortSignal;
}

async function copyOne(from: ObjectStore, { digest, size, writer, signal }: Copying): Promise<void> {
  if (size > PACKED_BYTES && from.packedPlace(digest) === undefined) {
    // What holds other bytes than its name says lands under the name of its bytes: nobody asks for it.
    if (isPlain(from.layout.loose(digest), size)) await writer.addFile(from.layout.loose(digest), signal);
    return;
  }
  const bytes = readFrom(from, digest);
  if (bytes === undefined) return;
  const raw = rawOfDigest(digest);
  if (bytes.length > PACKED_BYTES ? writer.addLooseNow(raw, bytes) : writer.addNow(raw, bytes)) await writer.settle();
}
