import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { exampleRows, halvingModel, makeFolder, writeModel } from './fixture/model.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts the real service with a free port; it is ended with the test. */
function start(args: readonly string[], nodeArgs: readonly string[] = []) {
  const child = spawn(process.execPath, ['--import', 'tsx', ...nodeArgs, main, '--port', '0', ...args], { cwd: root });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, exit: once(child, 'exit') as Promise<[number | null, string | null]>, errors: text(child.stderr) };
}

/** Waits for the line that a started service prints. */
async function firstLine(child: ReturnType<typeof start>['child']): Promise<string> {
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return chunk.toString();
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the service prints one line, scores, and ends well on %s',
  async (signal) => {
    const { child, exit, errors } = start(['--model', await writeModel(halvingModel())]);
    const line = await firstLine(child);
    const [, url] =
      /^halving 0123456789ab is served at (http:\/\/127\.0\.0\.1:\d+) \(documentation: \1\/docs\)\n$/.exec(line) ?? [];
    expect(line).toContain(`${String(url)}/docs`);

    // Over keep-alive, whose idle connection must not hold the end up.
    const response = await fetch(`${String(url)}/v1/score`, {
      method: 'POST',
      body: JSON.stringify({ rows: exampleRows, series: '1' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await response.json()).toMatchObject({ flagged: 1 });
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
    expect(await errors).toBe('');
  },
);

test('without a model the service says how to get one and exits 2', async () => {
  const folder = join(await makeFolder(), 'model');
  const { exit, errors } = start(['--model', folder]);
  expect(await exit).toEqual([2, null]);
  expect(await errors).toBe(
    `SERVE_MODEL_MISSING  no published model: ${folder}/signature.json is not there\n  hint: run \`npx pipe repro\` first\n`,
  );
});

test('a port in use is one clear problem', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { exit, errors } = start(['--model', await writeModel(halvingModel()), '--port', String(port)]);
  expect(await exit).toEqual([2, null]);
  expect(await errors).toContain(`SERVE_PORT_IN_USE  127.0.0.1:${String(port)} is in use\n  hint: `);
});

test('an address of another machine is one clear problem', async () => {
  const { exit, errors } = start(['--model', await writeModel(halvingModel()), '--host', '203.0.113.1']);
  expect(await exit).toEqual([2, null]);
  expect(await errors).toContain('SERVE_HOST_UNAVAILABLE  cannot listen on 203.0.113.1:0 (EADDRNOTAVAIL)');
});

test('the service loads no module of tfjs, of training or of the tool', async () => {
  const recorder = fileURLToPath(new URL('fixture/record-modules.ts', import.meta.url));
  const { child, exit, errors } = start(
    ['--model', await writeModel(halvingModel())],
    ['--import', pathToFileURL(recorder).href],
  );
  await firstLine(child);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  const loaded = (await errors).split('\n').filter((line) => line.includes('/'));

  // What must be there shows that the recorder sees both kinds of modules.
  expect(loaded.some((path) => path.endsWith('/model-serving/src/model/network.ts'))).toBe(true);
  expect(loaded.some((path) => path.includes('/node_modules/fastify/'))).toBe(true);
  const own = pathToFileURL(join(root, 'model-serving/')).href;
  const foreign = loaded.filter(
    (path) =>
      /tensorflow|tfjs/.test(path) || (!path.includes('/node_modules/') && !path.includes(own) && path.includes(root)),
  );
  expect(foreign).toEqual([]);
});
