import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import { document, succeed } from './share/project.ts';
import { publish, REGISTRY, startRegistry } from './share/registry.ts';

interface Shown {
  readonly url: string;
  readonly range: { readonly offset: number; readonly length: number } | null;
}

test('where the bytes of a file lie in a remote is said, alone or in a pack', async ({ rig }) => {
  await startRegistry(rig);
  const large = Buffer.alloc(5_000_000, 'large ');
  await rig.write({ [`${REGISTRY}/large.bin`]: large });
  await succeed(rig, ['add', '-q', 'large.bin'], { cwd: REGISTRY });
  await publish(rig, 'large');
  const bytesOf = async (path: string): Promise<Buffer> => {
    const { url, range } = await document<Shown>(rig, ['get', REGISTRY, path, '--show-url']);
    const bytes = await readFile(url);
    return range === null ? bytes : bytes.subarray(range.offset, range.offset + range.length);
  };
  expect((await bytesOf('labels.csv')).toString()).toBe('a,b\n1,2\n');
  expect((await bytesOf('images/deep/er/x.txt')).toString()).toBe('deep\n');
  expect((await bytesOf('made')).toString()).toBe('in\nin\n');
  expect((await bytesOf('images')).toString()).toMatch(/^pipe\.tree\/1\n/);
  expect(large.equals(await bytesOf('large.bin'))).toBe(true);
  const { stdout } = await succeed(rig, ['get', REGISTRY, 'images', '--show-url']);
  expect(stdout.split('\n')[0]).toMatch(/registry-remote\/v1\/packs\/[0-9a-f]{64}\.pack$/);
  expect(stdout).toContain('lists a folder of 21 files');
  expect(await rig.files()).toEqual([]);

  const git = await rig.pipe(['get', REGISTRY, 'docs/note.txt', '--show-url']);
  expectProblems(git, 'PIPE_SOURCE_MISSING');
  expect(git.stderr).toContain('is kept by Git');
  expectProblems(await rig.pipe(['get', REGISTRY, 'nothing', '--show-url']), 'PIPE_SOURCE_MISSING');
  await rig.remove('../registry-remote/v1');
  const gone = await rig.pipe(['get', REGISTRY, 'labels.csv', '--show-url']);
  expectProblems(gone, 'PIPE_SOURCE_MISSING');
  expect(gone.stderr).toContain('does not have labels.csv');
});
