import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from './fixture/folder.ts';
import { readPointers } from './pointer-files.ts';

const DIGEST = `b3:${'0'.repeat(64)}`;
const POINTER = `schema: pipe.pointer/1\nouts:\n  - path: data\n    digest: ${DIGEST}\n    size: 3\n`;

test('pointers are read in the order given; what is wrong with others is told, and one that is gone left out', () => {
  const root = temporaryFolder();
  write(root, {
    'sub/data.pipe': POINTER,
    'data.pipe': POINTER,
    'bad.pipe': POINTER.replace('size', 'sice'),
    'conflict.pipe': `<<<<<<< HEAD\n${POINTER}`,
    'huge.pipe': '',
    'folder.pipe/': '',
  });
  truncateSync(join(root, 'huge.pipe'), 2 ** 40);
  const files = ['sub/data.pipe', 'gone.pipe', 'bad.pipe', 'huge.pipe', 'conflict.pipe', 'folder.pipe', 'data.pipe'];
  const { pointers, problems } = readPointers(root, files);
  expect(pointers.map(({ file, path, entry }) => ({ file, path, entry }))).toEqual(
    ['sub/data', 'data'].map((path) => ({
      file: `${path}.pipe`,
      path,
      entry: { kind: 'file', digest: DIGEST, size: 3 },
    })),
  );
  expect(problems.map(({ code, message, at }) => `${at?.source.file ?? ''} ${code} ${message}`)).toEqual([
    'bad.pipe PIPE_FIELD_MISSING an out of a pointer needs size',
    'bad.pipe PIPE_FIELD_UNKNOWN "sice" is not a field of an out of a pointer',
    ' PIPE_FILE_TOO_BIG huge.pipe has 1048576 MiB; up to 1 are read',
    'conflict.pipe PIPE_YAML_SYNTAX the file holds a merge conflict',
  ]);
});
