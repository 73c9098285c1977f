import type { LinkRules } from '../fingerprint/file.ts';
import type { Digest } from '../kit/digest.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { ObjectLink } from '../store/link.ts';
import type { Entry } from '../store/tree.ts';

/** Knows the sizes of objects: a store, or what is about to put more into one. */
export interface Sizes {
  sizeOf(digest: Digest): number | undefined;
}

/**
 * For walks that record what they find: a link to an object never counts as a link. Where its object is not there, it is
 * taken for the one that its name says, if the store has that.
 */
export function recordingRules(store: Sizes): LinkRules {
  return {
    lost(path, link) {
      const entry = namedEntry(store, link);
      if (entry === undefined) throw new PipeError(lost(path, link));
      return entry;
    },
    wrong(path, link) {
      throw wrong(path, link);
    },
  };
}

/**
 * Walks by these rules what may hold a link to a lost object and, in any order, a file with its bytes: the walk itself
 * stores the object that the link names. So it is known only at the end which objects are lost, and where none is after
 * all, what the links stand for is known at a second walk, which hardly reads anything.
 * @param store what the walk stores into
 * @param walk does all of it each time that it is called
 * @throws {PipeError} PIPE_LINK_OBJECT with every link whose object is nowhere
 */
export async function walkRecording<T>(store: Sizes, walk: (rules: LinkRules) => Promise<T>): Promise<T> {
  const rules = recordingRules(store);
  const unknown: [path: string, link: ObjectLink][] = [];
  const found = await walk({
    ...rules,
    lost(path, link) {
      const entry = namedEntry(store, link);
      if (entry === undefined) unknown.push([path, link]);
      return entry;
    },
  });
  if (unknown.length === 0) return found;
  const problems = unknown.flatMap(([path, link]) => (namedEntry(store, link) === undefined ? [lost(path, link)] : []));
  if (problems.length > 0) throw new PipeError(problems);
  return walk(rules);
}

/** For walks that tell how things stand: a link whose object is not there is what it will be when it is put right. */
export function namingRules(store: Sizes): LinkRules {
  return { lost: (_path, link) => namedEntry(store, link) };
}

function namedEntry(store: Sizes, { digest }: ObjectLink): Entry | undefined {
  const size = store.sizeOf(digest);
  return size === undefined ? undefined : { kind: 'file', digest, size };
}

function lost(path: string, { isOwn, folder }: ObjectLink): Problem {
  return {
    code: 'PIPE_LINK_OBJECT',
    message: `${path} is a link to an object that the cache has lost${isOwn ? '' : `; it leads to ${folder}, where it is not either`}`,
    hint: isOwn
      ? 'get it back with `pipe checkout`, or remove the link'
      : `bring it with \`pipe fetch ${path}\`; or where that cache is kept elsewhere now, use it: pipe cache dir FOLDER`,
  };
}

function wrong(path: string, { folder }: ObjectLink): PipeError {
  return new PipeError({
    code: 'PIPE_LINK_OBJECT',
    message: `${path} is a link into another cache (${folder}), to bytes that are not those that its name says`,
    hint: `to keep them, put a copy of them in place of the link; or put in place what is recorded: pipe checkout --force ${path}`,
  });
}
