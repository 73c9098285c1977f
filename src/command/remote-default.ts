import { PipeError } from '../problem/problem.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf, settingsOf } from './config.ts';
import { changeLevel } from './remote-change.ts';
import { checkRemoteName, LEVEL_OPTIONS, levelsFrom, remotesAt, requireRemote } from './remote-options.ts';

const NAME = 'core.remote';

export default defineCommand({
  usage: '[name]',
  positionals: { min: 0, max: 1 },
  json: false,
  details: 'Prints the name of the default remote, or makes another one the default (the option `core.remote`).',
  options: {
    ...LEVEL_OPTIONS,
    unset: { type: 'boolean', short: 'u', help: 'let there be no default remote' },
  },
  run(context, { positionals: [remote], options }): Promise<Outcome> {
    const given = levelOf(options);
    const level = given ?? 'project';
    if (options.unset === true) {
      if (remote !== undefined) throw new PipeError({ code: 'PIPE_USAGE', message: '--unset takes no name' });
      changeLevel(context, level, () => [{ name: NAME }]);
      return Promise.resolve({ text: '' });
    }
    if (remote === undefined) return Promise.resolve({ text: current(settingsOf(context, given)) });
    checkRemoteName(remote);
    requireRemote(
      remote,
      levelsFrom(level).flatMap((each) => remotesAt(context, each)),
      ` up to the ${level} level`,
    );
    changeLevel(context, level, () => [{ name: NAME, content: remote }]);
    return Promise.resolve({ text: '' });
  },
});

function current(settings: ReturnType<typeof settingsOf>): string {
  const content = settings.findLast(({ name }) => name === NAME)?.content;
  if (content !== undefined) return String(content);
  const hint = 'choose one: `pipe remote default NAME`';
  throw new PipeError({ code: 'PIPE_REMOTE_NONE', message: 'no remote is the default one', hint });
}
