import { VERSION } from '../kit/version.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  details: '`pipe --version` prints the same. `pipe doctor` tells about the machine as well.',
  options: {},
  run() {
    const { version: node, platform, arch } = process;
    return Promise.resolve({
      text: VERSION,
      json: { schema: 'pipe.version/1', version: VERSION, node: node.slice(1), platform, arch },
    });
  },
});
