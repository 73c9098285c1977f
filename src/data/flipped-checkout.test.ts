import { chmodSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAULT_SEED, seededRandom } from '../../test/e2e/faults/random.ts';
import type { CheckedOut } from './checkout.ts';
import type { Content } from './fixture/random-folder.ts';
import { fill, look } from './fixture/random-folder.ts';
import { addAt, checkoutAt, newProject } from './project.fixture.ts';

const TYPES = ['copy', 'hardlink', 'symlink'] as const;

/** So many bytes of each kind of file of a store are flipped, one after the other. */
const FLIPS = 30;

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-flipped-'));
  root = newProject(base);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Small files, which share packs, and large ones, which have files of their own in the store. */
const DATA: Content = {
  ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`s/${String(at)}`, `f${String(at).repeat(400)}`])),
  ...Object.fromEntries(Array.from({ length: 4 }, (_, at) => [`large${String(at)}`, `f#${String(at)}`])),
  run: 'x#!',
  tool: 'xtool',
  link: 'lrun',
  'deep/er/still': 'fdeep',
};

interface StoreFile {
  readonly kind: 'pack' | 'loose';
  readonly path: string;
}

function storeFiles(): StoreFile[] {
  const found = readdirSync(join(root, '.pipe/cache/v1'), { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .flatMap((path): StoreFile[] => {
      if (path.endsWith('.pack')) return [{ kind: 'pack', path }];
      return path.includes('/loose/') ? [{ kind: 'loose', path }] : [];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All that lies in the workspace, as far as it is tracked. */
function workspace(): Content {
  return Object.fromEntries(
    Object.entries(look(root)).filter(([path]) => !path.startsWith('.') && !path.endsWith('.pipe')),
  );
}

/** Whether a path is said to be missing, or lies in a folder that is. */
function isMissing(path: string, done: readonly CheckedOut[]): boolean {
  return done.some(({ missing }) => missing.some((each) => path === each || path.startsWith(`${each}/`)));
}

test(`whichever byte of a store is flipped, a checkout brings no wrong byte, names what it cannot bring, and brings the rest, seed ${FAULT_SEED}`, async () => {
  const random = seededRandom(FAULT_SEED);
  fill(join(root, 'd'), DATA);
  fill(root, { one: 'f#one' });
  await addAt(root, ['d', 'one']);
  const right = workspace();
  const files = storeFiles();
  const whole = join(base, 'whole');
  cpSync(join(root, '.pipe/cache'), whole, { recursive: true });
  const lost = { one: 0, more: 0, loose: 0 };
  for (const kind of ['pack', 'loose'] as const) {
    const some = files.filter((each) => each.kind === kind);
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const { path } = random.pick(some);
      const bytes = readFileSync(path);
      const at = random.next(bytes.length);
      const story = `bit ${String(at % 8)} of byte ${String(at)} of ${path}, flip ${String(flip)}`;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      chmodSync(path, 0o600);
      writeFileSync(path, bytes);
      rmSync(join(root, 'd'), { recursive: true, force: true });
      rmSync(join(root, 'one'), { force: true });
      const done = await checkoutAt(root, { type: random.pick(TYPES) });
      const there = workspace();
      const absent = Object.keys(right).filter((each) => there[each] === undefined);
      expect(there, story).toEqual(Object.fromEntries(Object.entries(right).filter(([each]) => !absent.includes(each)))); // prettier-ignore
      expect(
        absent.filter((each) => !isMissing(each, done)),
        story,
      ).toEqual([]);
      // What is said to be missing is missing.
      expect(Object.keys(there).filter((each) => isMissing(each, done)), story).toEqual([]); // prettier-ignore
      if (kind === 'loose') expect([0, 1], story).toContain(absent.length);
      if (absent.length > 0) lost[kind === 'loose' ? kind : absent.length === 1 ? 'one' : 'more'] += 1;
      rmSync(join(root, '.pipe/cache'), { recursive: true });
      cpSync(whole, join(root, '.pipe/cache'), { recursive: true });
      const again = await checkoutAt(root);
      expect(
        again.flatMap(({ missing }) => missing),
        story,
      ).toEqual([]);
      expect(workspace(), story).toEqual(right);
    }
  }
  // One file of many in a pack; a list, or the table of a pack; a file of its own.
  expect(lost.one).toBeGreaterThan(FLIPS / 3);
  expect(lost.more).toBeGreaterThan(0);
  expect(lost.loose).toBeGreaterThan(FLIPS * 0.9);
});
