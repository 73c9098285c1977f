import { expect, test } from 'vitest';
import { git, temporaryFolder } from '../fixture/folder.ts';
import { sentCommits } from './sent-commits.ts';

const ABSENT = 'd'.repeat(40);
const NONE = { tips: [], older: [] };

interface Repository {
  readonly command: { cwd: string; env: NodeJS.ProcessEnv };
  /** Makes a commit, and returns its id. */
  readonly commit: () => string;
  readonly run: (...args: string[]) => string;
}

function repository(): Repository {
  const cwd = temporaryFolder();
  git(cwd, 'init', '-q');
  const run = (...args: string[]): string => git(cwd, '-c', 'user.name=x', '-c', 'user.email=x', ...args);
  const commit = (): string => {
    run('commit', '-q', '--allow-empty', '-m', 'x');
    return run('rev-parse', 'HEAD');
  };
  return { command: { cwd, env: process.env }, commit, run };
}

test('are those that the remote does not have, as far as is known here', async () => {
  const { command, commit, run } = repository();
  const [one, two, three] = [commit(), commit(), commit()];
  const all = { tips: [three], known: [], remote: 'origin' };
  expect(await sentCommits(command, all)).toEqual({ tips: [three], older: [two, one] });
  expect(await sentCommits(command, { ...all, known: [two, ABSENT] })).toEqual({ tips: [three], older: [] });
  run('update-ref', 'refs/remotes/origin/main', one);
  expect(await sentCommits(command, all)).toEqual({ tips: [three], older: [two] });
  // What another one has was pushed there, with its data.
  run('update-ref', 'refs/remotes/other/main', two);
  expect(await sentCommits(command, all)).toEqual({ tips: [three], older: [] });
  expect(await sentCommits(command, { ...all, remote: undefined })).toEqual({ tips: [three], older: [] });
  // What is no name is no pattern either.
  expect(await sentCommits(command, { ...all, remote: '*' })).toEqual({ tips: [three], older: [] });
  expect(await sentCommits(command, { ...all, tips: [two], remote: 'other' })).toEqual(NONE);
});

test('are those that tags stand for; other objects are none', async () => {
  const { command, commit, run } = repository();
  const one = commit();
  run('tag', '-a', 'v1', '-m', 'x');
  const tree = run('rev-parse', 'HEAD^{tree}');
  const sent = { tips: [run('rev-parse', 'v1'), tree], known: [], remote: 'origin' };
  expect(await sentCommits(command, sent)).toEqual({ tips: [one], older: [] });
  expect(await sentCommits(command, { ...sent, tips: [tree] })).toEqual(NONE);
  expect(await sentCommits(command, { ...sent, tips: [one], known: [one] })).toEqual(NONE);
});

test('are the tips alone where they are more than 200', async () => {
  const { command, commit, run } = repository();
  const tree = (commit(), run('rev-parse', 'HEAD^{tree}'));
  const ids: string[] = [];
  const script = `p=HEAD; for i in $(seq 201); do p=$(git commit-tree -p $p -m x ${tree}); echo $p; done`;
  run('-c', `alias.many=!${script}`, 'many')
    .split('\n')
    .forEach((id) => ids.push(id));
  const sent = { tips: [ids.at(-1) ?? ''], known: [], remote: 'origin' };
  expect(await sentCommits(command, sent)).toEqual({ tips: [ids.at(-1)], older: [] });
  expect((await sentCommits(command, { ...sent, known: [ids[0] ?? ''] })).older).toHaveLength(199);
}, 60_000);
