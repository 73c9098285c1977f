import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { storeLayout } from '../../src/store/layout.ts';
import type { Tree } from '../../src/store/tree.ts';
import { encodeTree } from '../../src/store/tree.ts';
import type { Digest } from '../../src/kit/digest.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { eventsOf } from './faults/kill.ts';
import { outcomes, reproduce, setUp } from './faults/problem.ts';

const REPRO = ['repro', '--json'];
const STAGES = {
  s: {
    cmd: 'echo told; mkdir -p b/c; cp d a; cp d b/c/e; echo more >> b/c/e; ln -s ../a b/l',
    deps: ['d'],
    outs: ['a', 'b'],
  },
};
const FILES = ['a', 'b/c/e', 'b/l'];

/** All files of the store that hold something of a run, as paths relative to it. */
async function storeFiles(rig: Rig): Promise<string[]> {
  const found = await readdir(rig.path('.pipe/cache/v1'), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => /\/(loose|runs)\//.test(file)).sort();
}

test('whatever file of the store is damaged, no wrong byte reaches the workspace, and the next run heals it', async ({
  rig,
}) => {
  await setUp(rig, STAGES, { d: 'one\n' });
  await reproduce(rig);
  await cp(rig.path('.pipe/cache'), rig.path('../cache'), { recursive: true });
  const wanted = await Promise.all(FILES.map((file) => rig.read(file)));
  const files = await storeFiles(rig);
  expect(files.length).toBe(7); // four objects of files, links and logs, two trees, one record
  const damages: readonly ((file: string, bytes: Buffer) => Promise<void>)[] = [
    (file, bytes) =>
      writeFile(
        file,
        bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
      ),
    (file, bytes) => writeFile(file, bytes.subarray(0, -1)),
    (file) => rm(file),
  ];
  for (const [at, file] of files.entries()) {
    const damage = damages[at % 3]!;
    const bytes = await readFile(file);
    await chmod(file, 0o644);
    await damage(file, bytes);
    await rig.remove('a', 'b');
    const run = await rig.pipe(REPRO);
    expect(run, run.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(['ran', 'restored']).toContain(outcomes(run)['s']);
    expect(await Promise.all(FILES.map((each) => rig.read(each))), file).toEqual(wanted);
    if (file.includes('/loose/') && damage !== damages[2]) {
      const notices = eventsOf(run).filter(({ type }) => type === 'notice');
      expect(notices.map(({ message }) => message).join(), file).toContain('wrong bytes');
    }
    await rig.remove('a', 'b', '.pipe/tmp/logs');
    expect(await reproduce(rig), file).toEqual({ s: 'restored' });
    expect(await Promise.all(FILES.map((each) => rig.read(each))), file).toEqual(wanted);
    await rig.remove('.pipe/cache');
    await cp(rig.path('../cache'), rig.path('.pipe/cache'), { recursive: true });
  }
});

/** Puts bytes into the store, as a stranger could who knows the format. */
async function plant(rig: Rig, text: string): Promise<Digest> {
  const digest = (await loadBlake3()).hash(text);
  const path = storeLayout(rig.path('.pipe/cache')).loose(digest);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return digest;
}

/** Replaces the records of the only stage by one that names other outs; its own digest is right. */
async function forgeRecord(rig: Rig, change: (record: { outs: unknown[] }) => unknown): Promise<void> {
  const records = (await storeFiles(rig)).filter((each) => each.includes('/runs/'));
  const file = records[0]!;
  const text = JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as { outs: unknown[] }));
  for (const each of records) await rm(each);
  await writeFile(join(file, '..', `${(await loadBlake3()).hash(text).slice(3)}.json`), text);
}

const FOLDER = { s: { cmd: 'mkdir -p b; cp d b/x', deps: ['d'], outs: ['b'] } };

test.for([
  ['..', 'f', 'evil'],
  ['.git', 'd', ''],
  ['.GIT', 'f', 'evil'],
  ['.pipe', 'd', ''],
  ['a/../../evil', 'f', 'evil'],
  ['/tmp/evil', 'f', 'evil'],
  ['', 'f', 'evil'],
  ['.', 'f', 'evil'],
  ['nul\0', 'f', 'evil'],
] as const)('a tree that holds the name %j is not restored: the stage runs', async ([name, letter, text], { rig }) => {
  await setUp(rig, FOLDER, { d: 'one\n' });
  await reproduce(rig);
  const inner = letter === 'd' ? encodeTree(new Map()) : text;
  const digest = await plant(rig, inner);
  const row = letter === 'd' ? `d 0 0 ${digest}` : `f ${inner.length} ${digest}`;
  const tree = await plant(rig, `pipe.tree/1\n${row} ${JSON.stringify(name)}\n`);
  const files = letter === 'd' ? 0 : 1;
  await forgeRecord(rig, (record) => ({
    ...record,
    outs: [{ path: 'b', digest: tree, size: letter === 'd' ? 0 : 4, files }],
  }));
  await rig.remove('b', 'pipeline.lock');
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  expect(await rig.files('b')).toEqual(['x']);
  expect(await rig.exists('../evil')).toBe(false);
  expect(await rig.read('.git/HEAD')).toContain('ref:');
});

test.for([
  ['names another path', (outs: object[]) => outs.map((out) => ({ ...out, path: '../evil' }))],
  ['names more paths', (outs: object[]) => [...outs, { ...outs[0], path: '.git/hooks/post-commit' }]],
  ['names a path twice', (outs: object[]) => [...outs, ...outs]],
  ['has an absolute path', (outs: object[]) => outs.map((out) => ({ ...out, path: '/tmp/evil' }))],
  ['has no outs', () => []],
  ['has a digest that is a path', (outs: object[]) => outs.map((out) => ({ ...out, digest: 'b3:../../../../d' }))],
  ['has a digest of nothing', (outs: object[]) => outs.map((out) => ({ ...out, digest: `b3:${'0'.repeat(64)}` }))],
  [
    'has a digest of another kind',
    (outs: object[]) => outs.map((out) => ({ ...out, digest: `md5:${'0'.repeat(32)}` })),
  ],
  ['lies about the number of files', (outs: object[]) => outs.map((out) => ({ ...out, files: 7 }))],
] as const)('a record that %s is not used: the stage runs', async ([, change], { rig }) => {
  await setUp(rig, FOLDER, { d: 'one\n' });
  await reproduce(rig);
  await forgeRecord(rig, (record) => ({ ...record, outs: change(record.outs as object[]) }));
  await rig.remove('b', 'pipeline.lock');
  expect(await reproduce(rig)).toEqual({ s: 'ran' });
  expect(await rig.exists('../evil')).toBe(false);
  expect(await rig.exists('.git/hooks/post-commit')).toBe(false);
});

test('a tree that is too deep, or whose names are too long for any disk, is not restored: the stage runs', async ({
  rig,
}) => {
  await setUp(rig, FOLDER, { d: 'one\n' });
  await reproduce(rig);
  const file = await plant(rig, 'x');
  const leaf: Tree = new Map([['x', { kind: 'file', digest: file, size: 1 }]]);
  const deep = async (name: string, levels: number): Promise<object> => {
    let digest = await plant(rig, encodeTree(leaf));
    for (let level = 0; level < levels; level++) {
      digest = await plant(rig, encodeTree(new Map([[name, { kind: 'dir', digest, size: 1, files: 1 }]])));
    }
    return { path: 'b', digest, size: 1, files: 1 };
  };
  for (const out of [await deep('a', 5_000), await deep('n'.repeat(250), 300), await deep('n'.repeat(300), 1)]) {
    await forgeRecord(rig, (record) => ({ ...record, outs: [out] }));
    await rig.remove('b', 'pipeline.lock');
    const run = await rig.pipe(REPRO, { limit: 20_000 });
    expect(run, run.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(outcomes(run)).toEqual({ s: 'ran' });
    expect((await rig.files()).filter((each) => each.includes('.pipe-tmp-'))).toEqual([]);
  }
});

test('a store of a later version is one problem that names both versions, and it is not touched', async ({ rig }) => {
  await setUp(rig, FOLDER, { d: 'one\n' });
  await rig.write({ '.pipe/cache/format': 'pipe.store/3\n' });
  const run = await rig.pipe(REPRO);
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(run.stdout).toMatch(/PIPE_STORE_FORMAT.*pipe\.store\/3.*pipe\.store\/2/);
  expect(await rig.files('.pipe/cache')).toEqual(['format']);
});
