import { PipeError } from '../problem/problem.ts';
import { REMOTE_OPTIONS } from '../project/option.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf } from './config.ts';
import { alsoLocal, changeLevel, contentFor, optionsIn, refuseKept } from './remote-change.ts';
import { checkRemoteName, LEVEL_OPTIONS, remotesAt, storedValue } from './remote-options.ts';

export default defineCommand({
  usage: '<name> <url>',
  positionals: { min: 2, max: 2 },
  json: false,
  details: [
    'The URL is a bucket (s3://BUCKET/PREFIX), a folder, or a web server to read from (https://HOST/PATH). A relative folder is',
    'relative to the folder that you are in; it is kept relative to `.pipe`, so that it applies to everyone, or with --global',
    'and --system as an absolute one. Nothing is asked of the remote.',
  ].join('\n'),
  options: {
    ...LEVEL_OPTIONS,
    default: { type: 'boolean', short: 'd', help: 'make it the default remote' },
    force: { type: 'boolean', short: 'f', help: 'replace a remote of that name, with all of its options' },
  },
  run(context, { positionals: [remote = '', url = ''], options }): Promise<Outcome> {
    const level = levelOf(options) ?? 'project';
    checkRemoteName(remote);
    if (options.force !== true && remotesAt(context, level).includes(remote)) {
      const message = `there is a remote "${remote}" already`;
      const hint = `--force replaces it; to change it: \`pipe remote modify ${remote} url …\``;
      throw new PipeError({ code: 'PIPE_USAGE', message, hint });
    }
    if (options.force !== true) refuseKept(context, level, remote);
    const value = storedValue(context, level, { option: 'url', value: url });
    const content = contentFor({ level, remote, option: 'url', spec: REMOTE_OPTIONS.url, value });
    // What is kept on this machine goes first: no secret of the old one is ever sent to the place of the new one.
    const [, local] = alsoLocal(context, level, remote);
    if (local !== undefined)
      changeLevel(context, local, (before) => optionsIn(before, remote).map((name) => ({ name })));
    changeLevel(context, level, (before) => [
      ...optionsIn(before, remote)
        .filter((name) => name !== `remote.${remote}.url`)
        .map((name) => ({ name })),
      { name: `remote.${remote}.url`, content },
      ...(options.default === true ? [{ name: 'core.remote', content: remote }] : []),
    ]);
    return Promise.resolve({ text: options.default === true ? `${remote} is the default remote now` : '' });
  },
});
