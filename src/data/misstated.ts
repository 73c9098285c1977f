import type { Needs, NeedProblem, Root } from '../lockfile/needed.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { WORKSPACE } from '../lockfile/read-needs.ts';
import type { Problem } from '../problem/problem.ts';
import { PipeError } from '../problem/problem.ts';
import type { Entry } from '../store/tree.ts';
import type { Selected } from './select.ts';
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
 * What revisions need, with the sizes that digests stand for in place of those that were made up. Only what a pointer of
 * the workspace says can be put right, and is a problem.
 */
export function withTrueSizes(objects: SizedObjects, { roots, problems }: Needs): Needs {
  const found: NeedProblem[] = [];
  const corrected = roots.map((root): Root => {
    const known = contradicted(objects, root.entry);
    if (known === undefined) return root;
    if (root.stage === undefined && root.revisions.includes(WORKSPACE)) {
      const at = { source: { file: root.file }, offset: 0, length: 0 };
      found.push({ problem: misstated({ ...root, at }, root.entry, known), file: root.file, revisions: [WORKSPACE] });
    }
    return { ...root, entry: known };
  });
  return found.length === 0 ? { roots: corrected, problems } : { roots: corrected, problems: [...problems, ...found] };
}
