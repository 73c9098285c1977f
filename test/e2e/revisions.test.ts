import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { RevisionChoice } from '../../src/project/revisions.ts';
import { chooseRevisions, startOfDay } from '../../src/project/revisions.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { dvcBinary } from '../setup/dvc.ts';

const ASK = `
import json, sys
from dvc.scm import SCM, iter_revs
scm = SCM('.')
print(json.dumps([sorted(iter_revs(scm, **wish)) for wish in json.loads(sys.argv[1])]))
`;

async function commit(rig: Rig, day: string): Promise<void> {
  const date = `2024-01-${day}T12:00:00+0000`;
  const env = { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
  expect((await rig.run('git', ['commit', '-q', '--allow-empty', '-m', day], { env })).code).toBe(0);
}

/** Each choice, and how DVC is asked for the same. */
const CHOICES: readonly [RevisionChoice, object][] = [
  [{ branches: true }, { all_branches: true }],
  [{ tags: true }, { all_tags: true }],
  [
    { branches: true, tags: true, number: 2 },
    { all_branches: true, all_tags: true, num: 2 },
  ],
  [
    { branches: true, number: Infinity },
    { all_branches: true, num: -1 },
  ],
  [{ commits: true }, { all_commits: true }],
  [
    { commits: true, since: startOfDay('2024-01-05') },
    { all_commits: true, commit_date: '2024-01-05' },
  ],
  [{ since: startOfDay('2024-01-04') }, { commit_date: '2024-01-04' }],
  [
    { tags: true, since: startOfDay('2024-01-05') },
    { all_tags: true, commit_date: '2024-01-05' },
  ],
  [
    { revisions: ['HEAD', 'v1'], number: 3 },
    { revs: ['HEAD', 'v1'], num: 3 },
  ],
  [{ revisions: ['HEAD~1^2'] }, { revs: ['HEAD~1^2'] }],
];

test('the flags choose the commits that they choose in DVC', async ({ rig }) => {
  await rig.git('init', '-q', '-b', 'main');
  await commit(rig, '01');
  await rig.git('tag', '-a', 'v1', '-m', 'one');
  await commit(rig, '02');
  await rig.git('checkout', '-q', '-b', 'side/a');
  await commit(rig, '06');
  await commit(rig, '03');
  await rig.git('update-ref', 'refs/remotes/origin/side', 'HEAD');
  await rig.git('reset', '-q', '--hard', 'HEAD~1');
  await rig.git('checkout', '-q', 'main');
  await commit(rig, '04');
  await rig.git('merge', '-q', '--no-ff', '--no-edit', 'side/a');
  await rig.git('tag', 'v2');
  await rig.git('checkout', '-q', '--detach');
  await commit(rig, '05');

  const python = join(dirname(dvcBinary()), 'python');
  const wishes = JSON.stringify(CHOICES.map(([, wish]) => wish));
  const asked = await rig.run(python, ['-c', ASK, wishes]);
  expect(asked.stderr).toBe('');
  const theirs = JSON.parse(asked.stdout) as string[][];
  for (const [at, [choice]] of CHOICES.entries()) {
    const chosen = await chooseRevisions({ cwd: rig.project, env: rig.env }, choice);
    expect({ choice, commits: chosen.map((each) => each.commit).sort() }).toEqual({ choice, commits: theirs[at] });
  }
});
