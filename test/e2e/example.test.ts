import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { outcomes } from './repro/project.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
/** Everything that the example pipeline and its service are made of. */
const PARTS = [
  '.gitignore',
  '.pipe',
  'package.json',
  'params.yaml',
  'pipeline.yaml',
  'model-creation',
  'model-serving',
  'stages',
];
const INSTALLED = ['node_modules', 'model-serving/node_modules'];

/** Copies the example as Git tracks it; the installed packages are those of the checkout. */
async function copyExample(rig: Rig): Promise<void> {
  const list = execFileSync('git', ['ls-files', '-z', '--', ...PARTS], { cwd: CHECKOUT, encoding: 'utf8' });
  for (const file of list.split('\0').filter(Boolean)) {
    await mkdir(dirname(rig.path(file)), { recursive: true });
    await copyFile(join(CHECKOUT, file), rig.path(file));
  }
  await rig.git('init');
  await install(rig, '.');
}

async function install(rig: Rig, folder: string): Promise<void> {
  for (const name of INSTALLED) await symlink(join(CHECKOUT, name), rig.path(folder, name));
  // The rule for installed packages is one for folders; here they are links.
  await rig.write({ [`${folder}/.git/info/exclude`]: 'node_modules\n' });
}

interface Parameters {
  readonly train: { readonly epochs: number; readonly repeats: readonly number[] };
}

/** Few epochs and one more seed: the same work on the same data, in a fraction of the time. */
async function train(rig: Rig, epochs: number): Promise<void> {
  const parameters = parse(await rig.read('params.yaml')) as Parameters;
  await rig.write({
    'params.yaml': stringify({ ...parameters, train: { ...parameters.train, epochs, repeats: [2] } }),
  });
}

const FRESH = { prepare: 'fresh', train: 'fresh', evaluate: 'fresh', publish: 'fresh' };

test('the example trains, measures and publishes a detector that the service serves; a clone comes to the same bytes', async ({
  rig,
}) => {
  await copyExample(rig);
  await train(rig, 2);
  expect(await outcomes(rig)).toEqual({ prepare: 'ran', train: 'ran', evaluate: 'ran', publish: 'ran' });
  const metrics = await rig.read('metrics.json');
  expect(await outcomes(rig)).toEqual(FRESH);
  expect((await rig.pipe(['logs', 'train'])).stdout).toMatch(/backend: /);
  await rig.git('add', '.');
  await rig.git('commit', '-m', 'Two epochs');
  expect(await rig.git('ls-files', 'model', 'data', 'plots', 'model-serving/model')).not.toMatch(
    /model\/|\.csv$|fit\//m,
  );

  await train(rig, 3);
  expect(await outcomes(rig)).toEqual({ ...FRESH, train: 'ran', evaluate: 'ran', publish: 'ran' });
  expect(await rig.read('metrics.json')).not.toBe(metrics);
  await train(rig, 2);
  expect(await outcomes(rig)).toEqual({ ...FRESH, train: 'restored', evaluate: 'restored', publish: 'restored' });
  expect(await rig.git('status', '--short')).toBe('');

  // Lock and metrics came with Git, nothing else did: if any byte came out otherwise, Git would show the lock changed.
  await rig.git('clone', '--quiet', '.', '../clone');
  await install(rig, '../clone');
  expect(await outcomes(rig, [], { cwd: '../clone' })).toEqual({
    prepare: 'ran',
    train: 'ran',
    evaluate: 'ran',
    publish: 'ran',
  });
  expect(await rig.git('-C', '../clone', 'status', '--short')).toBe('');

  const service = rig.start(process.execPath, ['--import', 'tsx', 'model-serving/src/main.ts', '--port', '0']);
  await service.printed(/served at \S+ /);
  const url = /served at (\S+) /.exec(service.stdout)?.[1] ?? '';
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, { post: { requestBody: { content: Record<string, { example: object }> } } }>;
  };
  const example = document.paths['/v1/score']?.post.requestBody.content['application/json']?.example;
  const response = await fetch(`${url}/v1/score`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(example),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    threshold: expect.any(Number) as number,
    rows: [expect.objectContaining({ index: 11, score: expect.any(Number) as number })],
  });
  expect((await fetch(`${url}/docs`)).status).toBe(200);
  service.kill('SIGTERM');
  expect((await service.done).code).toBe(0);
});
