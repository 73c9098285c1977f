import { collectMetrics } from '../metric/collect.ts';
import { diffJson, diffMoments, diffTable } from '../metric/tables.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { openMoments, precisionOf, problemsJson, refuseAbsent, tableText } from './moments.ts';

export default defineCommand({
  usage: '[a_rev] [b_rev]',
  positionals: { min: 0, max: 2 },
  json: true,
  details: 'Compares two Git revisions, by default HEAD and the workspace.',
  options: {
    targets: {
      type: 'string',
      multiple: true,
      variadic: true,
      value: 'PATHS',
      help: 'only these files or folders, tracked or not',
    },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders (they always may be)' },
    all: { type: 'boolean', help: 'also what did not change' },
    md: { type: 'boolean', help: 'print a Markdown table' },
    'no-path': { type: 'boolean', help: 'leave out the column of files' },
    precision: { type: 'string', value: 'N', help: 'digits after the point (default: 5)' },
  },
  async run(context, { positionals: [from = 'HEAD', to = 'workspace'], options }): Promise<Outcome> {
    const precision = precisionOf(options.precision);
    const moments = openMoments(context);
    const wanted = { targets: (options.targets ?? []).map((path) => moments.target(path)), kept: moments.kept };
    const before = await collectMetrics(await moments.named(from), wanted);
    const after = await collectMetrics(await moments.named(to), wanted);
    refuseAbsent(wanted.targets, [before, after], moments);
    const changes = diffMoments(before, after, { all: options.all === true, loose: true });
    const { shown } = moments;
    const noPath = options['no-path'] === true;
    const table = diffTable(changes, { title: 'Metric', from, to, noPath, precision, withDelta: true, shown });
    return {
      text: tableText(table, [before, after], { md: options.md === true, none: 'No metric changed.' }),
      json: {
        schema: 'pipe.metrics-diff/1',
        from,
        to,
        files: diffJson(changes, shown),
        problems: problemsJson([before, after]),
      },
    };
  },
});
