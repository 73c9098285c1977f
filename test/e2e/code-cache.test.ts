import { randomInt } from 'node:crypto';
import { chmod, chown, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';

const CACHE = 'code';
/** What is ours in it. */
const OWN = 'code/pipe-code';

/** A project, and the code that `status` compiled in it; every later command reads it. */
async function startWithCode(rig: Rig): Promise<{ env: Record<string, string>; file: string }> {
  const env = { PIPE_CODE_CACHE: rig.path(CACHE) };
  await rig.pipe(['init', '--no-scm'], { env: { PIPE_CODE_CACHE: 'off' } });
  await rig.write({ 'pipeline.yaml': 'stages:\n  a: { cmd: "true", outs: [o] }\n' });
  expect(await rig.pipe(['status'], { env })).toMatchObject({ code: 0, stderr: '' });
  const [name] = await readdir(rig.path(OWN));
  return { env, file: rig.path(OWN, name!) };
}

test('code that one run compiled serves the next of the same command', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  expect(file).toContain('-status-');
  const { ino } = await stat(file);
  const again = await rig.pipe(['status'], { env });
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect((await stat(file)).ino).toBe(ino);
  await rig.pipe(['dag'], { env });
  expect(await readdir(rig.path(OWN))).toHaveLength(2);
});

test('kept code with any byte changed, cut off or empty is not run, and is made again', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  const whole = await readFile(file);
  const expected = await rig.pipe(['status'], { env });
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    empty: () => Buffer.alloc(0),
    short: (bytes) => bytes.subarray(0, 20),
    'cut off': (bytes) => bytes.subarray(0, bytes.length - 1),
    longer: (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
  };
  for (let at = 0; at < 12; at += 1) {
    const place = at === 0 ? 0 : at === 1 ? 32 : randomInt(whole.length);
    damages[`byte ${String(place)} flipped`] = (bytes) => {
      bytes[place]! ^= 0x40;
      return bytes;
    };
  }
  for (const [name, damage] of Object.entries(damages)) {
    const damaged = damage(Buffer.from(whole));
    await writeFile(file, damaged);
    expect(await rig.pipe(['status'], { env }), name).toMatchObject({ code: 0, stdout: expected.stdout, stderr: '' });
    expect((await readFile(file)).equals(damaged), name).toBe(false);
  }
});

test('code that others could have written is not run', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  await chmod(file, 0o666);
  const { ino } = await stat(file);
  await rig.pipe(['status'], { env });
  expect(await stat(file)).toMatchObject({ mode: 0o100600 });
  expect((await stat(file)).ino).not.toBe(ino);
  if (process.getuid?.() !== 0) return;
  await chown(file, 65_534, 65_534);
  await rig.pipe(['status'], { env });
  expect(await stat(file)).toMatchObject({ uid: 0 });
});

test('a wrong word and a bug leave no code, and neither does a folder that takes none', async ({ rig }) => {
  const env = { PIPE_CODE_CACHE: rig.path(CACHE) };
  expect(await rig.pipe(['statsu'], { env })).toMatchObject({ code: 2 });
  expect(await rig.exists(CACHE)).toBe(false);
  await rig.write({ blocked: '' });
  const run = await rig.pipe(['version'], { env: { PIPE_CODE_CACHE: rig.path('blocked/deep') } });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  for (const off of [{ PIPE_CODE_CACHE: 'off' }, { NODE_DISABLE_COMPILE_CACHE: '1' }]) {
    expect(await rig.pipe(['version'], { env: { ...env, ...off } })).toMatchObject({ code: 0 });
    expect(await rig.exists(CACHE)).toBe(false);
  }
});

test('without a word about it, code lies in the cache folder of the user', async ({ rig }) => {
  expect(await rig.pipe(['version'], { env: { PIPE_CODE_CACHE: undefined } })).toMatchObject({ code: 0 });
  const folder = join(rig.env['XDG_CACHE_HOME']!, 'pipe/code');
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^program-[0-9a-f]{16}-version-v/)]);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('code of versions that are gone goes when other code is written', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  const old = new Date(Date.now() - 31 * 24 * 3600 * 1000);
  await rig.write({ [`${OWN}/program-0123456789abcdef-status-v1.0.0-x64`]: 'old' });
  await utimes(rig.path(OWN, 'program-0123456789abcdef-status-v1.0.0-x64'), old, old);
  await rig.pipe(['dag'], { env });
  const left = await readdir(rig.path(OWN));
  expect(left).toHaveLength(2);
  expect(left).toContain(file.split('/').at(-1));
});

test('sixteen at once leave whole code and nothing else', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  const { size } = await stat(file);
  await writeFile(file, 'broken');
  const runs = await Promise.all(Array.from({ length: 16 }, () => rig.pipe(['status'], { env })));
  for (const run of runs) expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(rig.path(OWN))).toHaveLength(1);
  expect(Math.abs((await stat(file)).size - size)).toBeLessThan(size / 10);
});

test('what others keep in the folder stays, however old it is', async ({ rig }) => {
  const names = [`${CACHE}/old.txt`, `${OWN}/notes.txt`, `${OWN}/program-1.js`];
  await rig.write(Object.fromEntries(names.map((name) => [name, 'mine\n'])));
  const stale = `${OWN}/program-0123-status-v20.0.0-x64`;
  await rig.write({ [stale]: 'old code' });
  for (const name of [...names, stale]) await utimes(rig.path(name), 0, 0);
  await rig.pipe(['version'], { env: { PIPE_CODE_CACHE: rig.path(CACHE) } });
  for (const name of names) expect(await rig.exists(name), name).toBe(true);
  expect(await rig.exists(stale)).toBe(false);
});

test.skipIf(process.platform === 'win32')('a pipe at the name of kept code is not waited for', async ({ rig }) => {
  const { env, file } = await startWithCode(rig);
  await rm(file);
  expect(await rig.run('mkfifo', [file])).toMatchObject({ code: 0 });
  expect(await rig.pipe(['status'], { env })).toMatchObject({ code: 0, stderr: '' });
});
