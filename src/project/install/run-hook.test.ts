import { expect, test } from 'vitest';
import { git, temporaryFolder, write } from '../fixture/folder.ts';
import { commandOf } from './run-hook.ts';

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

test.each(['rebase-merge', 'rebase-apply'])('nothing is checked out while %s is there', (state) => {
  const gitRoot = repository();
  write(gitRoot, { [`.git/${state}/`]: '' });
  expect(commandOf({ name: 'post-checkout', args: [ONE, TWO, '1'], env: {}, gitRoot })).toBeUndefined();
});
