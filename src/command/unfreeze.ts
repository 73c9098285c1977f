import { defineCommand } from './command.ts';
import { setFrozen } from './set-frozen.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  details:
    'A target is a stage, or the name of a whole foreach or matrix. Changes its line in the pipeline file alone.',
  options: {},
  run: (context, { positionals }) => Promise.resolve(setFrozen(context, positionals, false)),
});
