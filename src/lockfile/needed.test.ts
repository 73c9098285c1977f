import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { whyNoOut } from '../pipeline/paths.ts';
import { lockEntry } from './entry.ts';
import { lockText } from './lock.ts';
import type { LockBlock, LockEntry } from './block.ts';
import type { Needs, RecordFile } from './needed.ts';
import { collectNeeds } from './needed.ts';
import { readPointerOuts } from './pointer-outs.ts';

const digest = (hex: string): Digest => `b3:${hex.repeat(64)}` as Digest;
const A: LockEntry = lockEntry('a.bin', { kind: 'file', digest: digest('a'), size: 1 });
const B: LockEntry = lockEntry('b', { kind: 'dir', digest: digest('b'), size: 2, files: 3 });

const block = (outs: readonly LockEntry[], wdir = '.'): LockBlock => {
  return { cmd: 'x', wdir, deps: [A], params: new Map(), env: new Map(), outs };
};

const pointer = (fields: string, head = 'schema: pipe.pointer/1\n'): string => `${head}outs:\n- {${fields}}\n`;

function needs(...files: readonly [path: string, text: string, ...revisions: number[]][]): Needs {
  const collector = collectNeeds(readPointerOuts);
  for (const [path, text, ...revisions] of files) {
    collector.add({ path, content: { text }, revisions: revisions.map((each) => [each, each + 1]) });
  }
  return collector.needs((number) => `r${number}`);
}

test('the outs of a lock are needed, its deps are not; paths are relative to the project', () => {
  const text = lockText(new Map([['train', block([A, B], '../other')]]));
  expect(needs(['sub/pipeline.lock', text, 0])).toEqual({
    roots: [
      {
        entry: { kind: 'file', digest: digest('a'), size: 1 },
        path: 'other/a.bin',
        from: 'sub/pipeline.lock:train',
        file: 'sub/pipeline.lock',
        stage: 'train',
        revisions: ['r0'],
      },
      expect.objectContaining({ entry: { kind: 'dir', digest: digest('b'), size: 2, files: 3 }, path: 'other/b' }),
    ],
    problems: [],
  });
});

test('what several revisions need is one root with all their names', () => {
  const one = lockText(new Map([['train', block([A])]]));
  const two = lockText(new Map([['train', block([A, B])]]));
  const { roots } = needs(['pipeline.lock', two, 1, 3], ['pipeline.lock', one, 2, 0]);
  expect(roots.map(({ path, revisions }) => [path, ...revisions])).toEqual([
    ['a.bin', 'r0', 'r1', 'r2', 'r3'],
    ['b', 'r1', 'r3'],
  ]);
});

test('the same path with other bytes is another root', () => {
  const other = { ...A, digest: digest('c') };
  const text = (out: LockEntry) => lockText(new Map([['train', block([out])]]));
  expect(needs(['pipeline.lock', text(A), 0], ['pipeline.lock', text(other), 1]).roots).toHaveLength(2);
});

test('a pointer needs what it points to, and says how that is shared; other fields are left alone', () => {
  const text = pointer(`path: data.csv, digest: "${digest('a')}", size: 5, exec: true, push: false, remote: far`);
  expect(needs(['in/data.csv.pipe', `${text}wdir: deep\nmeta: {by: me}\n`, 0]).roots).toEqual([
    {
      entry: { kind: 'exec', digest: digest('a'), size: 5 },
      path: 'in/deep/data.csv',
      from: 'in/data.csv.pipe',
      file: 'in/data.csv.pipe',
      sharing: { push: false, remote: 'far' },
      revisions: ['r0'],
    },
  ]);
});

test.each([
  ['pipeline.lock', '', 'PIPE_LOCK_FORMAT'],
  ['pipeline.lock', '<<<<<<< ours\n', 'PIPE_LOCK_FORMAT'],
  ['pipeline.lock', '{"schema":"pipe.lock/2"}', 'PIPE_LOCK_FORMAT'],
  ['pipeline.lock', lockText(new Map([['s', block([A], '../..')]])), 'PIPE_LOCK_FORMAT'],
  ['pipeline.lock', lockText(new Map([['s', block([{ ...A, path: '/etc/passwd' }])]])), 'PIPE_LOCK_FORMAT'],
  ['pipeline.lock', lockText(new Map([['s', block([{ ...A, path: '.' }])]])), 'PIPE_LOCK_FORMAT'],
  ['a.pipe', '', 'PIPE_POINTER_FORMAT'],
  ['a.pipe', 'outs: [', 'PIPE_YAML_SYNTAX'],
  ['a.pipe', pointer('path: a, size: 1'), 'PIPE_POINTER_FORMAT'],
  ['a.pipe', pointer(`path: a, digest: "${digest('a')}", size: -1`), 'PIPE_POINTER_FORMAT'],
  ['a.pipe', pointer(`path: a, digest: "${digest('a')}", size: 1`, 'schema: pipe.pointer/2\n'), 'PIPE_POINTER_FORMAT'],
  ['a.pipe', 'schema: pipe.pointer/1\n', 'PIPE_POINTER_FORMAT'],
  ['a.pipe', 'schema: pipe.pointer/1\nwdir: 1\nouts: []\n', 'PIPE_POINTER_FORMAT'],
  ['a.pipe', pointer(`path: ../a, digest: "${digest('a')}", size: 1`), 'PIPE_POINTER_FORMAT'],
])('%s that holds %j is a problem with its revisions, and needs nothing that is known', (path, text, code) => {
  const { roots, problems } = needs([path, text, 4], [path, text, 5]);
  expect(roots).toEqual([]);
  expect(problems).toMatchObject([{ file: path, problem: { code }, revisions: ['r4', 'r5'] }]);
});

const OTHERS = '.git/hooks/x a/.git .GIT/x git~1 .g\u200cit/x .pipe/config.yaml .Pipe pipe~1/x .dvc dvc~1/cache'.split(
  ' ',
);
const KEPT = 'pipeline.yaml a/pipeline.lock dvc.yaml dvc.lock .gitignore x.pipe a/x.dvc'.split(' ');

test.each([...OTHERS, ...KEPT, '../a', 'a/../../b', '/etc/passwd', '.', './', 'nul\0'])(
  'a lock or pointer that names %j is one problem, and needs nothing that is known',
  (path) => {
    const lock = lockText(new Map([['s', block([{ ...A, path }, B])]]));
    const text = pointer(`path: ${JSON.stringify(path)}, digest: "${digest('a')}", size: 1`);
    const found = needs(['pipeline.lock', lock, 0], ['a.pipe', text, 1]);
    expect(found.roots.map((root) => root.path)).toEqual(['b']);
    expect(found.problems).toMatchObject([
      { file: 'a.pipe', problem: { code: 'PIPE_POINTER_FORMAT' }, revisions: ['r1'] },
      { file: 'pipeline.lock', problem: { code: 'PIPE_LOCK_FORMAT' }, revisions: ['r0'] },
    ]);
    for (const { problem, file } of found.problems) {
      expect(problem.message).toMatch(new RegExp(`^cannot read ${file}: its out ".*" (?:points into|is |lies|holds)`, 'su')); // prettier-ignore
    }
  },
);

test('a working folder leads no out to where it may not be', () => {
  const lock = lockText(new Map([['s', block([{ ...A, path: '../.git/x' }], 'sub')]]));
  expect(needs(['deep/pipeline.lock', lock, 0])).toMatchObject({
    roots: [],
    problems: [{ problem: { message: 'cannot read deep/pipeline.lock: its out "../.git/x" points into .git' } }],
  });
});

test.each([
  '.github/x',
  'a/.gitkeep',
  '.gitattributes',
  'git/x',
  '.pipes',
  'a.pipe/x',
  'dvc/x',
  'pipeline.yaml/x',
  '.pipe2',
  'x.lock',
  'git~',
  'pipe',
  'lines\nof',
  '#x',
  'ä',
])('what may be an out, %j, is needed', (path) => {
  const lock = lockText(new Map([['s', block([{ ...A, path }])]]));
  expect(whyNoOut(path)).toBeUndefined();
  expect(needs(['pipeline.lock', lock, 0])).toMatchObject({ roots: [{ path }], problems: [] });
});

test('a folder may be named with a slash at its end, as in the workspace', () => {
  const text = pointer(`path: b/, digest: "${digest('b')}", size: 2, files: 3`);
  expect(needs(['in/b.pipe', text, 0])).toMatchObject({ roots: [{ path: 'in/b' }], problems: [] });
});

test('a fault of whoever read the file is a problem too', () => {
  const collector = collectNeeds(readPointerOuts);
  const fault = (path: string, text: string): RecordFile => ({ path, content: { fault: text }, revisions: [[0, 2]] });
  collector.add(fault('data/', 'the folder is lost'));
  expect(collector.needs(String).problems).toMatchObject([
    { file: 'data/', problem: { message: 'cannot read data/: the folder is lost' }, revisions: ['0', '1'] },
  ]);
});
