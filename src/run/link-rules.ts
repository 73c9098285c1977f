import type { LinkRules } from '../fingerprint/file.ts';
import { PipeError } from '../problem/problem.ts';
import type { ObjectLink } from '../store/link.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Entry } from '../store/tree.ts';

/**
 * For walks that record what they find: a link to an object never counts as a link. Where its object is not there, it is
 * taken for the one that its name says, if the store has that.
 */
export function recordingRules(store: Pick<ObjectStore, 'sizeOf'>): LinkRules {
  return {
    lost(path, link) {
      const entry = namedEntry(store, link);
      if (entry === undefined) throw lost(path, link);
      return entry;
    },
    wrong(path, link) {
      throw wrong(path, link);
    },
  };
}

/** For walks that tell how things stand: a link whose object is not there is what it will be when it is put right. */
export function namingRules(store: Pick<ObjectStore, 'sizeOf'>): LinkRules {
  return { lost: (_path, link) => namedEntry(store, link) };
}

function namedEntry(store: Pick<ObjectStore, 'sizeOf'>, { digest }: ObjectLink): Entry | undefined {
  const size = store.sizeOf(digest);
  return size === undefined ? undefined : { kind: 'file', digest, size };
}

function lost(path: string, { isOwn, folder }: ObjectLink): PipeError {
  return new PipeError({
    code: 'PIPE_LINK_OBJECT',
    message: `${path} is a link to an object that the cache has lost${isOwn ? '' : `; it leads to ${folder}, where it is not either`}`,
    hint: isOwn
      ? 'get it back with `pipe checkout`, or remove the link'
      : `bring it with \`pipe fetch ${path}\`; or where that cache is kept elsewhere now, use it: pipe cache dir FOLDER`,
  });
}

function wrong(path: string, { folder }: ObjectLink): PipeError {
  return new PipeError({
    code: 'PIPE_LINK_OBJECT',
    message: `${path} is a link into another cache (${folder}), to bytes that are not those that its name says`,
    hint: `to keep them, put a copy of them in place of the link; or put in place what is recorded: pipe checkout --force ${path}`,
  });
}
