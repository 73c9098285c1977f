import { expect } from 'vitest';
import type { Rig } from '../../rig/rig.ts';
import { commitAll, smallFiles, succeed } from './project.ts';

/** The folder of the registry, relative to the project. */
export const REGISTRY = '../registry';

/** Runs Git in the registry. */
export async function gitThere(rig: Rig, ...args: string[]): Promise<string> {
  const done = await rig.run('git', args, { cwd: REGISTRY });
  expect(done, done.stderr).toMatchObject({ code: 0 });
  return done.stdout.trim();
}

/**
 * Another repository with a project: a tracked folder and file, an out of a stage, files of Git; all is pushed to a
 * folder, and to the bare repository `../git/registry.git`. The branch `main` and the tag `v1` are there.
 */
export async function startRegistry(rig: Rig): Promise<void> {
  const there = { cwd: REGISTRY };
  await rig.write({ [`${REGISTRY}/README.md`]: '# data\n' });
  await gitThere(rig, 'init', '-q', '-b', 'main');
  await succeed(rig, ['init', '-q'], there);
  await succeed(rig, ['remote', 'add', '-q', '-d', 'store', rig.path('../registry-remote')], there);
  await rig.write({
    ...smallFiles(`${REGISTRY}/images`, 20),
    [`${REGISTRY}/images/deep/er/x.txt`]: 'deep\n',
    [`${REGISTRY}/labels.csv`]: 'a,b\n1,2\n',
    [`${REGISTRY}/docs/note.txt`]: 'kept by Git\n',
    [`${REGISTRY}/docs/run.sh`]: '#!/bin/sh\n',
    [`${REGISTRY}/in.txt`]: 'in\n',
    [`${REGISTRY}/pipeline.yaml`]: {
      stages: { make: { cmd: 'cat in.txt in.txt > made', deps: ['in.txt'], outs: ['made'] } },
    },
  });
  expect(await rig.run('chmod', ['+x', 'docs/run.sh'], there)).toMatchObject({ code: 0 });
  await succeed(rig, ['add', '-q', 'images', 'labels.csv'], there);
  expect(await rig.pipe(['repro', '-q'], there)).toMatchObject({ code: 0 });
  await publish(rig, 'first');
  await gitThere(rig, 'tag', '-a', 'v1', '-m', 'v1');
  await gitThere(rig, 'push', '-q', '../git/registry.git', 'main', 'v1');
}

/** Commits the registry, and pushes its data and commits. */
export async function publish(rig: Rig, message: string): Promise<string> {
  const there = { cwd: REGISTRY };
  await commitAll(rig, message, there);
  await succeed(rig, ['push', '-q'], there);
  if (!(await rig.exists('../git/registry.git'))) {
    const made = await rig.run('git', ['init', '-q', '--bare', '-b', 'main', rig.path('../git/registry.git')]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
  }
  await gitThere(rig, 'push', '-q', '../git/registry.git', 'main');
  return gitThere(rig, 'rev-parse', 'HEAD');
}
