import { pointersOf, refuseMisstated } from '../data/misstated.ts';
import { checkout } from '../data/checkout.ts';
import { leaveBehind } from '../data/leave.ts';
import type { TrackedPlace } from '../data/tracked.ts';
import { trackedThings } from '../data/tracked.ts';
import { checkedOutText, totalOf } from './checked-out.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData, selectData } from './data-project.ts';
import { withDeps } from './with-deps.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Targets are tracked files and folders, their pointers, paths inside tracked folders, or stages.\n' +
    'Without any, everything; what only the branch tracks that was left is removed then, where it is safe in the cache.\n' +
    'Exits with 1 when the cache lacks something.',
  options: {
    summary: { type: 'boolean', help: 'only count what was done' },
    'with-deps': { type: 'boolean', short: 'd', help: 'also the outs of what the targets need' },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders: everything tracked below them' },
    force: { type: 'boolean', short: 'f', help: 'overwrite files that are not in the cache' },
    relink: { type: 'boolean', help: 'make all links or copies anew, as cache.type says' },
    'allow-missing': { type: 'boolean', help: 'exit with 0 although the cache lacks something' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const data = await openData(context, global, { walks: true });
    const chosen = selectData(data, positionals, { cwd: context.cwd, recursive: options.recursive });
    const selected = options['with-deps'] === true ? withDeps(data, chosen) : chosen;
    refuseMisstated(data.engine.store, pointersOf(selected));
    const how = dataOptions(data, { context, global, label: 'checking out' });
    try {
      const done = await checkout(data.engine, selected, {
        ...how,
        force: options.force === true,
        relink: options.relink === true,
      });
      const left = positionals.length > 0 ? [] : await leaveBehind(data.engine, everythingOf(data), how);
      const isMissing = done.some(({ missing }) => missing.length > 0);
      return {
        exit: isMissing && options['allow-missing'] !== true ? 1 : 0,
        text: checkedOutText(done, { summary: options.summary === true, left, anew: options.relink === true }),
        json: { schema: 'pipe.checkout/1', paths: done, left, ...totalOf(done, left) },
      };
    } finally {
      how.progress.end();
      data.engine.index.save();
      data.engine.objects.save();
    }
  },
});

/** Also what Git keeps of the outs of stages, and pointers to what the store does not. */
function everythingOf({ loaded: { stages }, pointers, engine }: DataProject): TrackedPlace[] {
  const places = pointers.map((pointer): TrackedPlace => ({ path: pointer.path, owner: { kind: 'pointer', pointer } }));
  return [...trackedThings({ stages, pointers: [] }, engine.locks, { uncached: true }), ...places];
}
