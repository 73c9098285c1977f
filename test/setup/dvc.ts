import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installTool, toolFolder } from './cache.ts';
import { runInstaller } from './run.ts';

/** The DVC that `pipe` is compared with, as an oracle and for speed. */
export const DVC_VERSION = '3.67.1';

/** uv installs DVC in seconds where pip takes minutes; a version of our own, whatever the machine has. */
const UV_VERSION = '0.13.8';

const NAME = `dvc-${DVC_VERSION}`;

/**
 * The absolute path of the `dvc` command.
 * @throws {Error} that names the command to run when it is not installed
 */
export function dvcBinary(): string {
  const path = join(toolFolder(NAME), 'bin/dvc');
  if (existsSync(path)) return path;
  throw new Error(`this test needs DVC ${DVC_VERSION}, which is not installed: run "npm run setup"`);
}

/** Makes DVC available in a virtual environment of its own; does nothing when it is there. */
export async function installDvc(): Promise<string> {
  await installTool(NAME, async (folder) => {
    const uv = await installUv();
    await runInstaller('python3', ['-m', 'venv', '--without-pip', folder]);
    await runInstaller(uv, [
      'pip',
      'install',
      '--quiet',
      // As a user's install ends up after its first run: else every run of DVC would compile its modules anew.
      '--compile-bytecode',
      '--python',
      join(folder, 'bin/python'),
      `dvc==${DVC_VERSION}`,
    ]);
  });
  return dvcBinary();
}

async function installUv(): Promise<string> {
  const folder = await installTool(`uv-${UV_VERSION}`, async (made) => {
    await runInstaller('python3', ['-m', 'venv', made]);
    await runInstaller(join(made, 'bin/pip'), ['install', '--quiet', `uv==${UV_VERSION}`]);
  });
  return join(folder, 'bin/uv');
}
