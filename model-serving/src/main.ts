import { fileURLToPath } from 'node:url';
import { buildApp } from './app.ts';
import { listen } from './listen.ts';
import { loadModel } from './model/load.ts';
import { readOptions, usage } from './options.ts';
import { renderProblem, ServeError } from './problem.ts';

const PUBLISHED = fileURLToPath(new URL('../model', import.meta.url));
const USER_ERROR = 2;
const BUG = 70;
/** Milliseconds that open requests get to finish after the first signal. */
const GRACE = 10_000;

async function main(args: readonly string[]): Promise<void> {
  const { host, port, model, logLevel, help } = readOptions(args);
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const loaded = await loadModel(model ?? PUBLISHED);
  const app = await buildApp({ model: loaded, logger: { level: logLevel, stream: process.stderr } });
  const url = await listen(app, { host, port });

  // Before the line is printed: whoever reads it may stop the service at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const { name, version } = loaded.signature;
  process.stdout.write(`${name} ${version} is served at ${url} (documentation: ${url}/docs)\n`);

  // The second signal finds no handler any more and ends the process at once.
  function stop(): void {
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    setTimeout(() => process.exit(0), GRACE).unref();
    app.close().catch(fail);
  }
}

function fail(error: unknown): void {
  if (error instanceof ServeError) {
    process.stderr.write(`${error.problems.map(renderProblem).join('\n')}\n`);
    process.exitCode = USER_ERROR;
  } else {
    process.stderr.write(
      `the service failed, which is a bug: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
    );
    process.exitCode = BUG;
  }
}

await main(process.argv.slice(2)).catch(fail);
