import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Digest } from '../kit/digest.ts';
import { thisOwner } from '../kit/owner.ts';
import { loadXxh64 } from '../kit/xxhash.ts';
import { git, temporaryFolder, write } from '../project/fixture/folder.ts';
import { openProject } from '../project/project.ts';
import { chooseRevisions } from '../project/revisions.ts';
import type { LockBlock } from './block.ts';
import { LockState } from './lock-state.ts';
import { lockText } from './lock.ts';
import { readPointerOuts } from './pointer-outs.ts';
import { readNeeds } from './read-needs.ts';

const digest = (hex: string): Digest => `b3:${hex.repeat(64)}` as Digest;

function block(...outs: readonly [path: string, hex: string][]): LockBlock {
  const entries = outs.map(([path, hex]) => ({ path, digest: digest(hex), size: 1 }));
  return { cmd: 'x', wdir: '.', deps: [], params: new Map(), env: new Map(), outs: entries };
}

const pointer = (path: string, hex: string): string =>
  `schema: pipe.pointer/1\nouts:\n- path: ${path}\n  digest: ${digest(hex)}\n  size: 1\n`;

async function setUp(folder: string) {
  const repository = temporaryFolder();
  git(repository, 'init', '-q', '-b', 'main');
  const root = join(repository, folder);
  write(root, { '.pipe/config.yaml': '', '.gitignore': '/.pipe/tmp\n/ignored\n' });
  const env = { ...process.env, HOME: root, PIPE_SYSTEM_CONFIG_DIR: root };
  const project = openProject({ cwd: root, env });
  const [blake3, checksum] = await Promise.all([loadBlake3(), loadXxh64()]);
  const journals = join(root, '.pipe/tmp/journal');
  const locks = new LockState({ root, journals, owner: thisOwner(), blake3, checksum, now: () => 1 });
  const commit = (files: Record<string, string>): void => {
    write(root, files);
    git(root, 'add', '-A');
    git(root, 'commit', '-q', '-m', 'change');
  };
  const read = async (choice: Parameters<typeof chooseRevisions>[1], workspace?: LockState) => {
    const commits = await chooseRevisions({ cwd: root, env }, choice);
    const wanted = { project, env, readPointer: readPointerOuts, commits };
    const needs = await readNeeds(workspace === undefined ? wanted : { ...wanted, workspace });
    return {
      roots: needs.roots.map(({ path, entry, from, revisions }) => [path, entry.digest[3], from, revisions.join(' ')]),
      problems: needs.problems.map(({ file, problem, revisions }) => [file, problem.code, revisions.join(' ')]),
    };
  };
  return { root, locks, commit, read };
}

test.each(['.', 'deep/project'])(
  'revisions need what their locks and pointers say, the workspace what lies there and in journals (project in %s)',
  async (folder) => {
    const { root, locks, commit, read } = await setUp(folder);
    commit({ 'pipeline.lock': lockText(new Map([['s', block(['out', '1'])]])), 'in/data.pipe': pointer('data', 'a') });
    git(root, 'tag', 'v1');
    commit({ 'pipeline.lock': lockText(new Map([['s', block(['out', '2'])]])) });
    write(root, { 'pipeline.yaml': '', 'sub/pipeline.yaml': '', 'in/data.pipe': pointer('data', 'b') });
    write(root, { 'ignored/x.pipe': 'nonsense', '.hidden/x.pipe': 'nonsense' });
    locks.record({ file: 'pipeline.yaml', name: 's' }, block(['out', '3']));
    locks.record({ file: 'sub/pipeline.yaml', name: 't' }, block(['out', '4']));
    expect(await read({ branches: true, tags: true }, locks)).toEqual({
      roots: [
        ['in/data', 'a', 'in/data.pipe', 'main v1'],
        ['in/data', 'b', 'in/data.pipe', 'workspace'],
        ['out', '1', 'pipeline.lock:s', 'v1'],
        ['out', '2', 'pipeline.lock:s', 'main'],
        ['out', '3', 'pipeline.lock:s', 'workspace'],
        ['sub/out', '4', 'sub/pipeline.lock:t', 'workspace'],
      ],
      problems: [],
    });
    expect((await read({ revisions: ['v1'] })).roots).toHaveLength(2);
  },
);

test('what cannot be read is a problem of its revisions, whatever else can be', async () => {
  const { root, locks, commit, read } = await setUp('.');
  commit({ 'pipeline.lock': '{', 'x.pipe': pointer('x', 'a'), 'y.pipe': 'outs: 1\n' });
  git(root, 'tag', 'v1');
  commit({ 'pipeline.lock': lockText(new Map()), 'y.pipe': pointer('y', 'b') });
  appendFileSync(join(root, 'pipeline.lock'), '}');
  expect(await read({ commits: true }, locks)).toEqual({
    roots: [
      ['x', 'a', 'x.pipe', 'workspace main v1'],
      ['y', 'b', 'y.pipe', 'workspace main'],
    ],
    problems: [
      ['pipeline.lock', 'PIPE_LOCK_FORMAT', 'v1'],
      ['pipeline.lock', 'PIPE_LOCK_FORMAT', 'workspace'],
      ['y.pipe', 'PIPE_POINTER_FORMAT', 'v1'],
    ],
  });
});
