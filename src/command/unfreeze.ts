import { defineCommand } from './command.ts';
import { setFrozen } from './set-frozen.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  details:
    'A target is a stage, the name of a whole foreach or matrix, a pointer (data.csv.pipe) or what it tracks. Changes ' +
    'its line in the pipeline file, or in the pointer, alone.',
  options: {},
  run: (context, { positionals }) => Promise.resolve(setFrozen(context, positionals, false)),
});
