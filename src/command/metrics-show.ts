import type { Collected } from '../metric/collect.ts';
import { collectMetrics } from '../metric/collect.ts';
import { chooseCommits } from '../metric/revisions.ts';
import { metricsTable } from '../metric/tables.ts';
import { columnsOf } from '../report/style.ts';
import { canonical } from '../kit/canonical.ts';
import { toJson } from '../kit/json-value.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { Moments } from './moments.ts';
import { openMoments, precisionOf, problemsJson, refuseAbsent, tableText } from './moments.ts';

/** How wide a table may be where nothing tells. */
const PIPED_COLUMNS = 120;

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Targets are files of metrics, tracked or not, or folders of them; without any, the metrics of all pipelines are\nshown. Beside other revisions the workspace is shown where it differs from the current branch.',
  options: {
    'all-branches': { type: 'boolean', short: 'a', help: 'also of all Git branches' },
    'all-tags': { type: 'boolean', short: 'T', help: 'also of all Git tags' },
    'all-commits': { type: 'boolean', short: 'A', help: 'also of all commits' },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders (they always may be)' },
    md: { type: 'boolean', help: 'print a Markdown table' },
    precision: { type: 'string', value: 'N', help: 'digits after the point (default: 5)' },
  },
  async run(context, { positionals, options }): Promise<Outcome> {
    const precision = precisionOf(options.precision);
    const moments = openMoments(context);
    const targets = positionals.map((path) => moments.target(path));
    const choice = {
      branches: options['all-branches'] === true,
      tags: options['all-tags'] === true,
      commits: options['all-commits'] === true,
    };
    const withRevision = choice.branches || choice.tags || choice.commits;
    const shown: Collected[] = [await collectMetrics(moments.workspace(), { targets, kept: moments.kept })];
    for (const commit of withRevision ? await chooseCommits(moments.git, choice) : []) {
      shown.push(await collectMetrics(await moments.at(commit), { targets, kept: moments.kept }));
    }
    refuseAbsent(targets, shown, moments);
    const kept = withRevision ? await withoutSameWorkspace(shown, moments) : shown;
    const table = metricsTable(kept, { withRevision, precision, shown: moments.shown });
    return {
      text: tableText(table, kept, {
        md: options.md === true,
        none: 'There are no metrics.',
        columns: columnsOf(context.stdout) ?? PIPED_COLUMNS,
      }),
      json: {
        schema: 'pipe.metrics/1',
        revisions: kept.map(({ label, files }) => ({
          revision: label,
          files: Object.fromEntries([...files].map(([path, flat]) => [moments.shown(path), toJson(flat)])),
        })),
        problems: problemsJson(kept),
      },
    };
  },
});

/** Leaves the workspace out where it says the same as the current branch. */
async function withoutSameWorkspace(shown: readonly Collected[], { git }: Moments): Promise<readonly Collected[]> {
  const branch = await git.currentBranch();
  const [workspace, ...others] = shown;
  const current = others.find(({ label }) => branch !== undefined && label.split(',').includes(branch));
  const same = workspace !== undefined && current !== undefined && text(workspace) === text(current);
  return same ? others : shown;
}

function text({ files, problems }: Collected): string {
  return `${canonical(files)}\n${[...problems.keys()].join('\n')}`;
}
