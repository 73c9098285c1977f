import { PipeError } from '../problem/problem.ts';
import type { OptionChange } from '../project/config-change.ts';
import type { ConfigFile } from '../project/config-file.ts';
import { unknownOption } from '../project/config-file.ts';
import { optionOf } from '../project/option.ts';
import { withOrigin } from '../project/password-origin.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { configOf, levelOf } from './config.ts';
import { changeLevel, contentFor } from './remote-change.ts';
import { checkRemoteName, LEVEL_OPTIONS, levelsFrom, remotesAt, requireRemote, storedValue } from './remote-options.ts';

export default defineCommand({
  usage: '<name> <option> [value]',
  positionals: { min: 2, max: 3 },
  json: false,
  details: [
    'Sets an option of a remote; `pipe config --help` lists them. A relative path is relative to the folder that you are in;',
    "it is kept relative to `.pipe`. Secrets belong to --local, or into the environment: '${NAME}'.",
  ].join('\n'),
  options: {
    ...LEVEL_OPTIONS,
    unset: { type: 'boolean', short: 'u', help: 'take the option out' },
  },
  run(context, { positionals: [remote = '', option = '', value], options }): Promise<Outcome> {
    const level = levelOf(options) ?? 'project';
    checkRemoteName(remote);
    if ((options.unset === true) === (value !== undefined)) {
      const message = options.unset === true ? '--unset takes no value' : `${option} needs a value, or --unset`;
      throw new PipeError({ code: 'PIPE_USAGE', message, hint: 'run `pipe remote modify --help`' });
    }
    const known = levelsFrom(level).flatMap((each) => remotesAt(context, each));
    requireRemote(remote, known, ` up to the ${level} level`);
    const name = `remote.${remote}.${option}`;
    const spec = optionOf(name);
    const changes = (change: OptionChange) => (before: ConfigFile) =>
      withOrigin(change, { level, before, config: () => configOf(context) });
    if (value === undefined) {
      changeLevel(context, level, changes({ name }));
      return Promise.resolve({ text: '' });
    }
    if (spec === undefined) throw new PipeError(unknownOption(name));
    const stored = storedValue(context, level, { option, value });
    const content = contentFor({ level, remote, option, spec, value: stored });
    changeLevel(context, level, changes({ name, content }));
    return Promise.resolve({ text: '' });
  },
});
