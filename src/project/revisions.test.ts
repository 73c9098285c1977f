import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { git, temporaryFolder } from './fixture/folder.ts';
import type { ChosenCommit, RevisionChoice } from './revisions.ts';
import { chooseRevisions, commitCount, startOfDay } from './revisions.ts';

/** A commit that was made at a day of 2024. */
function commit(root: string, message: string, day = '01-01'): string {
  const date = `2024-${day}T12:00:00+0000`;
  const env = { ...process.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
  execFileSync('git', ['commit', '-q', '--allow-empty', '-m', message], { cwd: root, env });
  return git(root, 'rev-parse', 'HEAD');
}

/** `main` with three commits, `side` from the first on with one, tags on both, and a remote-tracking branch. */
function repository() {
  const root = temporaryFolder();
  git(root, 'init', '-q', '-b', 'main');
  const first = commit(root, 'first', '01-01');
  git(root, 'tag', 'v1');
  git(root, 'checkout', '-q', '-b', 'side');
  const side = commit(root, 'side', '01-02');
  git(root, 'checkout', '-q', '-b', 'gone');
  const remote = commit(root, 'remote', '01-03');
  git(root, 'update-ref', 'refs/remotes/origin/feature', remote);
  git(root, 'checkout', '-q', 'main');
  git(root, 'branch', '-q', '-D', 'gone');
  const second = commit(root, 'second', '01-04');
  const third = commit(root, 'third', '01-05');
  git(root, 'tag', '-a', 'v2', '-m', 'two');
  return { root, first, side, remote, second, third };
}

const choose = (root: string, choice: RevisionChoice) => chooseRevisions({ cwd: root, env: process.env }, choice);
const names = (chosen: readonly ChosenCommit[]) => chosen.map((each) => each.names.join(','));

test('nothing asked for chooses nothing', async () => {
  expect(await choose(repository().root, {})).toEqual([]);
});

test('-a chooses local branches, not remote-tracking ones; -T chooses tags; a commit with both is named after both', async () => {
  const { root, first, side, third } = repository();
  expect(await choose(root, { branches: true })).toEqual([
    { commit: third, names: ['main'] },
    { commit: side, names: ['side'] },
  ]);
  expect(await choose(root, { branches: true, tags: true })).toEqual([
    { commit: third, names: ['main', 'v2'] },
    { commit: side, names: ['side'] },
    { commit: first, names: ['v1'] },
  ]);
});

test('with remote-tracking branches, -a chooses those too, and the way back from them', async () => {
  const { root, side, remote, third } = repository();
  const chosen = await choose(root, { branches: true, remoteBranches: true });
  expect(chosen.map((each) => each.commit)).toEqual([third, side, remote]);
  expect(await choose(root, { remoteBranches: true })).toEqual([]);
});

test('-A chooses all commits, those of remote-tracking branches and a detached HEAD too, newest first', async () => {
  const { root, first, side, remote, second, third } = repository();
  git(root, 'checkout', '-q', '--detach', 'v1');
  const detached = commit(root, 'detached', '01-06');
  const chosen = await choose(root, { commits: true });
  expect(chosen.map((each) => each.commit)).toEqual([detached, third, second, remote, side, first]);
  expect(names(chosen)).toEqual([
    detached.slice(0, 7),
    'main,v2',
    second.slice(0, 7),
    remote.slice(0, 7),
    'side',
    'v1',
  ]);
});

test('--num goes back from each revision and branch by first parents, but not from tags', async () => {
  const { root } = repository();
  git(root, 'merge', '-q', '--no-ff', '--no-edit', 'side');
  expect(names(await choose(root, { revisions: ['main'], number: 3 }))).toEqual(['main', 'main~1', 'main~2']);
  expect(names(await choose(root, { branches: true, number: 2 }))).toEqual(['main', 'main~1', 'side', 'side~1']);
  expect(names(await choose(root, { tags: true, number: 2 }))).toEqual(['v1', 'v2']);
  expect(names(await choose(root, { revisions: ['main'], number: Infinity }))).toHaveLength(4);
  expect(names(await choose(root, { revisions: ['HEAD', 'main'], branches: true }))).toEqual(['HEAD,main', 'side']);
});

test('--date chooses commits of that day and later, also behind an older one', async () => {
  const { root, remote, second, third } = repository();
  const late = commit(root, 'a clock that was wrong', '01-01');
  const chosen = await choose(root, { since: startOfDay('2024-01-03') });
  expect(chosen.map((each) => each.commit).sort()).toEqual([third, second, remote].sort());
  expect(chosen.map((each) => each.commit)).not.toContain(late);
});

test('full ids are found together, also those of tags; one that names no commit is a problem', async () => {
  const { root, second, third } = repository();
  const tag = git(root, 'rev-parse', 'v2');
  expect(await choose(root, { revisions: [second, 'side~1', tag, third] })).toMatchObject([
    { commit: second, names: [second] },
    { names: ['side~1'] },
    { commit: third, names: [tag, third] },
  ]);
  for (const id of ['d'.repeat(40), git(root, 'rev-parse', 'HEAD^{tree}')]) {
    await expect(choose(root, { revisions: [second, id, third] })).rejects.toThrow(/PIPE_GIT_REVISION/);
  }
});

test('before the first commit nothing is chosen; a revision that is none is a problem', async () => {
  const root = temporaryFolder();
  git(root, 'init', '-q', '-b', 'main');
  expect(await choose(root, { branches: true, tags: true, commits: true, number: 3 })).toEqual([]);
  await expect(choose(root, { revisions: ['v9'] })).rejects.toMatchObject({
    problems: [{ code: 'PIPE_GIT_REVISION' }],
  });
  await expect(choose(join(root, '..'), { commits: true })).rejects.toMatchObject({ problems: [{ code: 'PIPE_GIT' }] });
});

test.each(['2024-02-30', '2024-1-1', 'yesterday', '2024-13-01', ''])('--date %j is no day', (text) => {
  expect(() => startOfDay(text)).toThrow('PIPE_USAGE');
});

test('a day begins at midnight; --num counts from 1, and a negative number means all', () => {
  expect(startOfDay('2024-02-29')).toBe(Date.UTC(2024, 1, 29));
  expect([commitCount('3'), commitCount('-1')]).toEqual([3, Infinity]);
  for (const text of ['0', '1.5', 'x', '']) expect(() => commitCount(text)).toThrow('PIPE_USAGE');
});
