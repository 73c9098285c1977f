import { resolve } from 'node:path';
import { writeFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import { newSigningKey } from '../store/record-signature.ts';
import { clean } from '../report/words.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  usage: '<file>',
  positionals: { min: 1, max: 1 },
  json: false,
  details:
    'Makes a key that run records are signed with, in a file that only you can read, and prints the public key\n' +
    'that others trust. The file is never overwritten.',
  options: {},
  run({ cwd }, { positionals: [file = ''] }) {
    const { pem, signer } = newSigningKey();
    try {
      writeFileSync(resolve(cwd, file), pem, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : String(error);
      const hint = 'name a new file, outside the project or ignored by Git';
      throw new PipeError({ code: 'PIPE_SIGNING_KEY', message: `cannot write ${file}: ${why}`, hint });
    }
    const text = [
      `The private key is in ${clean(file)}: keep it from Git. Sign with it, either way:`,
      `  pipe config --local signing.key ${clean(resolve(cwd, file))}`,
      `  PIPE_SIGNING_KEY="$(cat ${clean(file)})" pipe repro`,
      'Others trust what it signs:',
      `  pipe config signers.NAME ${signer}`,
    ];
    return Promise.resolve({ text: text.join('\n') });
  },
});
