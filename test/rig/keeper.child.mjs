/**
 * Keeps a server for a test: starts it, and ends it when the pipe to its own input closes, which it also does when the
 * test run is killed. Then its folder goes, too. Arguments: the folder, the command, its arguments.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const [folder, command, ...args] = process.argv.slice(2);
const server = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const clear = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

process.stdin.resume();
process.stdin.on('close', () => {
  server.kill('SIGKILL');
});
// Ctrl-C reaches the whole group: the pipe closes then as well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
server.on('error', (error) => {
  console.error(error.message);
  clear();
  process.exit(1);
});
server.on('close', (code) => {
  clear();
  process.exit(code ?? 1);
});
