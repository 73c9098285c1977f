/** Runs command lines in a shell each, LANES at once, and nothing else. Arguments: LANES, and the lines as one text. */
import { spawn } from 'node:child_process';

const lanes = Number(process.argv[2]);
const commands = process.argv[3].split('\n').values();

function runNext() {
  const { value, done } = commands.next();
  if (done) return;
  spawn('/bin/sh', ['-c', value], { stdio: 'ignore' }).on('exit', (code) => {
    if (code === 0) runNext();
    else process.exitCode = 1;
  });
}

for (let lane = 0; lane < lanes; lane++) runNext();
