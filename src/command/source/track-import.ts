import { relative } from 'node:path';
import type { ImportOptions, Imported } from '../../data/import.ts';
import { recordImport } from '../../data/import.ts';
import { autostage } from '../../project/autostage.ts';
import type { Context, GlobalOptions, Outcome } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import { dataOptions } from '../data-project.ts';
import { knownNow } from '../known-now.ts';
import { importedJson, importedText } from './imported-words.ts';

/** How a command goes about what it has imported. */
type Tracking = Pick<ImportOptions, 'force' | 'isOnlyRecorded'> & {
  readonly context: Context;
  readonly global: GlobalOptions;
};

/**
 * Tracks what was imported, tells Git where that is wanted, and says so.
 * @throws {PipeError} as {@link recordImport} does
 */
export async function trackImport(
  data: DataProject,
  imported: Omit<Imported, 'known'>,
  { context, global, force, isOnlyRecorded }: Tracking,
): Promise<Outcome> {
  const { engine } = data;
  const { progress, ...how } = dataOptions(data, { context, global, label: 'checking out' });
  try {
    const { written } = await recordImport(
      engine,
      { ...imported, known: () => knownNow(context) },
      { ...how, force, isOnlyRecorded },
    );
    await autostage(engine.project, context.env, written);
    const toTrack = written.map((file) => relative(context.cwd, file));
    return {
      text: importedText(imported, toTrack),
      json: { schema: 'pipe.import/1', ...importedJson(imported), written: toTrack },
    };
  } finally {
    progress.end();
    engine.index.save();
    engine.objects.save();
  }
}
