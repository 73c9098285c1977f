import type { Problem } from '../../problem/problem.ts';
import { absentPlace } from '../../remote/absent-place.ts';
import { compare } from '../../remote/compare.ts';
import { amountOf } from '../../report/words.ts';
import type { Context, Outcome } from '../command.ts';
import type { DataProject } from '../data-project.ts';
import type { Shares } from './open-remotes.ts';
import { withRemote } from './open-remotes.ts';
import type { ChoiceValues } from './choose.ts';
import { maxSizeOf } from './choose.ts';
import type { ShareValues } from './options.ts';
import { findRoots } from './push-roots.ts';
import { missingJson, pathLines } from './words.ts';

/** What a fetch would bring, and what it could not. */
export async function dryFetch(
  { engine }: DataProject,
  { shares }: Shares,
  {
    context,
    options,
    verbose,
  }: { readonly context: Context; readonly options: ShareValues & ChoiceValues; readonly verbose: boolean },
): Promise<Outcome> {
  const lines: string[] = [];
  const remotes: unknown[] = [];
  const gone: string[] = [];
  const problems: Problem[] = [];
  for (const { name, things } of shares) {
    await withRemote(engine, { name, context, options }, async (remote) => {
      const { roots, lost } = await findRoots(remote, engine.store, {
        things,
        keep: false,
        maxSize: maxSizeOf(options),
      });
      const { total, missing } = await compare(remote, engine.store, roots);
      const would = total.deleted;
      const paths = [...missing.map(({ path }) => path), ...lost];
      gone.push(...paths);
      lines.push(
        would.objects === 0 ? `Nothing would come from ${name}.` : `Would fetch ${amountOf(would)} from ${name}.`,
      );
      if (paths.length > 0) problems.push(...(await absentPlace(name, remote.place)));
      if (paths.length > 0) lines.push(`Neither here nor in ${name}:`, ...pathLines(paths, verbose));
      const place = remote.place.name;
      remotes.push({ name, place, ...would, records: 0, absent: missing.map(missingJson), wrong: [] });
    });
  }
  const text = lines.length === 0 ? 'There is nothing to fetch.' : lines.join('\n');
  return { exit: gone.length > 0 ? 1 : 0, problems, text, json: { schema: 'pipe.fetch/1', dry: true, remotes } };
}
