import type { CheckedOut } from '../data/checkout.ts';
import { checkout } from '../data/checkout.ts';
import { formatCount } from '../report/size.ts';
import { clean, plural } from '../report/words.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { dataOptions, openData, selectData } from './data-project.ts';
import { withDeps } from './with-deps.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Targets are tracked files and folders, their pointers, paths inside tracked folders, or stages.\n' +
    'Exits with 1 when the store lacks something.',
  options: {
    summary: { type: 'boolean', help: 'only count what was done' },
    'with-deps': { type: 'boolean', short: 'd', help: 'also the outs of what the targets need' },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders: everything tracked below them' },
    force: { type: 'boolean', short: 'f', help: 'overwrite files that are not in the store' },
    relink: { type: 'boolean', help: 'make all links or copies anew, as cache.type says' },
    'allow-missing': { type: 'boolean', help: 'leave out what the store lacks' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const data = await openData(context, global);
    const chosen = selectData(data, positionals, { cwd: context.cwd, recursive: options.recursive });
    const selected = options['with-deps'] === true ? withDeps(data, chosen) : chosen;
    const { progress, ...how } = dataOptions(data, { context, global, label: 'checking out' });
    try {
      const done = await checkout(data.engine, selected, {
        ...how,
        force: options.force === true,
        relink: options.relink === true,
      });
      const isMissing = done.some(({ missing }) => missing.length > 0);
      return {
        exit: isMissing && options['allow-missing'] !== true ? 1 : 0,
        text: describe(done, { summary: options.summary === true }),
        json: { schema: 'pipe.checkout/1', paths: done, ...total(done) },
      };
    } finally {
      progress.end();
      data.engine.index.save();
      data.engine.objects.save();
    }
  },
});

function total(done: readonly CheckedOut[]): { added: number; modified: number; deleted: number; missing: number } {
  const sum = (count: (each: CheckedOut) => number): number => done.reduce((all, each) => all + count(each), 0);
  return {
    added: sum(({ added }) => added),
    modified: sum(({ modified }) => modified),
    deleted: sum(({ deleted }) => deleted),
    missing: sum(({ missing }) => missing.length),
  };
}

const LETTERS = { added: 'A', modified: 'M', missing: '!' } as const;

function describe(done: readonly CheckedOut[], { summary }: { readonly summary: boolean }): string {
  const { added, modified, deleted, missing } = total(done);
  const lines = done.flatMap((each) => {
    if (each.state === 'unchanged' || each.state === 'unrecorded') return [];
    const counts = [
      ...(each.added > 0 ? [`${formatCount(each.added)} added`] : []),
      ...(each.modified > 0 ? [`${formatCount(each.modified)} modified`] : []),
      ...(each.deleted > 0 ? [`${formatCount(each.deleted)} deleted`] : []),
    ];
    const told = counts.length === 0 ? '' : `  ${counts.join(', ')}`;
    const gone = each.missing.slice(0, 5).map((path) => `   the store lacks ${clean(path)}`);
    return [`${LETTERS[each.state]}  ${clean(each.path)}${told}`, ...gone];
  });
  if (lines.length === 0) return `Everything is in place: ${plural(done.length, 'path')}.`;
  const files = [`${formatCount(added)} added`, `${formatCount(modified)} modified`, `${formatCount(deleted)} deleted`];
  const sums = `Files: ${files.join(', ')}${missing > 0 ? `; ${formatCount(missing)} missing from the store` : ''}.`;
  return summary ? sums : [...lines, sums].join('\n');
}
