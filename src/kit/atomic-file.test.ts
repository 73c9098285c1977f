import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import { prepareFiles, writeFileAtomic, writeProblem } from './atomic-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-atomic-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a file is made, replaced, and nothing else is left', () => {
  const file = join(folder, 'a');
  writeFileAtomic(file, 'one');
  writeFileAtomic(file, Buffer.from([0xff, 0x00]));
  expect(readFileSync(file)).toEqual(Buffer.from([0xff, 0x00]));
  expect(readdirSync(folder)).toEqual(['a']);
});

test('the mode of a file is kept, a new one gets the mode asked for', () => {
  const file = join(folder, 'a');
  writeFileAtomic(file, 'one', 0o600);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  chmodSync(file, 0o750);
  writeFileAtomic(file, 'two', 0o600);
  expect(statSync(file).mode & 0o777).toBe(0o750);
});

test('a symbolic link is replaced, and what it leads to stays', () => {
  writeFileSync(join(folder, 'target'), 'kept');
  symlinkSync('target', join(folder, 'link'));
  writeFileAtomic(join(folder, 'link'), 'new');
  expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('kept');
  expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('new');
});

test('a write that fails leaves the old file and no temporary one', () => {
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  expect(() => {
    writeFileAtomic(join(folder, 'a'), 'text');
  }).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ code: 'PIPE_FILE_WRITE' })] }));
  expect(readdirSync(folder)).toEqual(['a']);
});

test('a missing folder is the caller’s to make', () => {
  expect(() => {
    writeFileAtomic(join(folder, 'no', 'a'), 'text');
  }).toThrow('ENOENT');
});

test('a full disk is a problem in plain words, an unknown error stays what it is', () => {
  const full = writeProblem('/data/x', Object.assign(new Error('write'), { code: 'ENOSPC' }));
  expect(full).toBeInstanceOf(PipeError);
  expect((full as PipeError).problems[0]?.message).toBe('cannot write /data/x: no space left on the disk');
  const bug = new TypeError('oops');
  expect(writeProblem('/data/x', bug)).toBe(bug);
});

test('many files are prepared beside their places, and none is in its place before it is put there', async () => {
  const names = Array.from({ length: 150 }, (_, at) => String(at));
  writeFileAtomic(join(folder, '0'), 'old', 0o600);
  const prepared = await prepareFiles(new Map(names.map((name) => [join(folder, name), `new ${name}`])));
  expect(readFileSync(join(folder, '0'), 'utf8')).toBe('old');
  for (const name of names.slice(0, 149)) prepared.put(join(folder, name));
  prepared.put(join(folder, 'unknown'));
  prepared.discard();
  expect(readdirSync(folder).sort()).toEqual(names.slice(0, 149).sort());
  expect(readFileSync(join(folder, '148'), 'utf8')).toBe('new 148');
  expect(statSync(join(folder, '0')).mode & 0o777).toBe(0o600);
});

test('of many files nothing is left where one cannot be written', async () => {
  writeFileSync(join(folder, 'file'), '');
  const files = [join(folder, 'a'), join(folder, 'file', 'b')];
  await expect(prepareFiles(new Map(files.map((file) => [file, 'text'])))).rejects.toMatchObject({
    problems: [{ code: 'PIPE_FILE_WRITE' }],
  });
  expect(readdirSync(folder)).toEqual(['file']);
});
