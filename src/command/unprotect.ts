import { unprotectPaths } from '../data/unprotect.ts';
import { clean, plural } from '../report/words.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { openData, selectData } from './data-project.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Targets are tracked files and folders, their pointers, paths inside tracked folders, or stages.\n' +
    'Their files are links to the cache where cache.type says so; afterwards they are copies, which may be edited.',
  options: {},
  async run(context, { positionals, global }): Promise<Outcome> {
    const data = await openData(context, global);
    const selected = selectData(data, positionals, { cwd: context.cwd });
    const done = await unprotectPaths(data.engine, selected, { signal: context.signal });
    const files = done.reduce((sum, each) => sum + each.files, 0);
    const lines = done
      .filter((each) => each.files > 0)
      .map((each) => `${clean(each.path)}  ${plural(each.files, 'file')}`);
    return {
      text: files === 0 ? 'Nothing was linked.' : lines.join('\n'),
      json: { schema: 'pipe.unprotect/1', paths: done, files },
    };
  },
});
