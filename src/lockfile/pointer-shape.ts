import { ANNOTATIONS } from '../pipeline/schema.ts';
import { any, bool, list, record, text, type NumberShape } from '../pipeline/shape.ts';

const count: NumberShape = { type: 'integer', min: 0 };

const OUT = record('an out of a pointer', {
  path: { shape: text, doc: 'The file or folder, relative to `wdir`.', required: true },
  digest: {
    shape: text,
    doc: 'Its identity: `b3:` and 64 hex digits; absent, with `size`, for an import from a URL that was not downloaded yet.',
  },
  size: { shape: count, doc: 'Its bytes; of a folder, the sum over its files.' },
  files: { shape: count, doc: 'How many files a folder holds; for folders alone.' },
  exec: { shape: bool, doc: 'True for an executable file.' },
  link: { shape: bool, doc: 'True for a symbolic link.' },
  cache: { shape: bool, doc: 'False: it is kept in Git instead of the cache (default: true).' },
  persist: { shape: bool, doc: 'True: it is not removed before it is made anew (default: false).' },
  push: { shape: bool, doc: 'False: never push it (default: true).' },
  remote: { shape: text, doc: 'The remote that it is pushed to and pulled from.' },
  ...ANNOTATIONS,
});

const REPO = record('a repository', {
  url: { shape: text, doc: 'The Git repository: a URL, or a folder.', required: true },
  rev: { shape: text, doc: 'The branch, tag or commit that `pipe update` follows (default: its default branch).' },
  rev_lock: { shape: text, doc: 'The commit that the data were taken from.', required: true },
  remote: { shape: text, doc: 'The remote that has the data (default: the default one of the repository).' },
});

const DEP = record('where a pointer was imported from', {
  path: { shape: text, doc: 'The path in the repository; without `repo`, a URL or a path.', required: true },
  repo: { shape: REPO, doc: 'The Git repository that it comes from.' },
  etag: { shape: text, doc: 'The ETag that the server gave.' },
  digest: { shape: text, doc: 'The digest of what was taken from this machine.' },
  size: { shape: count, doc: 'Bytes there.' },
  mtime: { shape: count, doc: 'When it was last changed there, in milliseconds since 1970.' },
  files: { shape: count, doc: 'How many files the folder held there.' },
});

/** A whole pointer file. */
export const POINTER = record('a pointer', {
  schema: { shape: text, doc: 'The version of the format.', required: true },
  wdir: { shape: text, doc: 'The folder that `path` is relative to, seen from the pointer.' },
  frozen: { shape: bool, doc: 'True: leave it as it is recorded.' },
  desc: { shape: text, doc: 'A description for people. Changes nothing.' },
  deps: { shape: list(DEP), doc: 'Where it was imported from.' },
  outs: { shape: list(OUT), doc: 'What it tracks: one file or folder.', required: true },
  meta: { shape: any, doc: 'Anything you like; kept, never looked at.' },
});
