import { describe, expect, test } from 'vitest';
import { git, temporaryFolder, write } from '../fixture/folder.ts';
import { commandOf, sentBy } from './run-hook.ts';

const [ONE, TWO] = ['1'.repeat(40), '2'.repeat(40)];

function repository(): string {
  const gitRoot = temporaryFolder();
  git(gitRoot, 'init', '-q');
  return gitRoot;
}

test('a commit shows the status, a push pushes, and a hook that is not known does nothing', () => {
  const call = { args: [], env: {}, gitRoot: repository() };
  expect(commandOf({ ...call, name: 'pre-commit' })).toBe('status');
  expect(commandOf({ ...call, name: 'pre-push' })).toBe('push');
  expect(commandOf({ ...call, name: 'post-index-change' })).toBeUndefined();
});

test('data is checked out when another commit was, and not after files or at a new branch', () => {
  const call = { name: 'post-checkout', env: {}, gitRoot: repository() };
  expect(commandOf({ ...call, args: [ONE, TWO, '1'] })).toBe('checkout');
  expect(commandOf({ ...call, args: ['0'.repeat(40), TWO, '1'] })).toBe('checkout');
  expect(commandOf({ ...call, args: [ONE, TWO, '0'] })).toBeUndefined();
  expect(commandOf({ ...call, args: [ONE, ONE, '1'] })).toBeUndefined();
  expect(commandOf({ ...call, args: [] })).toBeUndefined();
});

test('the variables of the tool pre-commit say the same', () => {
  const call = { name: 'post-checkout', args: [], gitRoot: repository() };
  const env = { PRE_COMMIT_CHECKOUT_TYPE: '1', PRE_COMMIT_FROM_REF: ONE, PRE_COMMIT_TO_REF: TWO };
  expect(commandOf({ ...call, env })).toBe('checkout');
  expect(commandOf({ ...call, env: { ...env, PRE_COMMIT_CHECKOUT_TYPE: '0' } })).toBeUndefined();
});

test('data is checked out after a merge, also one that is not committed yet', () => {
  const call = { name: 'post-merge', env: {}, gitRoot: repository() };
  expect(commandOf({ ...call, args: ['0'] })).toBe('checkout');
  expect(commandOf({ ...call, args: ['1'] })).toBe('checkout');
  expect(commandOf({ ...call, args: [] })).toBe('checkout');
});

test.each(['rebase-merge', 'rebase-apply'])('nothing is checked out while %s is there', (state) => {
  const gitRoot = repository();
  write(gitRoot, { [`.git/${state}/`]: '' });
  expect(commandOf({ name: 'post-checkout', args: [ONE, TWO, '1'], env: {}, gitRoot })).toBeUndefined();
  expect(commandOf({ name: 'post-merge', args: ['0'], env: {}, gitRoot })).toBeUndefined();
});

describe('what Git is about to push', () => {
  const ZERO = '0'.repeat(40);
  const LONG = 'a'.repeat(64);
  const args = ['origin', 'git@example.org:x'];
  const line = (local: string, remote: string): string => `refs/heads/x ${local} refs/heads/x ${remote}`;

  test('is read from its lines', () => {
    const said = [line(ONE, ZERO), line(LONG, TWO), line(ONE, TWO), `(delete) ${ZERO} refs/heads/y ${ONE}`];
    expect(sentBy({ args, env: {} }, said)).toEqual({ tips: [ONE, LONG], known: [TWO, ONE], remote: 'origin' });
  });

  test('is nothing where refs are only deleted, and not known where Git says nothing', () => {
    expect(sentBy({ args, env: {} }, [`(delete) ${ZERO} refs/heads/y ${ONE}`])).toMatchObject({ tips: [] });
    expect(sentBy({ args, env: {} }, [])).toBeUndefined();
    expect(sentBy({ args, env: {} }, ['', 'x'])).toBeUndefined();
    // The local ref is what the user wrote.
    expect(sentBy({ args, env: {} }, [`:/mend the bug ${ONE} refs/heads/x ${TWO}`])).toMatchObject({
      tips: [ONE],
      known: [TWO],
    });
    expect(sentBy({ args: [], env: {} }, [line(ONE, ZERO)])).toBeUndefined();
  });

  test.each(['--all', `${ONE}x`, '1'.repeat(39), 'A'.repeat(40), `^${ONE}`])('are ids alone: not %s', (word) => {
    expect(sentBy({ args, env: {} }, [line(word, word)])).toBeUndefined();
  });

  test('is said in variables by the tool pre-commit', () => {
    const env = { PRE_COMMIT_FROM_REF: ONE, PRE_COMMIT_TO_REF: TWO, PRE_COMMIT_REMOTE_NAME: 'up' };
    expect(sentBy({ args: [], env }, [])).toEqual({ tips: [TWO], known: [ONE], remote: 'up' });
    expect(sentBy({ args: [], env: { ...env, PRE_COMMIT_FROM_REF: ZERO } }, [])).toMatchObject({ known: [] });
    expect(sentBy({ args: [], env: { ...env, PRE_COMMIT_TO_REF: ZERO } }, [])).toBeUndefined();
    const branch = { PRE_COMMIT_LOCAL_BRANCH: 'refs/heads/a', PRE_COMMIT_REMOTE_NAME: 'up' };
    expect(sentBy({ args: [], env: branch }, [])).toEqual({ tips: ['refs/heads/a'], known: [], remote: 'up' });
    expect(sentBy({ args: [], env: { ...branch, PRE_COMMIT_LOCAL_BRANCH: '--all' } }, [])).toBeUndefined();
  });
});
