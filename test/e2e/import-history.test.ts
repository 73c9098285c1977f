import { expect } from 'vitest';
import { startGitServer } from '../rig/git-server.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { commitAll, document, startProject, succeed } from './share/project.ts';
import { gitThere, publish, REGISTRY, startRegistry } from './share/registry.ts';

/** How many commits the clone of a source holds. */
async function commitsIn(rig: Rig, cache: string): Promise<number> {
  const clone = (await rig.run('find', [cache, '-name', 'repository.git'])).stdout.trim();
  const all = await rig.run('git', ['cat-file', '--batch-all-objects', '--batch-check=%(objecttype)'], { cwd: clone });
  expect(all.code).toBe(0);
  return all.stdout.split('\n').filter((type) => type === 'commit').length;
}

interface Updates {
  readonly updates: readonly { readonly path: string; readonly moved: boolean }[];
}

test('whether a source has moved on is told from two commits, whatever lies between them', async ({ rig }) => {
  await startRegistry(rig);
  await startProject(rig);
  const server = await startGitServer(rig.path('../git'));
  const url = `${server.url}/registry.git`;
  try {
    await succeed(rig, ['import', '-q', url, 'docs']);
    for (let at = 0; at < 20; at += 1) {
      await rig.write({ [`${REGISTRY}/README.md`]: `${String(at)}\n` });
      await commitAll(rig, 'more', { cwd: REGISTRY });
    }
    await publish(rig, 'last');
    // Another machine, with no clone yet.
    const cache = rig.path('../another cache');
    const env = { XDG_CACHE_HOME: cache };
    expect((await document<Updates>(rig, ['status', '--updates'], { env })).updates).toEqual([
      { path: 'docs', moved: false },
    ]);
    expect(await commitsIn(rig, cache)).toBe(2);
    await rig.write({ [`${REGISTRY}/docs/note.txt`]: 'changed\n' });
    await publish(rig, 'docs');
    expect((await document<Updates>(rig, ['status', '--updates'], { env })).updates).toMatchObject([{ moved: true }]);
    // The commit that it was taken from is known to nobody any more.
    await gitThere(rig, 'checkout', '-q', '--orphan', 'fresh');
    await gitThere(rig, 'commit', '-qm', 'fresh');
    await gitThere(rig, 'push', '-qf', '../git/registry.git', 'fresh:main', ':v1');
    await rig.run('git', ['gc', '-q', '--prune=now'], { cwd: '../git/registry.git' });
    await rig.remove('../another cache');
    expect((await document<Updates>(rig, ['status', '--updates'], { env })).updates).toMatchObject([{ moved: true }]);
    expect(await commitsIn(rig, cache)).toBe(1);
  } finally {
    await server.close();
  }
});
