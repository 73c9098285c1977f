/**
 * A fake command: does what the test that holds the other end of its socket says, one JSON line per message, and ends
 * when that end is gone. It connects before all else, so the test knows that it runs.
 */
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [socketPath, ...args] = process.argv.slice(2);
const socket = connect(socketPath);

const send = (message) => socket.write(`${JSON.stringify(message)}\n`);

const actions = {
  exit: ({ code }) => process.exit(code),
  print: ({ stream, text }) => writeSync(stream === 'stdout' ? 1 : 2, text),
  write({ files }) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  },
  /** From now on the signal is told to the test instead of ending the process. */
  hold: ({ signal }) => process.on(signal, () => send({ type: 'signal', signal })),
};

socket.on('connect', () => {
  send({ type: 'started', pid: process.pid, cwd: process.cwd(), args, env: process.env });
});
socket.on('error', () => process.exit(99));
socket.on('close', () => process.exit(99));
createInterface({ input: socket }).on('line', (line) => {
  const message = JSON.parse(line);
  actions[message.type](message);
  send({ type: 'done' });
});
