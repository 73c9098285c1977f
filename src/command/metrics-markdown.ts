import { collectMetrics } from '../metric/collect.ts';
import { DEFAULT_PRECISION } from '../metric/format.ts';
import { diffMoments, diffTable } from '../metric/tables.ts';
import { PipeError } from '../problem/problem.ts';
import type { Context } from './command.ts';
import { openMoments, tableText } from './moments.ts';

/**
 * How metrics differ from a revision, as a section of a summary; to be called twice.
 * @param asked the revision; without it HEAD, and nothing where there is none
 * @returns a function that gives the section when the run is over
 * @throws {PipeError} PIPE_GIT_REVISION, before anything runs
 */
export async function metricsMarkdown(context: Context, asked: string | undefined): Promise<() => Promise<string>> {
  const from = asked ?? 'HEAD';
  const before = await openMoments(context).named(from).catch((error: unknown) => {
    if (asked === undefined && error instanceof PipeError) return undefined;
    throw error;
  }); // prettier-ignore
  if (before === undefined) return () => Promise.resolve('');
  return async () => {
    // Opened anew: it reads the workspace as the run left it.
    const moments = openMoments(context);
    const wanted = { targets: [], kept: moments.kept };
    const old = await collectMetrics(before, wanted);
    const now = await collectMetrics(moments.workspace(), wanted);
    const changes = diffMoments(old, now, { all: false, loose: true });
    const options = {
      title: 'Metric',
      from: shortened(from),
      to: 'now',
      noPath: false,
      precision: DEFAULT_PRECISION,
      withDelta: true,
    };
    const table = diffTable(changes, { ...options, shown: moments.shown });
    const text = tableText(table, [old, now], { md: true, none: '' });
    return text === '' ? 'No metric changed.' : text;
  };
}

/** CI knows commits by their whole names, which make a table wide. */
function shortened(revision: string): string {
  return /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 12) : revision;
}
