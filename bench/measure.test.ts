import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { smallData } from './data/data-set.ts';
import { sharedData } from './data/shared.ts';
import { scenarioOf } from './document.fixture.ts';
import { measure } from './measure.ts';
import type { Place } from './place.ts';
import type { Contender, World } from './scenario.ts';

let place: Place;

beforeEach(() => {
  place = { kind: 'disk', filesystem: 'ext4', folder: mkdtempSync(join(tmpdir(), 'pipe-bench-test-')) };
});
afterEach(() => {
  rmSync(place.folder, { recursive: true });
});

/** A process of Node that appends its name to a list, kept in the place. */
function contender(name: string, fields: Partial<Contender> = {}): Contender {
  const script = `require('node:fs').appendFileSync(${JSON.stringify(join(place.folder, 'order'))}, '${name} ')`;
  return {
    name,
    role: name === 'pipe' ? 'pipe' : 'peer',
    fresh: false,
    prepare: () => ({ command: { file: process.execPath, args: ['-e', script] }, verify: () => undefined }),
    ...fields,
  };
}

/** Who ran, in order. */
function order(): string {
  return readFileSync(join(place.folder, 'order'), 'utf8').trim();
}

test('after a warm-up of each, all run in turn, there and back', () => {
  const absent = { name: 'gone', role: 'peer', absent: 'not installed' } as const;
  const scenario = scenarioOf({ pipe: contender('pipe'), others: [contender('a'), absent, contender('b')] });
  const { pipe, others } = measure(scenario, place, 2);
  expect(order()).toBe('pipe a b pipe a b b a pipe');
  expect(pipe.seconds).toHaveLength(2);
  expect(others).toMatchObject([{ name: 'a' }, absent, { name: 'b' }]);
});

test('a slow contender runs as often as it may, without a warm-up', () => {
  const scenario = scenarioOf({ pipe: contender('pipe'), others: [contender('slow', { runs: 1 })] });
  expect(measure(scenario, place, 2).others).toMatchObject([{ seconds: [expect.any(Number)] }]);
  expect(order()).toBe('pipe pipe slow pipe');
});

test('the peak memory is that of the process itself, not of what it starts', () => {
  const child = `Buffer.alloc(400e6, 1)`;
  const script = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(child)}])`;
  const command = { file: process.execPath, args: ['-e', script] };
  const pipe = contender('pipe', { prepare: () => ({ command, verify: () => undefined }) });
  const { memoryBytes } = measure(scenarioOf({ pipe }), place, 1);
  expect(memoryBytes).toBeGreaterThan(20e6);
  expect(memoryBytes).toBeLessThan(300e6);
});

test('a fresh contender gets an empty folder and home for each run, others keep theirs', () => {
  const worlds: World[] = [];
  const seen = (fresh: boolean): Contender =>
    contender(fresh ? 'fresh' : 'kept', {
      fresh,
      prepare(world) {
        expect(readdirSync(world.folder)).toEqual([]);
        writeFileSync(join(world.folder, 'file'), '');
        worlds.push(world);
        return { command: { file: process.execPath, args: ['-e', '0'] }, verify: () => undefined };
      },
    });
  measure(scenarioOf({ pipe: contender('pipe'), others: [seen(true), seen(false)] }), place, 2);
  expect(new Set(worlds.map(({ folder }) => folder)).size).toBe(4);
  expect(new Set(worlds.map(({ env }) => env['HOME'])).size).toBe(4);
});

test('a contender that brings back its state keeps its world, and says what its worst run has stored', () => {
  let prepared = 0;
  const seen: string[] = [];
  const stored = [1, 30, 20];
  const pipe = contender('pipe', {
    prepare(world) {
      prepared++;
      const made = join(world.folder, 'made');
      const script = `require('node:fs').writeFileSync(${JSON.stringify(made)}, '', { flag: 'wx' })`;
      return {
        command: { file: process.execPath, args: ['-e', script] },
        verify: () => seen.push('verify'),
        stored: () => stored.shift()!,
        reset() {
          seen.push('reset');
          rmSync(made);
        },
      };
    },
  });
  expect(measure(scenarioOf({ pipe }), place, 2).storedBytes).toBe(30);
  expect(prepared).toBe(1);
  expect(seen.join(' ')).toBe('verify reset verify reset verify reset');
});

test('what contenders share goes with the scenario', () => {
  const pipe = contender('pipe', {
    prepare(world) {
      sharedData(world, smallData(0.0001));
      return { command: { file: process.execPath, args: ['-e', '0'] }, verify: () => undefined };
    },
  });
  measure(scenarioOf({ pipe }), place, 1);
  expect(readdirSync(place.folder)).toEqual(['peak-memory']);
});

test('a run that fails, or that has not done its work, has no time and leaves no folder', () => {
  const failing = { file: process.execPath, args: ['-e', 'console.log("why"); process.exit(3)'] };
  const broken = contender('a', { prepare: () => ({ command: failing, verify: () => undefined }) });
  const pipe = contender('pipe');
  expect(() => measure(scenarioOf({ pipe, others: [broken] }), place, 1)).toThrow(/ended with 3\nwhy/);
  const verify = (): void => {
    throw new Error('out0.txt is wrong');
  };
  const idle = contender('a', { prepare: () => ({ command: { file: process.execPath, args: ['-e', '0'] }, verify }) });
  expect(() => measure(scenarioOf({ pipe, others: [idle] }), place, 1)).toThrow('out0.txt is wrong');
  expect(readdirSync(place.folder).filter((name) => name.startsWith('world-'))).toEqual([]);
});
