import { PipeError } from '../problem/problem.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf } from './config.ts';
import { alsoLocal, changeLevel, moveDefault } from './remote-change.ts';
import { checkRemoteName, LEVEL_OPTIONS, remotesAt, requireRemote } from './remote-options.ts';

export default defineCommand({
  usage: '<name> <new>',
  positionals: { min: 2, max: 2 },
  json: false,
  details: [
    'Gives a remote of a level another name. Where it is the default remote, it stays so. Outs and pointers that name it',
    '(`remote:`) are not changed.',
  ].join('\n'),
  options: LEVEL_OPTIONS,
  run(context, { positionals: [remote = '', to = ''], options }): Promise<Outcome> {
    const level = levelOf(options) ?? 'project';
    checkRemoteName(remote);
    checkRemoteName(to);
    const known = remotesAt(context, level);
    requireRemote(remote, known, ` at the ${level} level`);
    if (known.includes(to)) {
      const message = `there is a remote "${to}" already`;
      throw new PipeError({ code: 'PIPE_USAGE', message, hint: `remove it first: \`pipe remote remove ${to}\`` });
    }
    const prefix = `remote.${remote}.`;
    for (const each of alsoLocal(context, level, remote)) {
      changeLevel(context, each, ({ settings }) =>
        settings
          .filter(({ name }) => name.startsWith(prefix))
          .flatMap(({ name, content }) => [{ name: `remote.${to}.${name.slice(prefix.length)}`, content }, { name }]),
      );
    }
    moveDefault(context, level, { from: remote, to });
    return Promise.resolve({ text: '' });
  },
});
