import { collectParams } from '../metric/collect.ts';
import { diffJson, diffMoments, diffTable } from '../metric/tables.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { openMoments, problemsJson, refuseAbsent, tableText } from './moments.ts';

export default defineCommand({
  usage: '[a_rev] [b_rev]',
  positionals: { min: 0, max: 2 },
  json: true,
  details:
    'Compares two Git revisions, by default HEAD and the workspace: the parameters that stages use, files listed under\n`params`, and all of params.yaml. An integer and a float are different values, as they are to a stage.',
  options: {
    targets: {
      type: 'string',
      multiple: true,
      variadic: true,
      value: 'PATHS',
      help: 'only these files, tracked or not',
    },
    all: { type: 'boolean', help: 'also what did not change' },
    deps: { type: 'boolean', help: 'only what stages depend on' },
    md: { type: 'boolean', help: 'print a Markdown table' },
    'no-path': { type: 'boolean', help: 'leave out the column of files' },
  },
  async run(context, { positionals: [from = 'HEAD', to = 'workspace'], options }): Promise<Outcome> {
    const moments = openMoments(context);
    const targets = (options.targets ?? []).map((path) => moments.target(path));
    const wanted = { targets, kept: moments.kept, depsOnly: options.deps === true };
    const before = await collectParams(await moments.named(from), wanted);
    const after = await collectParams(await moments.named(to), wanted);
    refuseAbsent(wanted.targets, [before, after], moments);
    const changes = diffMoments(before, after, { all: options.all === true, loose: false });
    const { shown } = moments;
    const table = diffTable(changes, {
      title: 'Param',
      from,
      to,
      noPath: options['no-path'] === true,
      withDelta: false,
      shown,
    });
    return {
      text: tableText(table, [before, after], { md: options.md === true, none: 'No parameter changed.' }),
      json: {
        schema: 'pipe.params-diff/1',
        from,
        to,
        files: diffJson(changes, shown),
        problems: problemsJson([before, after]),
      },
    };
  },
});
