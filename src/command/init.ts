import { relative, resolve } from 'node:path';
import { initProject } from '../project/init.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  usage: '[folder]',
  positionals: { min: 0, max: 1 },
  json: true,
  details: 'Makes .pipe and .pipeignore in the current folder, or in the one that is named. Nothing else is touched.',
  options: {
    subdir: { type: 'boolean', help: 'the folder lies inside a Git work tree, below its root' },
    'no-scm': { type: 'boolean', help: 'do without Git' },
    force: { type: 'boolean', short: 'f', help: "reset the project's config; the cache and what is tracked stay" },
  },
  run({ cwd }, { positionals, options }) {
    const { root, gitRoot, created } = initProject(resolve(cwd, positionals[0] ?? '.'), {
      subdir: options.subdir === true,
      noScm: options['no-scm'] === true,
      force: options.force === true,
    });
    const files = created.map((path) => relative(root, path));
    const way = relative(cwd, root);
    return Promise.resolve({
      text: [
        `Started a project in ${way === '' ? 'this folder' : way}.`,
        '',
        'Next:',
        '  pipe stage add -n NAME -d INPUT -o OUTPUT COMMAND   describe a first step',
        '  pipe repro                                          run it, and again: nothing is left to do',
        ...(gitRoot === undefined ? [] : [`  git add ${files.join(' ')}`]),
      ].join('\n'),
      json: { schema: 'pipe.init/1', root, git: gitRoot ?? null, created: files },
    });
  },
});
