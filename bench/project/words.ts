import { COMMANDS } from '../../src/command/index.ts';

/** Shows what changed in tracked data in the workspace. */
export const STATUS_COMMAND = firstOf([['data', 'status'], ['diff']]);

/** Puts what changed in tracked data into the store, as it is asked for where just one file has changed. */
export const COMMIT_COMMAND = firstOf([
  ['commit', '--force'],
  ['add', 'data'],
]);

/** Removes from the store what the workspace does not need, without asking. */
export const GC_COMMAND = ['gc', '-w', '-f'];

/** Reads all of the store, and says whether it is whole. */
export const FSCK_COMMAND = ['fsck'];

/** The first call whose command there is: some come only with later versions. The last one is taken unseen. */
function firstOf(calls: readonly (readonly string[])[]): readonly string[] {
  const exists = ([...words]: readonly string[]): boolean =>
    COMMANDS.some(({ name }) => words.filter((word) => !word.startsWith('-')).join(' ') === name);
  return calls.find(exists) ?? calls.at(-1)!;
}
