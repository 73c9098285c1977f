import { describe, expect } from 'vitest';
import { test } from '../rig/test.ts';
import { cloneProject, commitAll, startProject, succeed } from './share/project.ts';

describe('a path that a tracked folder does not have is misspelt, not lost', () => {
  for (const args of [['push'], ['fetch'], ['pull'], ['status', '-c']]) {
    test(args.join(' '), async ({ rig }) => {
      await startProject(rig, { 'data/deep/train.csv': '1\n' });
      await succeed(rig, ['add', 'data']);
      await commitAll(rig);
      await succeed(rig, ['push']);
      const b = await cloneProject(rig, 'b');
      const run = await rig.pipe([...args, 'data/deep/trian.csv', 'data/zzz/y'], b);
      expect(run.code).toBe(2);
      expect(run.stderr).toBe(
        'PIPE_TARGET_UNKNOWN  data/deep/trian.csv is not part of data, as data.pipe records it\n' +
          '  hint: did you mean "data/deep/train.csv"?\n' +
          'PIPE_TARGET_UNKNOWN  data/zzz/y is not part of data, as data.pipe records it\n' +
          '  hint: check the spelling\n',
      );
    });
  }
});

test('gc -a keeps what branches of others need, as Git fetched them last', async ({ rig }) => {
  await startProject(rig, { data: 'of main\n' });
  await succeed(rig, ['add', 'data']);
  await commitAll(rig);
  const b = await cloneProject(rig, 'b');
  await rig.run('git', ['checkout', '-q', '-b', 'theirs'], b);
  await rig.write({ '../b/data': 'of theirs\n' });
  await succeed(rig, ['add', 'data'], b);
  await commitAll(rig, 'theirs', b);
  await succeed(rig, ['push'], b);
  await rig.git('fetch', '-q', rig.path('../b'), 'theirs:refs/remotes/origin/theirs');
  await succeed(rig, ['push']);
  const kept = await rig.pipe(['gc', '-a', '-c', '-f', '--grace', '0s']);
  expect([kept.code, kept.stderr]).toEqual([0, '']);
  await succeed(rig, ['fetch', '-a'], b);
  await rig.run('rm', ['-rf', '.pipe/cache', 'data'], b);
  await succeed(rig, ['pull'], b);
  expect(await rig.read('../b/data')).toBe('of theirs\n');
});
