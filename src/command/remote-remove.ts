import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf } from './config.ts';
import { alsoLocal, changeLevel, moveDefault, optionsIn } from './remote-change.ts';
import { checkRemoteName, LEVEL_OPTIONS, remotesAt, requireRemote } from './remote-options.ts';

export default defineCommand({
  usage: '<name>',
  positionals: { min: 1, max: 1 },
  json: false,
  details: [
    'Takes a remote and its options out of a level of the configuration. Where it was the default remote, there is none',
    'any more. What lies in the remote stays there.',
  ].join('\n'),
  options: LEVEL_OPTIONS,
  run(context, { positionals: [remote = ''], options }): Promise<Outcome> {
    const level = levelOf(options) ?? 'project';
    checkRemoteName(remote);
    requireRemote(remote, remotesAt(context, level), ` at the ${level} level`);
    // Secrets first: whatever interrupts this, none is left under a name that another remote may take.
    for (const each of alsoLocal(context, level, remote).toReversed()) {
      changeLevel(context, each, (before) => optionsIn(before, remote).map((name) => ({ name })));
    }
    moveDefault(context, level, { from: remote });
    return Promise.resolve({ text: '' });
  },
});
