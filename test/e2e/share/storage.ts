import { openFolder } from '../../../src/store/place/folder.ts';
import type { Place } from '../../../src/store/place/place.ts';
import { openS3 } from '../../../src/store/place/s3.ts';
import type { Rig } from '../../rig/rig.ts';
import type { Minio } from '../../rig/s3.ts';
import type { Machine } from './project.ts';
import { REMOTE, bucketProject, cloneProject, startProject } from './project.ts';

/** A remote of a project, to look at and to damage behind its back. */
export interface Storage {
  readonly place: Place;
  /** What commands need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Keys below `v1/` with their bytes, but for leases. */
  readonly content: () => Promise<Map<string, Buffer>>;
  /** The key whose bytes hold a text. */
  readonly keyWith: (text: string) => Promise<string>;
  /** Changes the bytes at a key. */
  readonly change: (key: string, how: (bytes: Buffer) => Buffer) => Promise<void>;
  /** Another clone of the project, with a cache of its own. */
  readonly clone: (name: string) => Promise<Machine>;
}

/** The kinds of remotes that a test is run with. */
export const STORAGES = ['a folder', 'a bucket'] as const;

let buckets = 0;

/** A project in Git with a remote of a kind. */
export async function startStorage(
  rig: Rig,
  kind: (typeof STORAGES)[number],
  { minio, files }: { readonly minio: Minio; readonly files: Parameters<typeof startProject>[1] },
): Promise<Storage> {
  await startProject(rig, files);
  if (kind === 'a folder') return storageOf(rig, openFolder({ root: rig.path(REMOTE) }), {});
  buckets += 1;
  const bucket = `storage${buckets}`;
  await rig.pipe(['remote', 'remove', '-q', 'storage']);
  const { env } = await bucketProject(rig, minio, bucket);
  const place = openS3({ bucket, prefix: 'some/where', endpoint: minio.url, env: {}, ...minio.root });
  return storageOf(rig, place, env);
}

function storageOf(rig: Rig, place: Place, env: Storage['env']): Storage {
  const content = async (): Promise<Map<string, Buffer>> => {
    const found = new Map<string, Buffer>();
    for await (const page of place.list('v1/')) {
      for (const { key } of page) {
        if (!key.includes('/leases/')) found.set(key, (await place.read(key)) ?? Buffer.alloc(0));
      }
    }
    return found;
  };
  return {
    place,
    env,
    content,
    async keyWith(text) {
      const found = [...(await content())].find(([, bytes]) => bytes.includes(text));
      if (found === undefined) throw new Error(`nothing holds ${text}`);
      return found[0];
    },
    async change(key, how) {
      const bytes = how((await place.read(key)) ?? Buffer.alloc(0));
      await place.remove([key]);
      await place.write(key, [bytes]);
    },
    async clone(name) {
      const machine = await cloneProject(rig, name);
      return { ...machine, env: { ...machine.env, ...env } };
    },
  };
}

/** Another byte where a text stands. */
export function flipped(text: string): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf(text) + 1;
    changed[at] = (changed[at] ?? 0) ^ 4;
    return changed;
  };
}
