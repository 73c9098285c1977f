import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Rig } from '../rig/rig.ts';
import type { Minio } from '../rig/s3.ts';
import { startMinio } from '../rig/s3.ts';
import { test } from '../rig/test.ts';
import type { Machine } from './share/project.ts';
import { bucketProject, cloneProject, commitAll, document, smallFiles, succeed } from './share/project.ts';
import type { GcDocument } from './upkeep/project.ts';

let minio: Minio;
beforeAll(async () => {
  minio = await startMinio();
}, 120_000);
afterAll(() => minio.stop());

const PUSHERS = 8;
const PULLERS = 8;

/** Nobody but the server says how old its files are: what a collection takes has to be older than what it spares. */
const AGE_S = 20;
const SPARED_S = 15;

/** Files that several machines push, and nobody refers to in between. */
function forgotten(cwd: string, which: number): Record<string, string | Buffer> {
  const folder = `${cwd}/forgotten${which}`;
  return { ...smallFiles(folder, 40, `forgotten ${which}`), [`${folder}/big`]: Buffer.alloc(4_300_000, `${which}`) };
}

async function cloneWith(rig: Rig, name: string, env: Readonly<Record<string, string>>): Promise<Machine> {
  const clone = await cloneProject(rig, name);
  return { ...clone, env: { ...clone.env, ...env } };
}

async function expectPulled(rig: Rig, { cwd, env }: Machine, folder: string): Promise<void> {
  const before = await Promise.all(
    (await rig.files(`${cwd}/${folder}`)).map(async (name) => [name, await rig.read(`${cwd}/${folder}/${name}`)] as const),
  ); // prettier-ignore
  expect(before.length).toBeGreaterThan(0);
  await rig.remove(`${cwd}/.pipe/cache`, `${cwd}/${folder}`);
  await succeed(rig, ['pull', folder], { cwd, env });
  for (const [name, text] of before) expect(await rig.read(`${cwd}/${folder}/${name}`), `${cwd} ${name}`).toBe(text);
}

test('eight push what is old and needed by nobody, eight pull, and collections go on beside them: nothing is lost', async ({
  rig,
}) => {
  await rig.git('init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q']);
  const { env } = await bucketProject(rig, minio, 'crowd');
  await rig.write(smallFiles('data', 100));
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  await succeed(rig, ['push'], { env });
  const first = await cloneWith(rig, 'first', env);
  for (const folders of [[0, 1], [2]]) {
    for (const which of folders) await rig.write(forgotten(first.cwd, which));
    await succeed(rig, ['add', ...folders.map((which) => `forgotten${which}`)], first);
    await succeed(rig, ['push'], first);
  }
  const pushedAt = performance.now();

  // Two of the three folders are pushed again, the third one is garbage.
  const pushers: { readonly machine: Machine; readonly folder: string }[] = [];
  for (let at = 0; at < PUSHERS; at += 1) {
    const machine = await cloneWith(rig, `push${at}`, env);
    await rig.write(forgotten(machine.cwd, at % 2));
    await succeed(rig, ['add', `forgotten${at % 2}`], machine);
    pushers.push({ machine, folder: `forgotten${at % 2}` });
  }
  const pullers: Machine[] = [];
  for (let at = 0; at < PULLERS; at += 1) pullers.push(await cloneWith(rig, `pull${at}`, env));
  await sleep(Math.max(0, AGE_S * 1000 - (performance.now() - pushedAt)));

  const begin = performance.now();
  const collect = async (): Promise<number> => {
    const grace = Math.floor((performance.now() - begin) / 1000) + SPARED_S;
    const { remotes } = await document<GcDocument>(rig, ['gc', '-w', '-c', '-f', '--grace', `${grace}s`], { env });
    return remotes![0]!.objects;
  };
  const over = new AbortController();
  const crowd = Promise.all([
    ...pushers.map(async ({ machine }) => {
      const run = await rig.pipe(['push'], machine);
      const stderr = run.stderr.replaceAll('waiting for a collection of storage to end\n', '');
      expect({ code: run.code, stderr }, run.stdout).toEqual({ code: 0, stderr: '' });
    }),
    ...pullers.map((machine) => succeed(rig, ['pull'], machine)),
  ]).finally(() => {
    over.abort();
  });
  let collected = await collect();
  while (!over.signal.aborted) collected += await collect();
  await crowd;
  collected += await collect();
  expect(collected).toBeGreaterThan(40);
  for (const { machine, folder } of pushers) await expectPulled(rig, machine, folder);
  for (const machine of pullers) await expectPulled(rig, machine, 'data');
  expect((await rig.pipe(['fsck', '--remote'], { env })).code).toBe(0);
  const stranger = await cloneWith(rig, 'stranger', env);
  await rig.write(forgotten(stranger.cwd, 2));
  await succeed(rig, ['add', 'forgotten2'], stranger);
  const { remotes } = await document<{ remotes: { objects: number }[] }>(rig, ['push'], stranger);
  expect(remotes[0]!.objects, 'what nobody pushed again has gone').toBe(42);
}, 240_000);
