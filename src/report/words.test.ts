import { expect, test } from 'vitest';
import { gitAdd } from './words.ts';

test('what Git is to take is named ready for a shell', () => {
  expect(gitAdd(['data.pipe', 'a b.pipe', '.gitignore'])).toBe("For Git: git add data.pipe 'a b.pipe' .gitignore");
  expect(gitAdd(['[a]*.pipe', ':b.pipe'])).toBe("For Git: git add ':(literal)[a]*.pipe' ':(literal):b.pipe'");
});

test('many pointers are named by their folders, whatever these are called', () => {
  const many = Array.from({ length: 30 }, (_, at) => [`d/${at}.pipe`, `${at}.pipe`, `[x]/${at}.pipe`]).flat();
  const text = gitAdd([...many, 'd/.gitignore']);
  expect(text.startsWith("For Git: git add ':(glob)d/*.pipe' ':(glob)*.pipe' ':(literal)[x]/0.pipe'")).toBe(true);
  expect(text.endsWith(' d/.gitignore')).toBe(true);
});
