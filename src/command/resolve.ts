import { relative, resolve } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { readTextFile } from '../kit/text-file.ts';
import { hasMarks, sidesOf } from '../lockfile/conflict.ts';
import { PipeError } from '../problem/problem.ts';
import { clean } from '../report/words.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { forGit } from './data-words.ts';

export default defineCommand({
  usage: '<files...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  details:
    'Files are locks and pointers that a merge left with marks (`<<<<<<<`). Everything outside of the marks stays.',
  options: {
    ours: { type: 'boolean', help: 'keep what stands on our side of the marks' },
    theirs: { type: 'boolean', help: 'keep what stands on their side of the marks' },
  },
  // eslint-disable-next-line @typescript-eslint/require-await
  async run({ cwd }, { positionals, options: { ours = false, theirs = false } }): Promise<Outcome> {
    if (ours === theirs) throw new PipeError({ code: 'PIPE_USAGE', message: 'say --ours or --theirs' });
    // Nothing is written unless all of them can be.
    const resolved = positionals.map((shown) => ({ file: resolve(cwd, shown), text: sideOf({ cwd, shown }, ours) }));
    for (const { file, text } of resolved) writeFileAtomic(file, text);
    const files = resolved.map(({ file }) => relative(cwd, file));
    return {
      text: [...files.map((file) => `${clean(file)}: ${ours ? 'ours' : 'theirs'}`), ...forGit(files)].join('\n'),
      json: { schema: 'pipe.resolve/1', side: ours ? 'ours' : 'theirs', files },
    };
  },
});

function sideOf({ cwd, shown }: { readonly cwd: string; readonly shown: string }, ours: boolean): string {
  const text = /(?:^|\/)pipeline\.lock$|\.pipe$/.test(shown) ? readTextFile(resolve(cwd, shown), shown) : undefined;
  const sides = text !== undefined && hasMarks(text) ? sidesOf(text) : undefined;
  if (sides !== undefined) return ours ? sides.ours : sides.theirs;
  throw new PipeError({
    code: 'PIPE_MERGE',
    message: `${shown} is no lock or pointer with the marks of a merge`,
    hint: '`git status` names the files that a merge left',
  });
}
