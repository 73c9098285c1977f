import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { requireRoot } from '../project/project.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  details: 'Prints the way from the current folder; the absolute path is in the JSON form.',
  options: {},
  run({ cwd }) {
    const root = requireRoot(cwd);
    const way = relative(realpathSync(cwd), root) || '.';
    return Promise.resolve({ text: way, json: { schema: 'pipe.root/1', root, relative: way } });
  },
});
