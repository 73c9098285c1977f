import type { Progressed } from '../../remote/fetch.ts';
import type { Progress } from '../../report/progress.ts';
import { createProgress } from '../../report/progress.ts';
import type { Context, GlobalOptions } from '../command.ts';

/** A line of progress for objects that travel; it is to be ended. */
export function transferProgress(
  { stderr, env }: Context,
  { quiet, json }: GlobalOptions,
  label: string,
): Pick<Progress, 'end'> & { readonly onProgress: (done: Progressed) => void } {
  const progress = createProgress({ stderr, env, label, noun: 'objects', quiet: quiet || json });
  return {
    onProgress: ({ objects, totalObjects, bytes, totalBytes }) => {
      progress.update(objects, totalObjects, { done: bytes, total: totalBytes });
    },
    end: () => {
      progress.end();
    },
  };
}
