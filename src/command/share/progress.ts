import type { Progressed } from '../../remote/progressed.ts';
import type { Progress } from '../../report/progress.ts';
import { progressInTurns } from '../../report/progress.ts';
import type { Context, GlobalOptions } from '../command.ts';

type OnProgress = (done: Progressed) => void;

/** A line of progress for objects that travel, which others may take turns with; it is to be ended. */
export function transferProgress(
  { stderr, env }: Context,
  { quiet, json }: GlobalOptions,
  label: string,
): Pick<Progress, 'end'> & { readonly onProgress: OnProgress; readonly as: (label: string) => OnProgress } {
  const progress = progressInTurns({ stderr, env, quiet: quiet || json });
  const as =
    (now: string): OnProgress =>
    ({ objects, totalObjects, bytes, totalBytes }) => {
      progress.at(now, 'objects').update(objects, totalObjects, { done: bytes, total: totalBytes });
    };
  progress.at(label, 'objects');
  return {
    onProgress: as(label),
    as,
    end: () => {
      progress.end();
    },
  };
}
