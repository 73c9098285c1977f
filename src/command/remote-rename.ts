import { PipeError } from '../problem/problem.ts';
import type { OptionChange } from '../project/config-change.ts';
import type { Setting } from '../project/config-file.ts';
import type { Level } from '../project/config-level.ts';
import type { Context, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf, settingsOf } from './config.ts';
import { alsoLocal, changeLevel, moveDefault, refuseKept } from './remote-change.ts';
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
    const isHalf = isHalfRenamed(context, level, { remote, to });
    if (known.includes(to) && !isHalf) {
      const message = `there is a remote "${to}" already`;
      throw new PipeError({ code: 'PIPE_USAGE', message, hint: `remove it first: \`pipe remote remove ${to}\`` });
    }
    const [, local] = alsoLocal(context, level, remote);
    if (local !== undefined || !isHalf) refuseKept(context, level, to);
    if (local !== undefined) {
      // Both names mean the same place until the secrets have moved: whatever interrupts this, none is left under a name
      // that another remote may take.
      changeLevel(context, level, ({ settings }) => copied(settings, { remote, to }));
      changeLevel(context, local, ({ settings }) => moved(settings, { remote, to }));
    }
    changeLevel(context, level, ({ settings }) => moved(settings, { remote, to }));
    moveDefault(context, level, { from: remote, to });
    return Promise.resolve({ text: '' });
  },
});

interface Names {
  readonly remote: string;
  readonly to: string;
}

function ownOf(settings: readonly Setting[], remote: string): Setting[] {
  return settings.filter(({ name }) => name.startsWith(`remote.${remote}.`));
}

function copied(settings: readonly Setting[], { remote, to }: Names): OptionChange[] {
  const start = `remote.${remote}.`.length;
  return ownOf(settings, remote).map(({ name, content }) => ({ name: `remote.${to}.${name.slice(start)}`, content }));
}

function moved(settings: readonly Setting[], names: Names): OptionChange[] {
  return [...copied(settings, names), ...ownOf(settings, names.remote).map(({ name }) => ({ name }))];
}

/** Whether the other name means just the same already: a rename was interrupted, and goes on. */
function isHalfRenamed(context: Context, level: Level, { remote, to }: Names): boolean {
  const settings = settingsOf(context, level);
  const texts = (changes: readonly OptionChange[]): string =>
    JSON.stringify(changes.map(({ name, content }) => `${name} ${JSON.stringify(content)}`).sort());
  return texts(copied(settings, { remote, to })) === texts(ownOf(settings, to));
}
