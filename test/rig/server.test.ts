import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from './server.ts';

/** A server of a line: it answers everything with 200. */
const PLAN = {
  command: (port: number): readonly [string, ...string[]] => [
    process.execPath,
    '-e',
    `require('http').createServer((_, answer) => answer.end()).listen(${String(port)}, '127.0.0.1')`,
  ],
  env: {},
  health: '/',
};

const answers = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

test('a server of a test is ready when it is given, and gone when it is stopped, with its folder', async () => {
  const server = await startServer(PLAN);
  expect(await answers(server.url)).toBe(true);
  await server.stop();
  expect([await answers(server.url), existsSync(server.folder)]).toEqual([false, false]);
});

test('a server ends with the process that started it, also when that is killed', async () => {
  const program = `
    import { startServer } from ${JSON.stringify(join(import.meta.dirname, 'server.ts'))};
    const plan = { command: ${PLAN.command.toString()}, env: {}, health: '/' };
    const { url, folder } = await startServer(plan);
    console.log(JSON.stringify({ url, folder }));
    setInterval(() => {}, 1000);`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url, folder } = JSON.parse(line.toString()) as { url: string; folder: string };
  expect(await answers(url)).toBe(true);
  child.kill('SIGKILL');
  await expect.poll(() => existsSync(folder), { timeout: 20_000 }).toBe(false);
  expect(await answers(url)).toBe(false);
});

test('a server that cannot start says why', async () => {
  const command = (): readonly [string, ...string[]] => [
    process.execPath,
    '-e',
    'console.error("no luck"); process.exit(3)',
  ];
  await expect(startServer({ ...PLAN, command })).rejects.toThrow('no luck');
});
