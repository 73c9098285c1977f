import { expect, test } from 'vitest';
import type { Told } from '../lockfile/pointer-import.ts';
import type { Change } from './remote-data.ts';
import { compareTold } from './remote-data.ts';

const etag = '"a"';
test.for<[before: Told, now: Told, change: Change]>([
  [{ etag, size: 1 }, { etag, size: 2 }, 'same'],
  [{ etag, size: 1 }, { etag: '"b"', size: 1 }, 'changed'],
  [{ size: 1, mtime: 1 }, { size: 1, mtime: 1 }, 'same'],
  [{ size: 1, mtime: 1 }, { size: 1, mtime: 2 }, 'changed'],
  [{ etag, size: 1, mtime: 1 }, { size: 1, mtime: 1 }, 'same'],
  [{ size: 1 }, { size: 2 }, 'changed'],
  [{ size: 1 }, { size: 1 }, 'unknown'],
  [{ etag, size: 1 }, { size: 1 }, 'unknown'],
  [{ size: 1, mtime: 1 }, { mtime: 1 }, 'unknown'],
  [{}, {}, 'unknown'],
])('%j and then %j: %s', ([before, now, change]) => {
  expect(compareTold(before, now)).toBe(change);
});
