import type { Engine } from '../../run/engine.ts';
import type { TreeEdit } from '../../store/edit-tree.ts';
import { editTree, freshFolder } from '../../store/edit-tree.ts';
import { BrokenTree } from '../../store/read-tree.ts';
import { treeSink } from '../tracked-folder.ts';
import type { Bases } from './bases.ts';
import { openBases } from './bases.ts';

/**
 * Notes that parts of a tracked folder hold what its pointer says. The folder itself may hold more than is known of, or
 * less: of a folder without a base these parts alone have come.
 * @param edits relative to the folder; without an entry, nothing is recorded there any more
 */
export async function editBase(
  engine: Pick<Engine, 'store' | 'blake3'>,
  bases: Bases,
  {
    path,
    edits,
    isNew = false,
  }: { readonly path: string; readonly edits: readonly TreeEdit[]; readonly isNew?: boolean },
): Promise<void> {
  const before = bases.get(path);
  if (before === undefined && !isNew) return;
  const writer = engine.store.writer();
  const sink = treeSink(engine, writer);
  try {
    const base =
      before?.kind === 'dir' ? editTree(engine.store, sink, { root: before, edits }) : freshFolder(sink, edits);
    await writer.finish();
    bases.set(path, base, { partial: before === undefined || bases.isPartial(path) });
  } catch (error) {
    // Whoever forgot it would take for changed here what others have recorded anew.
    if (!(error instanceof BrokenTree)) throw error;
  } finally {
    writer.discard();
  }
}

/** The same for the bases on the disk, whichever parts of the folder other processes note meanwhile. */
export async function noteParts(
  engine: Pick<Engine, 'store' | 'blake3' | 'project'>,
  parts: Parameters<typeof editBase>[2],
): Promise<void> {
  for (;;) {
    const bases = openBases(engine.project);
    await editBase(engine, bases, parts);
    if (bases.save({ isClaimed: false }).length === 0) return;
  }
}
