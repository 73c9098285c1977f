import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownedName, thisOwner } from '../../kit/owner.ts';
import { placeContract } from './fixture/contract.ts';
import { listed, sourceOf } from './fixture/helpers.ts';
import { copyIfAbsent } from './folder-write.ts';
import { openFolder } from './folder.ts';
import { UNFINISHED } from './key.ts';

placeContract('folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pipe-folder-'));
  return {
    open: (options) => openFolder({ root: join(root, 'made/late'), ...options }),
    end: () => rm(root, { recursive: true }),
  };
});

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pipe-folder-')));
  root = join(folder, 'remote');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (key: string, text = key): Promise<boolean> => openFolder({ root }).write(key, [Buffer.from(text)]);

test('a folder that is not there is an empty place, and reading does not make it', async () => {
  const place = openFolder({ root });
  expect(await listed(place, '')).toEqual([]);
  expect(await place.read('x')).toBeUndefined();
  await place.remove(['x']);
  expect(existsSync(root)).toBe(false);
});

test('what is being written lies where no list finds it, and is gone afterwards', async () => {
  const place = openFolder({ root });
  const seen: number[] = [];
  const source = sourceOf(Buffer.alloc(100));
  await place.writeLarge('x', {
    ...source,
    check: async () => {
      seen.push(readdirSync(join(root, UNFINISHED)).length, (await listed(place, '')).length);
    },
  });
  expect(seen).toEqual([1, 0]);
  expect(readdirSync(join(root, UNFINISHED))).toEqual([]);
  await expect(place.read(`${UNFINISHED}/x`)).rejects.toThrow('not the key');
});

test('what a process that is gone left unfinished is removed, and what was forgotten on another machine', async () => {
  await write('first');
  const at = (name: string): string => join(root, UNFINISHED, name);
  const gone = ownedName({ ...thisOwner(), pid: 2 ** 22 + 7 });
  const alive = ownedName(thisOwner());
  const elsewhere = ownedName({ ...thisOwner(), host: 'elsewhere' });
  const forgotten = ownedName({ ...thisOwner(), host: 'elsewhere' });
  for (const name of [gone, alive, elsewhere, forgotten]) writeFileSync(at(name), 'half');
  const week = Date.now() / 1000 - 8 * 24 * 3600;
  utimesSync(at(forgotten), week, week);
  await write('second');
  await expect.poll(() => readdirSync(join(root, UNFINISHED)).sort()).toEqual([alive, elsewhere].sort());
});

test('symbolic links inside are not followed: what lies behind them is neither read, listed, removed nor written', async () => {
  await write('v1/loose/aa/one');
  const outside = join(folder, 'outside');
  mkdirSync(join(outside, 'aa'), { recursive: true });
  writeFileSync(join(outside, 'secret'), 'secret');
  writeFileSync(join(outside, 'aa/secret'), 'secret');
  symlinkSync(outside, join(root, 'v1/packs'));
  symlinkSync(join(outside, 'secret'), join(root, 'v1/file'));
  symlinkSync('loose', join(root, 'v1/within'));
  const place = openFolder({ root });
  const keys = ['v1/packs/secret', 'v1/packs/aa/secret', 'v1/file', 'v1/within/aa/one'];
  expect((await listed(place, '')).map(({ key }) => key)).toEqual(['v1/loose/aa/one']);
  expect(await listed(place, 'v1/packs/')).toEqual([]);
  for (const key of keys) {
    expect(await place.stat(key)).toBeUndefined();
    expect(await place.read(key)).toBeUndefined();
    expect(await place.copy(key, 'copied')).toBe(false);
  }
  await place.remove(keys);
  for (const key of ['v1/packs/new', 'v1/packs/bb/new', 'v1/packs/aa/secret']) {
    await expect(place.write(key, [])).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_FAILED' }] });
  }
  await place.write('v1/file', [Buffer.from('own')]);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(readFileSync(join(outside, 'aa/secret'), 'utf8')).toBe('secret');
  expect(readdirSync(outside, { recursive: true }).sort()).toEqual(['aa', 'aa/secret', 'secret']);
  expect(readFileSync(join(root, 'v1/loose/aa/one'), 'utf8')).toBe('v1/loose/aa/one');
});

test('a root that is itself reached through a link is as good as any', async () => {
  mkdirSync(join(folder, 'disk'));
  symlinkSync(join(folder, 'disk'), root);
  await write('v1/a');
  expect((await listed(openFolder({ root }), 'v1/')).map(({ key }) => key)).toEqual(['v1/a']);
});

test('in a folder that a group writes to, all of it can write what any of them made, whatever the umask says', async () => {
  mkdirSync(root);
  chmodSync(root, 0o2770);
  const before = process.umask(0o077);
  try {
    await write('v1/runs/aa/record');
  } finally {
    process.umask(before);
  }
  const mode = (path: string): number => statSync(join(root, path)).mode & 0o070;
  expect(['v1', 'v1/runs', 'v1/runs/aa', UNFINISHED].map(mode)).toEqual([0o070, 0o070, 0o070, 0o070]);
  expect(mode('v1/runs/aa/record')).toBe(0o060);
});

test('folders that are empty vanish, as they do in a bucket', async () => {
  await write('v1/trash/1+7/packs/a');
  await write('v1/b');
  await openFolder({ root }).remove(['v1/trash/1+7/packs/a']);
  expect(readdirSync(join(root, 'v1'))).toEqual(['b']);
});

test('what the disk refuses is said in words', async () => {
  writeFileSync(root, 'a file');
  await expect(write('x')).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_FAILED' }] });
});

test('where a disk knows no links, a file is made by one of many', async () => {
  mkdirSync(root);
  const sources = Array.from({ length: 8 }, (_, each) => join(root, `from-${String(each)}`));
  for (const source of sources) writeFileSync(source, source);
  const made = await Promise.all(sources.map((source) => copyIfAbsent(source, join(root, 'target'))));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(readFileSync(join(root, 'target'), 'utf8')).toBe(sources[made.indexOf(true)]);
});

test('of writers in several processes that want to be first, exactly one is told so', async () => {
  const program = `
    import { openFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder.ts'))};
    const place = openFolder({ root: ${JSON.stringify(root)} });
    process.send('ready');
    process.on('message', async (keys) => {
      const wrote = await Promise.all(keys.flatMap((key) => [1, 2, 3, 4].map((each) => place.write(key, [Buffer.from(process.pid + ' ' + each)], { ifAbsent: true }))));
      process.send(wrote.map(Number), () => process.exit());
    });`;
  const file = join(folder, 'writer.mts');
  writeFileSync(file, program);
  const children = Array.from({ length: 4 }, () => fork(file, { execArgv: ['--import', import.meta.resolve('tsx')] }));
  await Promise.all(children.map((child) => once(child, 'message')));
  const keys = Array.from({ length: 25 }, (_, each) => `v1/race/${String(each)}`);
  const answers = children.map((child) => once(child, 'message') as Promise<[number[]]>);
  for (const child of children) child.send(keys);
  const wrote = (await Promise.all(answers)).map(([each]) => each);
  const wins = keys.map((_, key) => wrote.flatMap((each) => each.slice(key * 4, key * 4 + 4)).filter(Boolean).length);
  expect(wins).toEqual(keys.map(() => 1));
});
