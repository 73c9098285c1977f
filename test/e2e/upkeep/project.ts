import { chmod, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Finished } from '../../rig/process.ts';
import type { Rig, RunOptions } from '../../rig/rig.ts';
import { expectValid } from '../../setup/schema.ts';

/** A stage that makes a folder of small files, one large file and a copy of a parameter. */
const MAKE =
  'rm -rf data && mkdir -p data/sub && n=$(cat number) && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; ' +
  'do echo "$n $i" > data/$i; done && echo same > data/sub/same && ' +
  'i=0; while [ $i -lt 4000 ]; do echo "$n large line $i of many"; i=$((i+1)); done > large; echo made $n';

export const PIPELINE = { stages: { make: { cmd: MAKE, deps: ['number'], outs: ['data', 'large'] } } };

/** A project in Git whose stage has run for a number; committed. */
export async function startProject(rig: Rig): Promise<void> {
  await rig.git('init', '-q', '-b', 'main');
  expect(await rig.pipe(['init', '-q'])).toMatchObject({ code: 0 });
  await rig.write({ 'pipeline.yaml': PIPELINE });
  await makeFor(rig, 1);
}

/** Runs the stage for another number and commits what it recorded. */
export async function makeFor(rig: Rig, number: number, options: RunOptions = {}): Promise<void> {
  await rig.write({ [join(options.cwd ?? '.', 'number')]: `${number}\n` });
  const run = await rig.pipe(['repro'], options);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const git = async (...args: string[]): Promise<void> => {
    const done = await rig.run('git', args, options);
    expect(done, done.stderr).toMatchObject({ code: 0 });
  };
  await git('add', '-A');
  await git('commit', '-q', '--allow-empty', '-m', `number ${number}`);
}

/** Versions 2 on the current branch, and 3 and 4 on `side`; 1 gets the tag `one`. Leaves `main` in Git's work tree. */
export async function makeBranches(rig: Rig): Promise<void> {
  await rig.git('tag', 'one');
  await makeFor(rig, 2);
  await rig.git('checkout', '-q', '-b', 'side');
  await makeFor(rig, 3);
  await makeFor(rig, 4);
  await rig.git('checkout', '-q', 'main');
}

/** Runs `pipe`, which goes well; what it prints. */
export async function pipe(rig: Rig, ...args: string[]): Promise<string> {
  const run = await rig.pipe(args);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  return run.stdout;
}

/** Commits everything that changed. */
export async function commit(rig: Rig, message: string): Promise<void> {
  await rig.git('add', '-A');
  await rig.git('commit', '-q', '-m', message);
}

/** `pipe gc --json`, which goes well. */
export async function gc(rig: Rig, args: readonly string[], options: RunOptions = {}): Promise<GcDocument> {
  const run = await rig.pipe(['gc', '--json', ...args], options);
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0, stderr: '' });
  const document = run.json<GcDocument>();
  expectValid(document);
  return document;
}

interface GcCounts {
  readonly objects: number;
  readonly bytes: number;
  readonly runs: number;
  readonly names?: readonly {
    readonly path: string;
    readonly from: string;
    readonly revisions: readonly string[];
    readonly objects: number;
    readonly bytes: number;
    readonly files: readonly { readonly path: string; readonly bytes: number }[];
  }[];
}

export interface GcDocument extends GcCounts {
  readonly remotes?: readonly GcCounts[];
}

export interface FsckDocument {
  readonly ok: boolean;
  readonly objects: number;
  readonly bytes: number;
  readonly runs: number;
  readonly damaged: readonly { readonly file: string; readonly what: string; readonly repaired: boolean }[];
  readonly missing: readonly {
    readonly state: string;
    readonly healed: boolean;
    readonly places: readonly { readonly path: string; readonly from: string }[];
  }[];
  readonly leftovers: readonly string[];
  readonly problems: readonly { readonly code: string }[];
  readonly remote?: { readonly name: string };
}

/** `pipe fsck --json`; its exit code must tell what it says. */
export async function fsck(rig: Rig, args: readonly string[] = [], options: RunOptions = {}): Promise<FsckDocument> {
  const run: Finished = await rig.pipe(['fsck', '--json', ...args], options);
  expect(run.stderr).toBe('');
  const document = run.json<FsckDocument>();
  expectValid(document);
  expect(run.code).toBe(document.ok ? 0 : 1);
  return document;
}

/** The numbers for which the cache has everything that was committed, of revisions in Git. */
export async function complete(rig: Rig, revisions: readonly string[]): Promise<string[]> {
  const before = await rig.git('rev-parse', '--abbrev-ref', 'HEAD');
  const found: string[] = [];
  for (const revision of revisions) {
    await rig.git('checkout', '-q', revision);
    const { missing } = await fsck(rig);
    if (missing.length === 0) found.push(revision);
  }
  await rig.git('checkout', '-q', before);
  return found;
}

/** Every file of the cache that counts, with its bytes. */
export async function cacheContent(rig: Rig): Promise<Map<string, Buffer>> {
  const root = rig.path('.pipe/cache');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found = new Map<string, Buffer>();
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\/v1\/(loose|packs|runs)\//.test(path)) found.set(path, await readFile(path));
  }
  return found;
}

/** Changes one byte of a file. */
export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ 0x10;
  await chmod(path, 0o600);
  await writeFile(path, bytes);
}

/** The same as by a disk that fails: neither times nor mode tell of it. */
export async function flipUnseen(path: string, at: number): Promise<void> {
  const { atimeMs, mtimeMs, mode } = await stat(path);
  await flip(path, at);
  await chmod(path, mode);
  // The middle of a microsecond: Node.js cuts off what is below.
  await utimes(path, atimeMs / 1000, mtimeMs / 1000 + 5e-7);
}
