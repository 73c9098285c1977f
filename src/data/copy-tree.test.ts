import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { add } from './add.ts';
import { copyTree } from './copy-tree.ts';
import { moveToOtherDisk } from './other-disk.ts';
import { engineAt, newProject, write } from './project.fixture.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pipe-copy-'));
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const signal = new AbortController().signal;
/** More than is read without waiting for anything. */
const LARGE = 'x'.repeat(9 << 20);

/** A folder with all that may lie in one. */
function folder(): void {
  write(base, { 'd/large': LARGE, 'd/run': LARGE, 'd/small': 's', 'd/sub/x': '' });
  mkdirSync(join(base, 'd/empty'));
  symlinkSync('../nowhere', join(base, 'd/link'));
  chmodSync(join(base, 'd/run'), 0o755);
  chmodSync(join(base, 'd/small'), 0o440);
  chmodSync(join(base, 'd/sub'), 0o711);
  const all = ['d/large', 'd/run', 'd/small', 'd/sub/x', 'd/empty', 'd/sub', 'd'];
  for (const path of all) utimesSync(join(base, path), 1_000_000_000, 1_000_000_001.5);
}

/** What lies at a path, with modes and times. */
function look(path: string): unknown {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return readlinkSync(path);
  const { mode, mtimeMs } = stat;
  if (!stat.isDirectory()) return { mode, mtimeMs, text: readFileSync(path, 'utf8').length };
  return { mode, mtimeMs, inside: readdirSync(path).sort().map((name) => [name, look(join(path, name))]) }; // prettier-ignore
}

test('a copy is what it was copied from, and told of as it comes', async () => {
  folder();
  let [files, bytes, told] = [0, 0, 0];
  const onProgress = (moreFiles: number, more: number): void => {
    [files, bytes, told] = [files + moreFiles, bytes + more, told + 1];
  };
  await copyTree(join(base, 'd'), join(base, 'e'), { signal, onProgress, keepTimes: true });
  expect(look(join(base, 'e'))).toEqual(look(join(base, 'd')));
  expect([files, bytes >= 2 * LARGE.length, told > 2]).toEqual([5, true, true]);
});

test('a copy is broken off within a large file, and between small ones', async () => {
  write(base, { large: LARGE.repeat(4) });
  for (let at = 0; at < 1_000; at += 1) write(base, { [`many/${String(at)}`]: '' });
  const to = join(base, 'to');
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort('SIGINT');
  };
  const stopped = copyTree(join(base, 'large'), to, { signal: controller.signal, onProgress: abort });
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(statSync(to).size).toBeLessThan(4 * LARGE.length);
  rmSync(to);
  const later = new AbortController();
  setImmediate(() => { later.abort('SIGINT'); }); // prettier-ignore
  await expect(copyTree(join(base, 'many'), to, { signal: later.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(readdirSync(to).length).toBeLessThan(1_000);
});

test('a move to another disk brings all of it, and leaves nothing', async () => {
  folder();
  const before = look(join(base, 'd'));
  await moveToOtherDisk(join(base, 'd'), join(base, 'e'), { signal });
  expect(look(join(base, 'e'))).toEqual(before);
  expect(readdirSync(base)).toEqual(['e']);
});

test('an add that is stopped takes back what it copied in, and brings back what lay there', async () => {
  const root = newProject(base);
  write(base, { 'elsewhere/a': LARGE });
  for (const [label, there] of [
    ['copying', undefined],
    ['adding', undefined],
    ['adding', 'before'],
  ] as const) {
    // prettier-ignore
    if (there !== undefined) write(root, { a: there });
    const controller = new AbortController();
    let now = '';
    const progress = {
      begin: (what: string) => { now = what; }, // prettier-ignore
      expect: () => undefined,
      done: () => { if (now === label) controller.abort('SIGINT'); }, // prettier-ignore
    };
    const engine = await engineAt(root);
    const options = { known: { stages: [], pointers: [] }, links: engine.links, signal: controller.signal, progress };
    const copy = { from: join(base, 'elsewhere/a'), force: true };
    await expect(add(engine, ['a'], { ...options, copy })).rejects.toMatchObject({ name: 'AbortError' });
    expect(now).toBe(label);
    expect(existsSync(join(root, 'a')) ? readFileSync(join(root, 'a'), 'utf8') : undefined).toBe(there);
    expect(readdirSync(root).filter((name) => name !== 'a')).toEqual(['.pipe']);
  }
});
