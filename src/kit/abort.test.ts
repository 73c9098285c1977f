import { expect, test } from 'vitest';
import { checkAborted, isAbort } from './abort.ts';

test('stopping throws an AbortError, whatever the reason of the signal is', () => {
  const { signal } = new AbortController();
  checkAborted(undefined);
  checkAborted(signal);
  let thrown: unknown;
  try {
    checkAborted(AbortSignal.abort('SIGINT'));
  } catch (error) {
    thrown = error;
  }
  expect([isAbort(thrown), isAbort(new Error('x')), isAbort('SIGINT')]).toEqual([true, false, false]);
});
