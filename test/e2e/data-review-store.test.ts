import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import { storeLayout } from '../../src/store/layout.ts';
import { markedTime } from '../../src/store/object-mark.ts';
import type { Entry } from '../../src/store/tree.ts';
import { encodeTree } from '../../src/store/tree.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { does, project, save } from './data/commands.ts';
import { watchChanges } from './faults/calls.ts';
import { withDisk } from './faults/disk.ts';
import { expectProblems } from './faults/problem.ts';
import { stopWhen } from './faults/stop.ts';
import { flip, fsck, gc, startProject } from './upkeep/project.ts';

const RENEW_SOON = pathToFileURL(join(import.meta.dirname, '../rig/renew-soon.child.mjs')).href;

/** The files in a folder of the cache; none where there is no folder. */
async function inCache(rig: Rig, folder: string): Promise<string[]> {
  return readdir(rig.path('.pipe/cache/v1', folder)).catch(() => []);
}

/** How many objects have a file of their own. */
async function looseObjects(rig: Rig): Promise<number> {
  const shards = await inCache(rig, 'loose');
  return (await Promise.all(shards.map((shard) => inCache(rig, `loose/${shard}`)))).flat().length;
}

/** Many small files, each as large as a pack takes some hundred of. */
function manyFiles(folder: string, count: number): Record<string, string> {
  const entries = Array.from({ length: count }, (_, at) => [`${folder}/${at}`, `${at} `.repeat(6_000)] as const);
  return Object.fromEntries(entries);
}

test('what a process in another PID namespace is writing is left alone', async ({ rig }) => {
  await project(rig);
  await rig.write({ ...manyFiles('d', 1_500), w: 'w\n', ...manyFiles('e', 20) });
  const adding = rig.spawn(['add', 'd']);
  await stopWhen(adding, async () => (await inCache(rig, 'tmp')).some((name) => name.endsWith('.pack')));
  const apart = await rig.run('unshare', ['-p', '-f', '--mount-proc', 'pipe', 'add', 'w']);
  expect(apart, apart.stderr).toMatchObject({ code: 0 });
  await does(rig, 'add', 'e');
  adding.kill('SIGCONT');
  expect(await adding.done).toMatchObject({ code: 0, stderr: '' });
  expect(await fsck(rig)).toMatchObject({ ok: true });
  await rig.remove('d', 'e');
  await does(rig, 'checkout');
  expect(await rig.files('d')).toHaveLength(1_500);
});

test('whoever may not see the processes of others counts none of them as gone', async ({ rig }) => {
  await project(rig);
  await rig.write({ ...manyFiles('d', 1_500), ...manyFiles('e', 20) });
  for (const hidepid of ['1', '2']) {
    await rig.remove('.pipe/cache', 'd.pipe', 'e.pipe');
    await rig.run('chmod', ['-R', 'a+rwX', '.', '../home', '../tmp']);
    const adding = rig.spawn(['add', 'd']);
    await stopWhen(adding, async () => (await inCache(rig, 'tmp')).some((name) => name.endsWith('.pack')));
    await rig.run('chmod', ['-R', 'a+rwX', '.', '../home', '../tmp']);
    const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
    const trust = 'GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="*"';
    const asOther = `mount -t proc -o hidepid=${hidepid} proc /proc && export ${trust} && ${nobody} pipe add e && ${nobody} pipe gc -w -f`;
    const other = await rig.run('unshare', ['-m', 'sh', '-c', asOther]);
    expect(other, other.stderr).toMatchObject({ code: 0 });
    expect(await inCache(rig, 'leases')).toHaveLength(1);
    adding.kill('SIGCONT');
    expect(await adding.done).toMatchObject({ code: 0, stderr: '' });
    expect(await fsck(rig)).toMatchObject({ ok: true });
  }
});

test('a process whose lease was taken away while it stood still refers to nothing that it had stored', async ({
  rig,
}) => {
  await project(rig);
  const large = Array.from({ length: 31 }, (_, at) => [`d/${at}`, Buffer.alloc(2 << 20, String(at))] as const);
  await rig.write({ w: 'w\n', ...Object.fromEntries(large) });
  await does(rig, 'add', 'w');
  const apart = ['--uts', 'sh', '-c', 'hostname elsewhere && exec pipe add d'];
  const adding = rig.start('unshare', apart);
  await stopWhen(adding, async () => (await looseObjects(rig)) > 9);
  for (const lease of await inCache(rig, 'leases')) {
    await rig.run('touch', ['-d', '2 hours ago', rig.path('.pipe/cache/v1/leases', lease)]);
  }
  expect((await gc(rig, ['-w', '-f'])).objects).toBeGreaterThan(8);
  adding.kill('SIGCONT');
  const run = await adding.done;
  expectProblems(run, 'PIPE_STORE_LEASE');
  expect(await rig.exists('d.pipe')).toBe(false);
  await does(rig, 'add', 'd');
  expect(await fsck(rig)).toMatchObject({ ok: true, missing: [] });
});

test('a full disk does not end a run that has nothing to write', async ({ rig }) => {
  await withDisk(rig, { folder: '.pipe/cache' }, async (disk) => {
    const command = await rig.command();
    await startProject(rig);
    await rig.write({
      'pipeline.yaml': { stages: { slow: { cmd: command.line, outs: [{ slow: { cache: false } }] } } },
    });
    const run = rig.spawn(['repro', '-q'], { env: { NODE_OPTIONS: `--import=${RENEW_SOON}` } });
    const call = await command.next();
    const [lease] = await inCache(rig, 'leases');
    const size = async (): Promise<number> => (await stat(rig.path('.pipe/cache/v1/leases', lease ?? ''))).size;
    await disk.fill();
    // To the end of the page that it has; then each renewal fails.
    await expect.poll(size, { timeout: 60_000 }).toBe(4_096);
    await rig.pipe(['status']);
    await disk.free();
    await call.write({ slow: 'x' });
    await call.exit();
    expect(await run.done).toMatchObject({ code: 0, stderr: '' });
  });
});

test('gc removes nothing while a list that is needed may lie in a pack that cannot be read', async ({ rig }) => {
  await project(rig);
  const small = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`d/${at}`, `${at}\n`]));
  await rig.write({ ...small, 'd/large.bin': 'large '.repeat(50_000) });
  await does(rig, 'add', 'd');
  const [pack] = (await inCache(rig, 'packs')).filter((name) => name.endsWith('.pack'));
  const file = rig.path('.pipe/cache/v1/packs', pack ?? '');
  await flip(file, (await stat(file)).size - 100);
  for (const args of [
    ['gc', '-w', '-f'],
    ['gc', '-w', '--dry'],
  ]) {
    const run = await rig.pipe(args);
    expectProblems(run, 'PIPE_STORE_DAMAGED');
    expect(run.stderr).toContain('fsck --repair');
  }
  expect(await looseObjects(rig)).toBe(1);
  await rig.remove('d');
  expect(await fsck(rig, ['--repair'])).toMatchObject({ ok: true });
  await gc(rig, ['-w', '-f']);
  await does(rig, 'checkout');
  expect(await rig.read('d/large.bin')).toHaveLength(300_000);
});

test('few lists of a stranger that stand for very many empty folders are refused, soon', async ({ rig }) => {
  await project(rig);
  await rig.write({ own: 'own\n' });
  await does(rig, 'add', 'own');
  const blake3 = await loadBlake3();
  const layout = storeLayout(rig.path('.pipe/cache'));
  let text = encodeTree(new Map());
  for (let level = 0; level <= 4; level += 1) {
    await rig.write({ [layout.loose(blake3.hash(text))]: text });
    if (level === 4) break;
    const entry: Entry = { kind: 'dir', digest: blake3.hash(text), size: 0, files: 0 };
    text = encodeTree(new Map(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, entry])));
  }
  const pointer = `schema: pipe.pointer/1\nouts:\n  - path: data\n    digest: ${blake3.hash(text)}\n    size: 0\n    files: 0\n`;
  await rig.write({ 'data.pipe': pointer });
  await save(rig, 'from a stranger');
  for (const args of [
    ['data', 'status', '--granular', '--unchanged'],
    ['checkout'],
    ['checkout', '-f', '--relink'],
    ['diff', 'HEAD', 'workspace'],
    ['status'],
    ['gc', '-w', '--dry'],
    ['fsck'],
  ]) {
    const run = await rig.pipe(args, { limit: 20_000, env: { NODE_OPTIONS: '--max-old-space-size=200' } });
    expect([0, 1, 2], `${args.join(' ')}\n${run.stdout.slice(0, 2_000)}\n${run.stderr}`).toContain(run.code);
    expect(run.stderr).not.toMatch(/\n {4}at /);
  }
  expect(await rig.exists('data/f1')).toBe(false);
});

const LARGE = 'large '.repeat(50_000);

test('an object that one user edited in place is not believed by another one', async ({ rig }) => {
  const B = { env: { XDG_CACHE_HOME: rig.path('../home/b') } };
  const asB = async (...args: string[]): Promise<void> => {
    const run = await rig.pipe(args, { ...B, cwd: '../b' });
    expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
  };
  await project(rig);
  await rig.pipe(['config', 'cache.type', 'hardlink']);
  await rig.write({ 'a.bin': LARGE });
  await does(rig, 'add', 'a.bin');
  await save(rig, 'one');
  await rig.git('clone', '-q', '.', '../b');
  await rig.run('pipe', ['config', 'cache.dir', rig.path('.pipe/cache')], { cwd: '../b' });
  await rig.run('pipe', ['config', 'cache.type', 'copy'], { cwd: '../b' });
  await asB('checkout');
  await asB('status');
  await rig.run('sh', ['-c', 'chmod u+w a.bin && printf edited >> a.bin']);
  await asB('commit');
  await rig.remove('../b/a.bin');
  await asB('checkout');
  expect(await rig.read('../b/a.bin')).toBe(LARGE);
});

describe.for(['data status', 'status', 'fsck', 'fsck --repair'])(
  'a link to an object that was edited in place',
  (command) => {
    test(`leads to what was written after ${command}`, async ({ rig }) => {
      await project(rig);
      await rig.pipe(['config', 'cache.type', 'symlink']);
      await rig.write({ 'big.bin': LARGE, 'd/big.bin': `${LARGE}2` });
      await does(rig, 'add', 'big.bin', 'd');
      await rig.run('sh', ['-c', 'for f in big.bin d/big.bin; do chmod u+w $f; printf edited >> $f; done']);
      await rig.pipe(command.split(' '));
      expect(await rig.read('big.bin')).toBe(`${LARGE}edited`);
      expect(await rig.read('d/big.bin')).toBe(`${LARGE}2edited`);
      await does(rig, 'commit');
      await rig.remove('big.bin', 'd');
      await does(rig, 'checkout');
      expect(await rig.read('d/big.bin')).toBe(`${LARGE}2edited`);
    });
  },
);

test('a damaged object in a cache that can only be read is named, and all else is checked out', async ({ rig }) => {
  await withDisk(rig, { folder: '.pipe/cache' }, async (disk) => {
    await project(rig);
    await rig.write({ 'd/a': `a ${LARGE}`, 'd/b': `b ${LARGE}`, c: `c ${LARGE}` });
    await does(rig, 'add', 'd', 'c');
    const digest = (await loadBlake3()).hash(`a ${LARGE}`);
    const object = storeLayout(rig.path('.pipe/cache')).loose(digest);
    for (const isSilent of [false, true]) {
      await flip(object, isSilent ? 8 : 7);
      if (isSilent) await utimes(object, 0, markedTime(digest, Date.now()));
      await rig.remove('d', 'c');
      await disk.readOnly();
      const run = await rig.pipe(['checkout']);
      expect(run.code, run.stderr).toBe(1);
      expect(run.stdout + run.stderr).toContain(digest.slice(0, 11));
      expect(run.stdout + run.stderr).toContain('d/a');
      expect(await rig.read('d/b')).toHaveLength(300_002);
      expect(await rig.read('c')).toHaveLength(300_002);
      await disk.writable();
    }
  });
});

test('the names of large objects are on the disk before a pointer refers to them', async ({ rig }) => {
  await project(rig);
  await rig.write({ 'd/a': `a ${LARGE}`, 'd/b': `b ${LARGE}` });
  const { run, calls } = await watchChanges(rig, ['add', 'd']);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const at = (pattern: RegExp): number => calls.findIndex(({ text }) => pattern.test(text));
  const pointer = at(/^rename.*\/d\.pipe"/);
  for (const text of [`a ${LARGE}`, `b ${LARGE}`]) {
    const [shard = '', name = ''] = storeLayout('')
      .loose((await loadBlake3()).hash(text))
      .split('/')
      .slice(-2);
    const order = [at(new RegExp(`^rename.*/${shard}/${name}"`)), at(new RegExp(`^fdatasync.*/v1/loose/${shard}>`)), pointer]; // prettier-ignore
    expect(order, String(order)).toEqual([...order].sort((a, b) => a - b));
    expect(Math.min(...order)).toBeGreaterThan(0);
  }
});
