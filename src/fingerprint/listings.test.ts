import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStatIndex } from '../index/stat-index.ts';
import { PipeError } from '../problem/problem.ts';
import { Listings } from './listings.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pipe-listings-'));
  for (const folder of ['a', 'b', 'c/inside']) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ['a/1', 'b/1', 'c/1']) writeFileSync(join(root, file), '');
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function listings(isRunning = true): Listings {
  const options = {
    follow: false,
    ignored: () => false,
    lost: () => undefined,
    now: Date.now,
    index: openStatIndex(undefined, root, () => 0n),
  };
  return new Listings(options, () => isRunning);
}

const top = (): { path: string; absolute: string } => ({ path: '.', absolute: root });
const below = (path: string): { path: string; absolute: string } => ({ path, absolute: join(root, path) });

/** Enters the folder `a`, whose files are unknown; returns the list of the root. */
function enterA(all: Listings): ReturnType<Listings['take']> {
  all.take(below('a'));
  const listed = all.take(top());
  all.prepare(top(), 'a', listed);
  return listed;
}

test('while a folder is walked, the one behind it has been listed', () => {
  const all = listings();
  enterA(all);
  writeFileSync(join(root, 'b/late'), '');
  expect(all.take(below('b')).names).toEqual(['1']);
  // Once: whoever comes again sees what is there then.
  expect(all.take(below('b')).names).toEqual(['1', 'late']);
});

test('nothing is listed early where no thread would read it', () => {
  const all = listings(false);
  enterA(all);
  writeFileSync(join(root, 'b/late'), '');
  expect(all.take(below('b')).names).toEqual(['1', 'late']);
});

test('nothing behind a folder with folders is listed early', () => {
  const all = listings();
  mkdirSync(join(root, 'd'));
  all.prepare(top(), 'c', enterA(all));
  writeFileSync(join(root, 'd/late'), '');
  expect(all.take(below('d')).names).toEqual(['late']);
});

test('trouble with a folder is told when the walk comes to it', () => {
  const all = listings();
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'b/')), Buffer.from([0xff])]), '');
  enterA(all);
  expect(() => all.take(below('b'))).toThrow(PipeError);
});
