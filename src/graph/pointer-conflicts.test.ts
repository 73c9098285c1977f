import { expect, test } from 'vitest';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { parsePointer } from '../lockfile/pointer.ts';
import { unwrap } from '../problem/problem.ts';
import { outsideOuts, pointerConflicts } from './pointer-conflicts.ts';
import { stageOf } from './stage.fixture.ts';

function pointer(file: string, path = file.replace(/^.*\/|\.pipe$/g, ''), wdir = '.'): TrackedPath {
  const text = `schema: pipe.pointer/1\nwdir: ${wdir}\nouts: [{path: ${path}, digest: b3:${'0'.repeat(64)}, size: 0}]\n`;
  return unwrap(parsePointer(text, { file }));
}

function conflicts(pointers: readonly TrackedPath[], outs: readonly string[] = []): string[] {
  const problems = pointerConflicts(pointers, outs.length === 0 ? [] : [stageOf('make', { outs })]);
  return problems.map(({ code, message, at, related }) => {
    expect(code).toBe('PIPE_POINTER_CONFLICT');
    expect(related).toHaveLength(1);
    return `${at?.source.file ?? ''}: ${message}`;
  });
}

test('pointers side by side, and stages beside them, are no conflict', () => {
  const pointers = ['data.pipe', 'data2.pipe', 'sub/data.pipe', 'dat.pipe'].map((file) => pointer(file));
  expect(conflicts(pointers, ['data3', 'sub/data2', 'data.csv'])).toEqual([]);
});

test('two pointers for one path are a conflict', () => {
  expect(conflicts([pointer('data.pipe'), pointer('other.pipe', 'data')])).toEqual([
    'other.pipe: data is tracked by both data.pipe and other.pipe',
  ]);
});

test('what lies in a tracked folder has no pointer of its own', () => {
  expect(conflicts([pointer('data.pipe'), pointer('x.pipe', 'data/deep/x.csv')])).toEqual([
    'x.pipe: data/deep/x.csv lies inside data, which data.pipe tracks as a whole',
  ]);
  expect(conflicts([pointer('data/x.csv.pipe'), pointer('data.pipe')])).toEqual([
    'data/x.csv.pipe: data/x.csv lies inside data, which data.pipe tracks as a whole',
  ]);
});

test('a pointer inside what another tracks would be lost', () => {
  expect(conflicts([pointer('data.pipe'), pointer('data/x.pipe', 'x', '..')])).toEqual([
    'data/x.pipe: the pointer data/x.pipe lies inside data, which data.pipe tracks',
  ]);
});

test('a pointer and an out of a stage do not share a path', () => {
  expect(conflicts([pointer('data.pipe')], ['data'])).toEqual([
    'data.pipe: data, which data.pipe tracks, is an out of "make"',
  ]);
  expect(conflicts([pointer('x.pipe', 'x', 'data/deep')], ['data'])).toEqual([
    'x.pipe: data/deep/x, which x.pipe tracks, lies inside the out data of "make"',
  ]);
});

test('an out of a stage may lie inside what a pointer tracks', () => {
  expect(conflicts([pointer('data.pipe')], ['data/a', 'b', 'data/c'])).toEqual([]);
});

test('a file in an out of a stage is data, even with the name of a pointer', () => {
  const files = ['data/deep/x.pipe', 'data.pipe', 'database/y.pipe', 'made.pipe'];
  expect(outsideOuts(files, [stageOf('make', { outs: ['data', 'made.pipe'] })])).toEqual([
    'data.pipe',
    'database/y.pipe',
  ]);
  expect(outsideOuts(files, [])).toEqual(files);
});
