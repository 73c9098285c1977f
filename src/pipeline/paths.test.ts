import fc from 'fast-check';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { joinPath, relativePath, twoPaths, urlScheme, whyNoOut } from './paths.ts';

test.each([
  ['a', '.', 'a', 'a'],
  ['./a/', '.', 'a', 'a'],
  ['a/../b', '.', 'b', 'b'],
  ['../a', 'sub', 'a', '../a'],
  ['../sub/a', 'sub', 'sub/a', 'a'],
  ['.', 'sub', 'sub', '.'],
  ['..', 'sub/deep', 'sub', '..'],
  ['../..', 'sub/deep', '.', '../..'],
  ['../../x', 'sub', '../x', '../../x'],
  ['/abs//x/', 'sub', '/abs/x', '/abs/x'],
  ['back\\slash', 'sub', 'sub/back\\slash', 'back\\slash'],
])('%s written in %s is %s, seen from there %s', (...[written, wdir, path, as]) => {
  expect(twoPaths(written, wdir, undefined)).toEqual({ path, as });
});

test('the two forms of a path lead to the same place', () => {
  const segment = fc.constantFrom('a', 'b', 'sub', '..', '.');
  const folder = fc.array(fc.constantFrom('a', 'b', 'sub'), { maxLength: 3 }).map((all) => all.join('/') || '.');
  fc.assert(
    fc.property(folder, fc.array(segment, { minLength: 1, maxLength: 6 }), (wdir, segments) => {
      const { path, as } = twoPaths(segments.join('/'), wdir, undefined);
      expect(joinPath(wdir, as)).toBe(path);
      expect(as).toBe(posix.relative(`/far/above/x/y/z/w/${wdir}`, `/far/above/x/y/z/w/${path}`) || '.');
      expect(relativePath(wdir, path)).toBe(as);
    }),
  );
});

test.each([
  ['data.csv', undefined],
  ['a/b/.hidden', undefined],
  ['.github/x', undefined],
  ['x.pipeline', undefined],
  ['..data', undefined],
  ['.pipe', 'points into .pipe'],
  ['a/.git/hooks/x', 'points into .git'],
  ['.GIT/x', 'points into .git'],
  ['.dvc/config', 'points into .dvc'],
  ['.g\u200cit/x', 'points into .git'],
  ['.ｇｉｔ', 'points into .git'],
  ['.git./x', 'points into .git'],
  ['.git /x', 'points into .git'],
  ['.git::$INDEX_ALLOCATION/x', 'points into .git'],
  ['GIT~1/x', 'points into .git'],
  ['../x', 'lies outside the project'],
  ['/x', 'lies outside the project'],
  ['.', 'is the whole project'],
  ['sub/pipeline.yaml', 'is a file that pipe or DVC keeps'],
  ['pipeline.lock', 'is a file that pipe or DVC keeps'],
  ['data.csv.pipe', 'is a file that pipe or DVC keeps'],
  ['data.csv.dvc', 'is a file that pipe or DVC keeps'],
])('an out at %s: %s', (path, why) => {
  expect(whyNoOut(path)?.why).toBe(why);
});

test.each([
  ['s3://bucket/key', 's3'],
  ['HTTPS://host', 'https'],
  ['ds://name', 'ds'],
  ['a:b', undefined],
  ['http:///x', undefined],
  ['c:\\x', undefined],
  ['1://x', undefined],
])('the scheme of %s is %s', (text, scheme) => {
  expect(urlScheme(text)).toBe(scheme);
});
