import type { Needs, NeedProblem, Root } from '../lockfile/needed.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { WORKSPACE } from '../lockfile/read-needs.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { Selected } from './select.ts';
import type { Tracked } from './tracked.ts';
import type { SizedObjects } from '../store/true-entry.ts';
import { contradicted } from '../store/true-entry.ts';

/** What is said where a pointer says another size, or another number of files, than its digest stands for. */
export function misstated(
  { path, file, at, pointer }: Pick<TrackedPath, 'path' | 'file' | 'at'> & Partial<Pick<TrackedPath, 'pointer'>>,
  said: Entry,
  known: Entry,
): Problem {
  const lines = [`\`size: ${String(known.size)}\``];
  if (known.kind === 'dir') lines.push(`\`files: ${String(known.files)}\``);
  const byHand = `write ${lines.join(' and ')} into ${file}`;
  const isFixed = pointer?.imported !== undefined || pointer?.frozen === true;
  return {
    code: 'PIPE_POINTER_SIZE',
    message: `${path} is recorded with ${amount(said)}, and its digest stands for ${amount(known)}`,
    hint: isFixed ? byHand : `${byHand}, or let \`pipe commit ${path}\` do it, which records what lies there`,
    at,
  };
}

/** What a lock says of an out, which is taken for what its digest stands for, and what to do about it. */
export interface Corrected {
  readonly message: string;
  readonly hint: string;
}

/** What is said where the lock says another size of an out than its digest stands for: the digest counts. */
export function corrected(path: string, said: Entry, known: Entry): Corrected {
  return {
    message: `${path} is recorded in its lock with ${amount(said)}, and its digest stands for ${amount(known)}, which counts`,
    hint: `\`pipe commit ${path}\` puts the lock right`,
  };
}

function amount(entry: Entry): string {
  const bytes = count(entry.size, 'byte');
  return entry.kind === 'dir' ? `${bytes} in ${count(entry.files, 'file')}` : bytes;
}

/** To the last digit: sizes that differ by a byte are to look different. */
function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * Refuses pointers that say another size than the store has of their data. Of what is not there nothing is known.
 * @throws {PipeError} PIPE_POINTER_SIZE
 */
export function refuseMisstated(objects: SizedObjects, pointers: readonly TrackedPath[]): void {
  const problems = [...new Set(pointers)].flatMap((pointer) => {
    const known = contradicted(objects, pointer.entry);
    return known === undefined ? [] : [misstated(pointer, pointer.entry, known)];
  });
  if (problems.length > 0) throw new PipeError(problems);
}

/** The pointers that some selection is of. */
export function pointersOf(selected: readonly Selected[]): TrackedPath[] {
  return selected.flatMap(({ tracked: { owner } }) => (owner.kind === 'pointer' ? [owner.pointer] : []));
}

/** A pointer with the size that its digest stands for, as far as that is known, in place of one that was made up. */
export function withTrueSize(objects: SizedObjects, tracked: TrackedPath): TrackedPath {
  const known = contradicted(objects, tracked.entry);
  return known === undefined ? tracked : { ...tracked, entry: known };
}

/**
 * Tracked things, with the sizes that their digests stand for in place of what locks say of outs.
 * @param onCorrected told of each such out
 */
export function withTrueOuts(
  objects: SizedObjects,
  tracked: readonly Tracked[],
  onCorrected: (corrected: Corrected) => void,
): readonly Tracked[] {
  return tracked.map((each) => {
    const known = each.owner.kind === 'stage' && each.entry ? contradicted(objects, each.entry) : undefined;
    if (known === undefined || each.entry === undefined) return each;
    onCorrected(corrected(each.path, each.entry, known));
    return { ...each, entry: known };
  });
}

/**
 * What revisions need, with the sizes that digests stand for in place of those that were made up. Only what a pointer of
 * the workspace says can be put right, and is a problem.
 * @param onCorrected told of the outs of stages of the workspace
 */
export function withTrueSizes(
  objects: SizedObjects,
  { roots, problems }: Needs,
  onCorrected?: (corrected: Corrected) => void,
): Needs {
  const found: NeedProblem[] = [];
  const right = roots.map((root): Root => {
    const known = contradicted(objects, root.entry);
    if (known === undefined) return root;
    const isHere = root.revisions.includes(WORKSPACE);
    if (root.stage !== undefined && isHere) onCorrected?.(corrected(root.path, root.entry, known));
    if (root.stage === undefined && isHere) {
      const at = { source: { file: root.file }, offset: 0, length: 0 };
      found.push({ problem: misstated({ ...root, at }, root.entry, known), file: root.file, revisions: [WORKSPACE] });
    }
    return { ...root, entry: known };
  });
  return found.length === 0 ? { roots: right, problems } : { roots: right, problems: [...problems, ...found] };
}
