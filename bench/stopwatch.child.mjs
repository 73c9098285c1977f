/** Runs the one command that is described on stdin, and prints how it ended and how many seconds it took, as JSON. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { file, args, cwd, env } = JSON.parse(readFileSync(0, 'utf8'));
const options = { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 100 * 1024 * 1024 };

const started = process.hrtime.bigint();
const { status, signal, error, stdout, stderr } = spawnSync(file, args, options);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;

process.stdout.write(JSON.stringify({ seconds, end: error?.message ?? status ?? signal, stdout, stderr }));
