import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import type { Value } from '../kit/value.ts';
import { unwrap } from '../problem/problem.ts';
import { markedLine } from '../problem/position.ts';
import { isSafeName } from '../store/tree.ts';
import { pointerArbitrary } from './fixture/pointer.ts';
import { entryOf } from './entry.ts';
import { pointerText } from './pointer-text.ts';
import type { Pointer } from './pointer.ts';
import { isPointerName, parsePointer, pointerFileOf } from './pointer.ts';

const B3 = `b3:${'a'.repeat(64)}` as Digest;
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const GOOD = `schema: pipe.pointer/1
outs:
  - path: data
    digest: ${B3}
    size: 19250000
    files: 70000
`;

/** Every problem as `line:column CODE message (hint)`. */
function faults(text: string, file = 'sub/data.pipe'): string[] {
  const result = parsePointer(text, { file });
  if (result.ok) return [];
  return result.problems.map(({ code, message, hint, at }) => {
    const line = at && markedLine(at);
    const place = line === undefined ? '' : `${String(line.line)}:${String(line.column)} `;
    return `${place}${code} ${message}${hint === undefined ? '' : ` (${hint})`}`;
  });
}

function withOut(fields: string, top = ''): string {
  return `schema: pipe.pointer/1\n${top}outs:\n- ${fields.replaceAll('\n', '\n  ')}\n`;
}

function tracking(path: string, wdir?: string): string {
  const top = wdir === undefined ? '' : `wdir: ${JSON.stringify(wdir)}\n`;
  return withOut(`path: ${JSON.stringify(path)}\ndigest: ${B3}\nsize: 1`, top);
}

test('a pointer says where the path lies and what lies there', () => {
  const tracked = unwrap(parsePointer(GOOD, { file: 'sub/data.pipe' }));
  expect(tracked).toMatchObject({
    file: 'sub/data.pipe',
    path: 'sub/data',
    entry: { kind: 'dir', digest: B3, size: 19250000, files: 70000 },
    pointer: { out: { path: 'data', digest: B3, size: 19250000, files: 70000 } },
  });
  expect(markedLine(tracked.at)).toMatchObject({ line: 3, column: 11 });
});

test('every field is kept', () => {
  const text = `schema: pipe.pointer/1
wdir: ..
frozen: true
desc: all of it
deps:
  - path: data
    repo: {url: 'https://example.org/r.git', rev: main, rev_lock: '${COMMIT}', remote: r}
outs:
  - path: run.sh
    digest: ${B3}
    size: 3
    exec: true
    cache: false
    persist: true
    push: false
    remote: other
    desc: a script
    type: tool
    labels: [a, b]
    meta: {x: 2.0, y: 2}
meta:
meta2: no
`.replace('meta2: no\n', '');
  const { path, entry, pointer } = unwrap(parsePointer(text, { file: 'sub/run.sh.pipe' }));
  expect(path).toBe('run.sh');
  expect(entry).toEqual({ kind: 'exec', digest: B3, size: 3 });
  expect(pointer).toEqual({
    wdir: '..',
    frozen: true,
    desc: 'all of it',
    imported: {
      kind: 'repo',
      path: 'data',
      url: 'https://example.org/r.git',
      rev: 'main',
      revLock: COMMIT,
      remote: 'r',
    },
    out: {
      path: 'run.sh',
      digest: B3,
      size: 3,
      exec: true,
      cache: false,
      persist: true,
      push: false,
      remote: 'other',
      desc: 'a script',
      type: 'tool',
      labels: ['a', 'b'],
      meta: new Map<string, Value>([
        ['x', 2],
        ['y', 2n],
      ]),
    },
    meta: null,
  });
});

test.each<[string, string, string[]]>([
  [
    'an unknown field, with the nearest one',
    GOOD.replace('size', 'sise'),
    [
      '3:5 PIPE_FIELD_MISSING an out of a pointer needs size',
      '5:5 PIPE_FIELD_UNKNOWN "sise" is not a field of an out of a pointer (did you mean size?)',
    ],
  ],
  [
    'an unknown field of the file',
    `${GOOD}frozzen: true\n`,
    ['7:1 PIPE_FIELD_UNKNOWN "frozzen" is not a field of a pointer (did you mean frozen?)'],
  ],
  [
    'all problems at once',
    withOut('path: 3\ndigest: abc\nsize: -1\nexec: 1\nlink: true\nmd5: x'),
    [
      '3:9 PIPE_FIELD_TYPE path must be a text, found the number 3 (put it in quotes)',
      '4:11 PIPE_FIELD_VALUE digest must be b3: and 64 hex digits',
      '5:9 PIPE_FIELD_VALUE size must be at least 0',
      '6:9 PIPE_FIELD_TYPE exec must be true or false, found the number 1',
      '7:9 PIPE_FIELD_VALUE exec and link exclude each other: a path is one of the three',
      '8:3 PIPE_FIELD_UNKNOWN "md5" is not a field of an out of a pointer (known are path, digest, size, files, exec, link, cache, persist, push, remote, desc, type, labels, meta)',
    ],
  ],
  [
    'a size beyond counting',
    GOOD.replace('19250000', '9007199254740992'),
    ['5:11 PIPE_FIELD_VALUE a count must be below 2 to the power of 53'],
  ],
  [
    'more files than any folder holds',
    GOOD.replace('files: 70000', 'files: 100000001'),
    ['6:12 PIPE_FIELD_VALUE a folder holds at most 100000000 files'],
  ],
  [
    'a digest of DVC',
    GOOD.replace(B3, `md5:${'0'.repeat(32)}`),
    ['4:13 PIPE_FIELD_VALUE digest must be b3: and 64 hex digits'],
  ],
  [
    'a folder that is executable',
    `${GOOD}    exec: true\n`,
    ['7:11 PIPE_FIELD_VALUE files and exec exclude each other: a path is one of the three'],
  ],
  ['a duplicate key', `${GOOD}    size: 4\n`, ['7:5 PIPE_KEY_DUPLICATE the key "size" comes twice (keep one of them)']],
  [
    'a merge conflict',
    GOOD.replace('    size', '<<<<<<< HEAD\n    size').concat('=======\n>>>>>>> other\n'),
    [
      '5:1 PIPE_YAML_SYNTAX the file holds a merge conflict (keep one side: `pipe resolve --ours sub/data.pipe` or `pipe resolve --theirs sub/data.pipe`)',
    ],
  ],
  ['a NUL byte', `${GOOD}\0`, ['7:1 PIPE_YAML_SYNTAX the file holds a NUL byte (is it a text file in UTF-8?)']],
  [
    'no out',
    'schema: pipe.pointer/1\nouts: []\n',
    ['2:7 PIPE_FIELD_VALUE a pointer tracks one file or folder, found 0 (give each a pointer of its own)'],
  ],
  [
    'two outs',
    `${GOOD}  - path: b\n    digest: ${B3}\n    size: 1\n`,
    ['7:5 PIPE_FIELD_VALUE a pointer tracks one file or folder, found 2 (give each a pointer of its own)'],
  ],
  [
    'outs as a map',
    'schema: pipe.pointer/1\nouts: {path: a}\n',
    ['2:8 PIPE_FIELD_TYPE outs must be a list, found a map'],
  ],
  ['no schema', GOOD.replace('schema: pipe.pointer/1\n', ''), ['1:1 PIPE_FIELD_MISSING a pointer needs schema']],
  [
    'a newer schema, and no word about fields',
    'schema: pipe.pointer/2\nnew: 1\n',
    [
      '1:9 PIPE_POINTER_FORMAT it says schema "pipe.pointer/2"; this pipe knows pipe.pointer/1 (a newer pipe wrote it: use that one here too)',
    ],
  ],
  [
    'another schema',
    'schema: other\n',
    ['1:9 PIPE_POINTER_FORMAT it says schema "other"; this pipe knows pipe.pointer/1 (write schema: pipe.pointer/1)'],
  ],
  ...['', '[]', 'text', 'a: 1', '# nothing'].map((text): [string, string, string[]] => [
    `what is no pointer: ${text}`,
    text,
    [
      '1:1 PIPE_POINTER_FORMAT sub/data.pipe is no pointer, though its name ends with .pipe (give it another name, or list it in .pipeignore)',
    ],
  ]),
  [
    'deps that are no maps',
    `${GOOD}deps: [a]\n`,
    ['7:8 PIPE_FIELD_TYPE an item of deps must be a map, found the text "a"'],
  ],
])('refused: %s', (_, text, problems) => {
  expect(faults(text)).toEqual(problems);
});

test('a YAML bomb is one problem, and soon found', () => {
  const lines = ['schema: pipe.pointer/1', 'meta:', `  a0: &a0 [${'x,'.repeat(10)}]`];
  for (let level = 1; level < 12; level++) {
    lines.push(`  a${String(level)}: &a${String(level)} [${`*a${String(level - 1)},`.repeat(10)}]`);
  }
  expect(faults(lines.join('\n'))).toEqual([expect.stringContaining('PIPE_FILE_TOO_BIG')]);
});

test('a giant file is one problem', () => {
  expect(faults(`${GOOD}# ${'x'.repeat(1 << 20)}`)).toEqual([
    'PIPE_FILE_TOO_BIG sub/data.pipe is larger than 1 MiB, which no pointer is (if it is data, give it another name, or list it in .pipeignore)',
  ]);
});

test.each<[string, string | undefined, string]>([
  ['/etc/passwd', undefined, 'PIPE_PATH_OUTSIDE the path /etc/passwd is absolute (write it relative to the pointer)'],
  [
    '../x',
    undefined,
    'PIPE_PATH_OUTSIDE the path ../x climbs with ".." (name the folder it lies in with wdir, or move the pointer beside it)',
  ],
  ['a/../../../x', undefined, 'climbs with'],
  ['a/..', undefined, 'climbs with'],
  ['x', '../..', 'PIPE_PATH_OUTSIDE the working folder ../.. lies outside the project'],
  ['x', '/tmp', 'PIPE_PATH_OUTSIDE the working folder /tmp lies outside the project'],
  ['', undefined, 'PIPE_FIELD_VALUE path is empty'],
  ['.', '..', 'PIPE_PATH_OUTSIDE the path . is the whole project'],
  ['.', undefined, 'PIPE_POINTER_CONFLICT the pointer sub/data.pipe lies inside sub, which it tracks'],
  ['.git/hooks', '..', 'PIPE_PATH_RESERVED the path .git/hooks points into .git'],
  ['.GIT/config', undefined, 'points into .git'],
  ['.g\u200cit/config', undefined, 'points into .git'],
  ['GIT~1', undefined, 'points into .git'],
  ['.pipe/cache', '..', 'points into .pipe'],
  ['.dvc', undefined, 'points into .dvc'],
  ['hooks', '../.git', 'points into .git'],
  ['pipeline.yaml', '..', 'is a file that pipe or DVC keeps'],
  ['other.pipe', undefined, 'is a file that pipe or DVC keeps'],
  ['a\0b', undefined, 'PIPE_PATH_RESERVED the path a\0b holds a name that cannot be stored'],
  ['a\ud800', undefined, 'holds a name that cannot be stored'],
])('a path that must not be written to is refused: %j in %j', (path, wdir, problem) => {
  const found = faults(tracking(path, wdir));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(problem);
});

test.each([
  ['data/', undefined, 'sub/data'],
  ['./a//b', undefined, 'sub/a/b'],
  ['data', '..', 'data'],
  ['x', 'deep/er/..', 'sub/deep/x'],
  ['.hidden', undefined, 'sub/.hidden'],
  ['${x}', undefined, 'sub/${x}'],
  ['données d’été.csv', undefined, 'sub/données d’été.csv'],
])('a path is taken as it is meant: %j in %j', (path, wdir, tracked) => {
  expect(unwrap(parsePointer(tracking(path, wdir), { file: 'sub/data.pipe' })).path).toBe(tracked);
});

test('whatever a stranger writes as path and wdir, what is tracked lies inside the project under safe names', () => {
  const part = fc.constantFrom(
    'a',
    '..',
    '.',
    '',
    '.git',
    '.GIT',
    '.pipe ',
    'sub',
    'data.pipe',
    'git~1',
    '\0',
    'a:b',
    'é',
  );
  const path = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, fc.option(path, { nil: undefined }), (written, wdir) => {
      const result = parsePointer(tracking(written, wdir), { file: 'sub/data.pipe' });
      if (!result.ok) return;
      const names = result.value.path.split('/');
      expect(names.every((name) => isSafeName(name) && name !== '..')).toBe(true);
      expect(result.value.path).not.toBe('sub');
    }),
    { numRuns: 2000 },
  );
});

test('no text makes the parser throw, and what it refuses has a problem', () => {
  const { schema } = { schema: 'schema: pipe.pointer/1\nouts:\n' };
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.boolean(), (text, pointed) => {
      const result = parsePointer(pointed ? schema + text : text, { file: 'x.pipe' });
      expect(result.ok || result.problems.length > 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('what is printed is read back as the very same pointer', () => {
  fc.assert(
    fc.property(pointerArbitrary, (pointer: Pointer) => {
      const file = pointerFileOf(`sub/${pointer.out.path}`);
      const tracked = unwrap(parsePointer(pointerText(pointer), { file }));
      expect(tracked.pointer).toEqual(pointer);
      expect(tracked.entry).toEqual(entryOf(pointer.out));
    }),
    { numRuns: 1000 },
  );
});

test('a new pointer is as people would write it', () => {
  expect(pointerText({ out: { path: 'data', digest: B3, size: 19250000, files: 70000 } })).toBe(GOOD);
  const out = { path: 'true', digest: B3, size: 0, exec: true, desc: 'a: b', labels: ['x'] };
  const imported = { kind: 'repo', path: 'd', url: 'https://example.org/r', rev: 'main', revLock: COMMIT } as const;
  expect(pointerText({ wdir: '..', imported, out })).toBe(`schema: pipe.pointer/1
wdir: ".."
deps:
  - path: d
    repo:
      url: "https://example.org/r"
      rev: main
      rev_lock: "${COMMIT}"
outs:
  - path: "true"
    digest: ${B3}
    size: 0
    exec: true
    desc: "a: b"
    labels: ["x"]
`);
});

test('a pointer is named after what it tracks', () => {
  expect(pointerFileOf('a/data.csv')).toBe('a/data.csv.pipe');
  expect(['data.csv.pipe', '.x.pipe'].every(isPointerName)).toBe(true);
  expect(['.pipe', 'pipe', 'a.pipe.yaml'].some(isPointerName)).toBe(false);
});
