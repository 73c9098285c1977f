import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandOf, pipelineText, verifyLock, verifyOuts, writeOuts, writeState } from './stages.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-bench-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function lock(stages: readonly number[], digest = '0'.repeat(32)): string {
  const entries = stages.map((number) => {
    const deps = [{ path: `in${number}.txt`, md5: digest }];
    const outs = [{ path: `out${number}.txt`, md5: digest }];
    return [`s${number}`, { cmd: commandOf(number), deps, outs }];
  });
  writeFileSync(at('lock'), JSON.stringify({ stages: Object.fromEntries(entries) as object }));
  return at('lock');
}

test('each stage has one file to read and one to make', () => {
  expect(parse(pipelineText(2))).toEqual({
    stages: {
      s0: { cmd: 'echo 0 > out0.txt', deps: ['in0.txt'], outs: ['out0.txt'] },
      s1: { cmd: 'echo 1 > out1.txt', deps: ['in1.txt'], outs: ['out1.txt'] },
    },
  });
});

test('a missing or wrong out is found', () => {
  writeOuts(folder, 3);
  verifyOuts(folder, 3);
  expect(() => {
    verifyOuts(folder, 4);
  }).toThrow('out3.txt');
  writeFileSync(at('out1.txt'), '');
  expect(() => {
    verifyOuts(folder, 3);
  }).toThrow('out1.txt holds ""');
});

test('a lock that lacks a stage or a digest is found', () => {
  verifyLock(lock([0, 1]), 2);
  expect(() => {
    verifyLock(lock([0]), 2);
  }).toThrow('records 1 of 2 stages');
  expect(() => {
    verifyLock(lock([0, 2]), 2);
  }).toThrow('stage s1');
  expect(() => {
    verifyLock(lock([0, 1], ''), 2);
  }).toThrow('stage s0');
});

test('an out that is written again with the same bytes changes the state', () => {
  writeOuts(folder, 2);
  const before = writeState(folder, 2, []);
  expect(writeState(folder, 2, [])).toBe(before);
  rmSync(at('out1.txt'));
  writeOuts(folder, 2);
  expect(writeState(folder, 2, [])).not.toBe(before);
});
